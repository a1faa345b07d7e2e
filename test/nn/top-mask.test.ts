import assert from "node:assert/strict";
import { it } from "node:test";
import { topMask } from "../../kernel/nn/operations/top-mask";
import { onEveryDevice } from "./devices.ts";
import { tf } from "./names.ts";

onEveryDevice("the mask of the largest entries", () => {
  it("keeps exactly the count of entries a row, the first of equal ones", () => {
    const rows = [
      [1, 3, 2, 0],
      [5, 5, 5, 5],
      [-1, -Infinity, -1, -2],
      [0, 7, 1, 7],
    ];
    const mask = tf.tidy(() => topMask(tf.tensor(rows), 2).arraySync());
    assert.deepEqual(mask, [
      [0, 1, 1, 0],
      [1, 1, 0, 0],
      [1, 0, 1, 0],
      [0, 1, 0, 1],
    ]);
  });

  it("is all ones where every entry is kept", () => {
    const mask = tf.tidy(() => topMask(tf.tensor([[2, 2, 1]]), 3).arraySync());
    assert.deepEqual(mask, [[1, 1, 1]]);
  });
});
