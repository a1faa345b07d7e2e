import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Box } from "../../kernel/contracts/geometry.ts";
import { areaOf, boxF1, generalizedIou, iou } from "../../kernel/numeric/boxes.ts";

/** Two boxes with the shares of their areas counted by hand: shared / union, less (hull - union) / hull. */
const PAIRS: [Box, Box, iou: number, giou: number][] = [
  [[0, 0, 4, 4], [2, 1, 7, 5], 6 / 30, 6 / 30 - 5 / 35],
  [[0, 0, 2, 2], [3, 3, 5, 7], 0, -23 / 35],
  [[1, 2, 9, 8], [3, 3, 5, 5], 4 / 48, 4 / 48],
  [[0, 0, 3, 3], [0, 0, 3, 3], 1, 1],
];

describe("boxes", () => {
  for (const [a, b, overlap, generalized] of PAIRS)
    it(`${a.join(" ")} and ${b.join(" ")} either way`, () => {
      for (const [one, other] of [
        [a, b],
        [b, a],
      ]) {
        assert.ok(Math.abs(iou(one, other) - overlap) < 1e-12);
        assert.ok(Math.abs(generalizedIou(one, other) - generalized) < 1e-12);
      }
    });

  it("without an area are 0", () => {
    assert.equal(areaOf([3, 0, 1, 5]), 0);
    assert.equal(iou([1, 1, 1, 1], [1, 1, 1, 1]), 0);
    assert.equal(generalizedIou([1, 1, 1, 1], [1, 1, 1, 1]), 0);
    assert.equal(generalizedIou([1, 1, 1, 1], [3, 3, 3, 3]), -1);
  });

  it("pair with targets once, the largest overlap first, the threshold itself included", () => {
    const target: Box = [0, 0, 4, 4];
    assert.equal(boxF1([], [], 0.5), 1);
    assert.equal(boxF1([target], [], 0.5), 0);
    assert.equal(boxF1([target, target], [target], 0.5), 2 / 3);
    assert.equal(boxF1([[0, 0, 4, 2]], [target], 0.5, iou), 1);
    assert.equal(boxF1([[0, 0, 4, 2]], [target], 0.51, iou), 0);
  });
});
