import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import * as boxes from "../../../kernel/tasks/boxes/index.ts";

type Case = [rows: number, columns: number, ...pairs: number[]];

const scipy = JSON.parse(
  readFileSync(new URL("../../grounding/golden/assign.json", import.meta.url), "utf8"),
) as Case[];

/** The generator of the golden script. */
function lcg(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const costOf = (costs: readonly number[], columns: number, pairs: readonly boxes.Pair[]): number =>
  pairs.reduce((sum, [row, column]) => sum + costs[row * columns + column], 0);

/** Least sum over every way to give rows different columns; there are as many columns or more. */
function bruteForce(costs: readonly number[], rows: number, columns: number, row = 0, taken = 0): number {
  if (row === rows) return 0;
  let least = Infinity;
  for (let column = 0; column < columns; column++) {
    if (taken & (1 << column)) continue;
    const rest = bruteForce(costs, rows, columns, row + 1, taken | (1 << column));
    least = Math.min(least, costs[row * columns + column] + rest);
  }
  return least;
}

describe("assignment of boxes", () => {
  it("equals SciPy's on 1,000 random matrices", () => {
    const next = lcg(7);
    assert.equal(scipy.length, 1000);
    for (const [rows, columns, ...pairs] of scipy) {
      assert.deepEqual([1 + Math.trunc(next() * 12), 1 + Math.trunc(next() * 12)], [rows, columns]);
      const costs = Array.from({ length: rows * columns }, () => next() * 4 - 2);
      assert.deepEqual(boxes.assign(costs, [rows, columns]).flat(), pairs);
    }
  });

  it("is the least of all ways, up to 7 rows, with equal costs and huge ones too", () => {
    const next = lcg(11);
    for (let n = 0; n < 200; n++) {
      const rows = 1 + Math.trunc(next() * 7);
      const columns = Math.min(7, rows + Math.trunc(next() * 3));
      const scale = [1, 1e-9, 1e12][n % 3];
      const draw = n % 2 ? () => next() * scale : () => Math.trunc(next() * 3) * scale;
      const costs = Array.from({ length: rows * columns }, draw);
      const pairs = boxes.assign(costs, [rows, columns]);
      assert.equal(new Set(pairs.map(([, column]) => column)).size, rows);
      const [found, least] = [costOf(costs, columns, pairs), bruteForce(costs, rows, columns)];
      assert.ok(found <= least + 1e-12 * scale, `${found} for ${least}`);
    }
  });

  it("permutes with the rows", () => {
    const next = lcg(5);
    const [rows, columns] = [6, 3];
    const costs = Array.from({ length: rows * columns }, next);
    const order = [4, 2, 0, 5, 3, 1];
    const moved = order.flatMap((row) => costs.slice(row * columns, (row + 1) * columns));
    const pairs = new Map(boxes.assign(moved, [rows, columns]).map(([row, column]) => [order[row], column]));
    assert.deepEqual(pairs, new Map(boxes.assign(costs, [rows, columns]).map((pair) => [...pair])));
  });

  it("gives nothing for nothing, and refuses what is no matrix of numbers", () => {
    assert.deepEqual(boxes.assign([], [3, 0]), []);
    assert.throws(() => boxes.assign([1, 2], [1, 3]), /TaskError|tasks\.boxes\.assign: costs must be \[1, 3\]/);
    assert.throws(() => boxes.assign([1, NaN], [1, 2]), /tasks\.boxes\.assign: costs must be finite, received NaN/);
  });
});
