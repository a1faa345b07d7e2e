import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { answers } from "../../../kernel/tasks/index.ts";
import { table } from "../../../kernel/view/table/index.ts";

/** Rows of the tables of arXiv 2509.14033, in the order of `opencompassBenchmarks`, with their published means. */
const PUBLISHED: Record<string, [mean: number, scores: number[]]> = {
  "SAIL-VL2-2B": [70.31, [86.77, 64.07, 47.67, 71.1, 89.5, 83.0, 51.74, 68.67]],
  "SAIL-VL-1.5-2B": [68.08, [85.05, 62.8, 44.89, 67.2, 88.5, 83.68, 49.8, 62.75]],
  "SAIL-VL2-8B": [75.07, [90.16, 70.73, 55.44, 76.4, 91.3, 87.73, 55.1, 73.72]],
  "SAIL-VL-1.5-8B": [74.04, [88.54, 69.07, 52.33, 75.6, 90.4, 87.47, 54.53, 74.36]],
};
const row = (scores: number[]): Record<string, number> =>
  Object.fromEntries(answers.opencompassBenchmarks.map((name, i) => [name, scores[i]]));
const scores = Object.fromEntries(Object.entries(PUBLISHED).map(([model, [, values]]) => [model, row(values)]));

describe("OpenCompass's table", () => {
  for (const [model, [mean, values]] of Object.entries(PUBLISHED))
    it(`${model} has the published mean ${mean}`, () =>
      assert.equal(answers.opencompassMean(row(values) as never).toFixed(2), mean.toFixed(2)));

  it("orders by mean, rank or benchmark, and shows itself", () => {
    const board = answers.leaderboard(scores);
    assert.deepEqual(
      board.rows.map(({ model }) => model),
      ["SAIL-VL2-8B", "SAIL-VL-1.5-8B", "SAIL-VL2-2B", "SAIL-VL-1.5-2B"],
    );
    // First on all but MMVet, where it is second.
    assert.deepEqual(
      board.rows.map(({ rank }) => rank),
      [9 / 8, 15 / 8, 25 / 8, 31 / 8],
    );
    assert.equal(board.sortedBy("MMVet").rows[0].model, "SAIL-VL-1.5-8B");
    assert.equal(board.sortedBy("rank").rows[3].model, "SAIL-VL-1.5-2B");
    const view = table(board.records(), undefined, { sortBy: "MMVet", digits: 2 });
    assert.match(String(view).split("\n")[2], /^SAIL-VL-1\.5-2B .* 62\.75/);
    assert.throws(() => table(board.records(), undefined, { sortBy: "MMM" }), /sortBy must be one of model, MMBench/);
  });

  it("shares ranks of equal scores, and leaves models with gaps empty on request", () => {
    const gaps = { a: { x: 50, y: 1 }, b: { x: 50, y: null }, c: { x: 10, y: 2 } };
    assert.throws(() => answers.leaderboard(gaps), /b must have a score of y, received null/);
    const board = answers.leaderboard(gaps, { missing: "empty" });
    assert.deepEqual(
      board.rows.map(({ model, mean, rank }) => [model, mean, rank]),
      [
        ["a", 25.5, 1.75],
        ["c", 6, 2],
        ["b", null, null],
      ],
    );
  });

  it("refuses points as percent, no model, and another column", () => {
    assert.throws(
      () => answers.leaderboard({ a: { OCRBench: 895 } }),
      /a on OCRBench must be in percent, 0\.\.100, received 895/,
    );
    assert.throws(() => answers.leaderboard({}), /there must be a model/);
    for (const wrong of [null, undefined, 5, "a", [{ x: 1 }]])
      assert.throws(() => answers.leaderboard(wrong as never), /scores must be an object by model/);
    for (const wrong of [null, 5, "a", [1]])
      assert.throws(() => answers.leaderboard({ a: { x: 1 }, b: wrong } as never), /the scores of b must be an object/);
    assert.throws(() => answers.leaderboard(scores, { sortBy: "MME" }), /columns are MMBench_V11/);
    assert.throws(() => answers.leaderboard(scores, { sort: "MME" } as never), /options are benchmarks/);
    assert.throws(() => answers.leaderboard(scores, { missing: "skip" } as never), /missing must be refuse or empty/);
  });

  it("refuses a benchmark twice, and one by the name of another column", () => {
    const all = { a: { z: 1, y: 2, model: 3, mean: 4, rank: 5 } };
    assert.throws(
      () => answers.leaderboard(all, { benchmarks: ["z", "z", "y"] }),
      /each benchmark must stand once, received "z"/,
    );
    for (const name of ["model", "mean", "rank"])
      assert.throws(
        () => answers.leaderboard(all, { benchmarks: ["z", name] }),
        /a benchmark must not be called model/,
      );
    assert.throws(() => answers.leaderboard(all), /must not be called/);
    assert.throws(() => answers.leaderboard(all, { benchmarks: "z" as never }), /benchmarks must be a list of names/);
    assert.equal(answers.leaderboard(all, { benchmarks: ["z", "y"] }).rows[0].mean, 1.5);
  });
});
