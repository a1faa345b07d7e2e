import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import * as law from "../../kernel/law";
import type { ScoreTable } from "../../kernel/law";
import { leastSquares } from "../../kernel/law/fit/least-squares.ts";
import { designRow, polynomialTerms } from "../../kernel/law/fit/regression.ts";

interface Case {
  x: number[][];
  y: number[];
  degree: 1 | 2;
  ridge: number;
  coefficients: number[];
  r2: number;
  new: number[];
  predicted: number;
  leftOut?: number[] | null;
}

/** Made by golden/make_regression.py. */
const golden = JSON.parse(readFileSync(new URL("golden/regression.json", import.meta.url), "utf8")) as {
  version: string;
  cases: Case[];
};
const TOLERANCE = 1e-9;
const names = (width: number) => ["a", "c", "d"].slice(0, width);
const named = (row: number[]) => Object.fromEntries(row.map((value, j) => [names(row.length)[j], value]));

function tableOf({ x, y }: Case): ScoreTable {
  const rows = x.map((row, i) => ({ encoder: `e${i}`, benchmark: "b", predictors: named(row), score: y[i] }));
  const encoders = rows.map((row) => row.encoder);
  return { rows, encoders, benchmarks: ["b"], predictors: names(x[0].length), groups: {} };
}

const close = (actual: number | null, expected: number) =>
  assert.ok(
    actual !== null && Math.abs(actual - expected) <= TOLERANCE * Math.max(1, Math.abs(expected)),
    `${actual} is not ${expected}`,
  );

describe(`law.fit equals scikit-learn ${golden.version}`, () => {
  for (const one of golden.cases) {
    const width = one.x[0].length;
    const isFree = one.ridge > 0 || one.x.length > one.coefficients.length;
    if (!isFree) {
      it(`the solver: ${one.x.length} rows, ${width} predictors, degree ${one.degree}: the solution of least norm`, () => {
        const terms = polynomialTerms(names(width), one.degree);
        const { coefficients, fitted } = leastSquares(
          one.x.map((row) => designRow(terms, named(row))),
          one.y,
        );
        one.coefficients.forEach((value, j) => close(coefficients[j], value));
        one.y.forEach((value, i) => close(fitted[i], value));
      });
      continue;
    }
    it(`${one.x.length} rows, ${width} predictors, degree ${one.degree}, ridge ${one.ridge}`, () => {
      const options = { predictors: names(width), degree: one.degree, ridge: one.ridge, normalize: "none" } as const;
      const model = law.fit(tableOf(one), options).benchmarks.b;
      one.coefficients.forEach((value, j) => close(model.coefficients[j], value));
      close(model.r2, one.r2);
      close(law.predict(model, named(one.new)).value, one.predicted);
      one.leftOut?.forEach((value, i) => close(model.looPredictions[`e${i}`], value));
    });
  }
});
