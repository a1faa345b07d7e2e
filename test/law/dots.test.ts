import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { dotRow, dotRows } from "../../kernel/law/dots.ts";

const WIDTH = 7;
const wave = (rows: number, phase: number) =>
  Float32Array.from({ length: rows * WIDTH }, (_, i) => Math.sin(phase + i));

describe("inner products by blocks", () => {
  for (const rows of [1, 3, 4, 9]) {
    it(`equal one sum after the other to the last bit, ${rows} rows`, () => {
      const [a, b] = [wave(5, 0.2), wave(rows, 1.1)];
      const plain = [4, 0, 2].map((query) =>
        Float32Array.from({ length: rows }, (_, k) => {
          let sum = 0;
          for (let c = 0; c < WIDTH; c++) sum += a[query * WIDTH + c] * b[k * WIDTH + c];
          return sum;
        }),
      );
      assert.deepEqual(dotRows(a, [4, 0, 2], b, WIDTH), plain);
      const out = new Float32Array(rows);
      dotRow(a, 2, b, WIDTH, out);
      assert.deepEqual(out, plain[2]);
    });
  }

  it("take no query at all", () => assert.deepEqual(dotRows(wave(2, 0), [], wave(2, 1), WIDTH), []));
});
