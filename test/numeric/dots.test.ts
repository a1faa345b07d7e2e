import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { dotRow } from "../../kernel/numeric/index.ts";

const WIDTH = 7;
const wave = (rows: number, phase: number) =>
  Float32Array.from({ length: rows * WIDTH }, (_, i) => Math.sin(phase + i));

describe("inner products by blocks", () => {
  for (const rows of [1, 3, 4, 9]) {
    it(`equal one sum after the other to the last bit, ${rows} rows`, () => {
      const [a, b] = [wave(5, 0.2), wave(rows, 1.1)];
      const plain = Float32Array.from({ length: rows }, (_, k) => {
        let sum = 0;
        for (let c = 0; c < WIDTH; c++) sum += a[2 * WIDTH + c] * b[k * WIDTH + c];
        return sum;
      });
      const out = new Float32Array(rows);
      dotRow(a, 2, b, WIDTH, out);
      assert.deepEqual(out, plain);
    });
  }
});
