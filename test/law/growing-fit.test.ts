import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GrowingFit } from "../../kernel/law/fit/growing-fit.ts";
import { leastSquares } from "../../kernel/law/fit/least-squares.ts";
import { designRow, polynomialTerms } from "../../kernel/law/fit/regression.ts";
import { shuffled } from "../../kernel/numeric/order.ts";
import { uniform } from "../../kernel/law/pck/summary.ts";

const random = uniform(11);
const TERMS = polynomialTerms(["a", "c"], 2);
const design = Array.from({ length: 12 }, () => designRow(TERMS, { a: random(), c: random() }));
const scores = design.map(() => random());

function fitValues(trained: number[], rows: number[][], of: number[]): number[] {
  const { coefficients } = leastSquares(
    trained.map((i) => rows[i]),
    trained.map((i) => of[i]),
  );
  return rows.map((row) => row.reduce((sum, x, j) => sum + x * coefficients[j + 1], coefficients[0]));
}

function agrees(rows: number[][], of: number[], trials: number): void {
  const fit = new GrowingFit(rows, of);
  const out = new Float64Array(rows.length);
  for (let trial = 0; trial < trials; trial++) {
    fit.clear();
    const order = shuffled(
      rows.map((_, i) => i),
      random,
    );
    order.forEach((row, i) => {
      fit.add(row);
      fit.predict(out);
      if (i === 0) return assert.ok(out.every((value) => value === of[row]));
      const expected = fitValues(order.slice(0, i + 1), rows, of);
      const scale = Math.max(1, ...expected.map(Math.abs));
      expected.forEach((value, j) => {
        assert.ok(
          Math.abs(value - out[j]) <= 1e-8 * scale,
          `${order.slice(0, i + 1).join()}: ${out[j]} is not ${value}`,
        );
      });
    });
  }
}

describe("a fit that grows row by row", () => {
  it("says what the SVD says, from two rows to all, in any order", () => agrees(design, scores, 60));

  it("also where encoders have the same predictors, or all lie on a line", () => {
    agrees([...design.slice(0, 5), design[0], design[3], ...design.slice(7)], scores, 30);
    agrees(
      design.map((_, i) => [i, 2 * i]),
      scores,
      30,
    );
  });
});

describe("least squares of fewer rows than terms", () => {
  it("goes through every row, by the shortest slopes", () => {
    for (let trial = 0; trial < 200; trial++) {
      const x = [0, 1].map(() => designRow(TERMS, { a: random(), c: random() }));
      const y = [random(), random()];
      const { coefficients, fitted, rank } = leastSquares(x, y);
      assert.equal(rank, 1);
      fitted.forEach((value, i) => assert.ok(Math.abs(value - y[i]) < 1e-12));
      // The shortest solution through two rows lies along their difference: w = d (y1 - y0) / |d|².
      const d = x[1].map((value, j) => value - x[0][j]);
      const length = d.reduce((sum, value) => sum + value * value, 0);
      d.forEach((value, j) => {
        const expected = (value * (y[1] - y[0])) / length;
        assert.ok(Math.abs(coefficients[j + 1] - expected) < 1e-10 * Math.max(1, Math.abs(expected)));
      });
    }
  });
});
