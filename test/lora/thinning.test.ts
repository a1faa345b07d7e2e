import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { thinnedSum, weightedSum } from "../../kernel/lora/combine/thinning";

const never = (): number => assert.fail("nothing is drawn");

/** Half of the places hold values that other places hold too, of both signs. */
const values = (seed: number): Float64Array =>
  Float64Array.from({ length: 240 }, (_, i) => (i % 2 ? Math.round(3 * Math.sin(seed * i)) : Math.sin(seed + i * i)));

/** The share that is largest without its sign, of equal values the first, by sorting. */
function largest(all: Float64Array, density: number): Float64Array {
  const order = [...all.keys()].sort((i, j) => Math.abs(all[j]) - Math.abs(all[i]) || i - j);
  const kept = new Set(order.slice(0, Math.floor(density * all.length)));
  return all.map((value, i) => (kept.has(i) ? value : 0));
}

describe("thinnedSum", () => {
  it("keeps the largest values, of equal ones the first", () => {
    for (const density of [0.001, 0.1, 0.37, 0.5, 0.9, 1]) {
      const expected = weightedSum([largest(values(1), density), largest(values(2), density)], [0.7, -1.3]);
      const thinned = thinnedSum("magnitude_prune", [values(1), values(2)], [0.7, -1.3], { density }, never);
      assert.deepEqual(thinned, expected, `density ${density}`);
    }
  });

  it("takes the mean of the values with the elected sign", () => {
    const all = [
      [3, -1, 0, -2],
      [-1, -2, 0, 1],
      [-1, 4, 0, -5],
    ];
    const sum = (majoritySign: "total" | "frequency"): number[] => [
      ...thinnedSum(
        "ties",
        all.map((one) => Float64Array.from(one)),
        [1, 2, 3],
        { majoritySign },
        never,
      ),
    ];
    assert.deepEqual(sum("total"), [3, 12, 0, -17 / 2]);
    assert.deepEqual(sum("frequency"), [-5 / 2, -5 / 2, 0, -17 / 2]);
  });

  it("does not hide a value that is not a number", () => {
    const broken = values(1);
    broken[7] = NaN;
    assert.ok(Number.isNaN(thinnedSum("magnitude_prune", [broken], [1], { density: 0.2 }, never)[7]));
  });
});
