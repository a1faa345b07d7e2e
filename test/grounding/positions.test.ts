import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { gridPositions, textPositions } from "../../kernel/grounding/positions";
import * as nn from "../../kernel/nn";

const near = (received: ArrayLike<number>, expected: readonly number[]): void =>
  Array.from(received).forEach((value, i) =>
    assert.ok(Math.abs(value - expected[i]) < 1e-7, `${i}: ${value}, ${expected[i]}`),
  );

describe("sine positions, by their formulas", () => {
  before(() => nn.start("cpu"));

  it("of words: wave lengths from 2π to 10,000 · 2π (arXiv 1706.03762, section 3.5)", () => {
    const words = textPositions(3, 4, false);
    const row = (position: number): number[] => [
      Math.sin(position),
      Math.cos(position),
      Math.sin(position / 100),
      Math.cos(position / 100),
    ];
    assert.deepEqual(words.shape, [1, 3, 4]);
    near(words.dataSync(), [row(0), row(1), row(2)].flat());
    near(textPositions(2, 4, true).dataSync(), [0, 1, 0, 1, Math.sin(1), Math.cos(1), 0, 1]);
  });

  it("of cells: rows before columns, from 1, the last at 2π (arXiv 2005.12872, appendix A.4)", () => {
    const cells = gridPositions([2, 3], 8);
    const half = (share: number): number[] => {
      const angle = 2 * Math.PI * share;
      return [Math.sin(angle), Math.cos(angle), Math.sin(angle / 100), Math.cos(angle / 100)];
    };
    const expected = [1, 2].flatMap((y) =>
      [1, 2, 3].flatMap((x) => [...half(y / (2 + 1e-6)), ...half(x / (3 + 1e-6))]),
    );
    assert.deepEqual(cells.shape, [1, 6, 8]);
    near(cells.dataSync(), expected);
  });
});
