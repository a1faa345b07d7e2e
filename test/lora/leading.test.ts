import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Matrix, SingularValueDecomposition } from "ml-matrix";
import { leadingTriplets } from "../../kernel/lora/combine/leading";
import { nearestProduct } from "../../kernel/lora/combine/decompose";
import { Prng } from "../../kernel/numeric/prng";

const random = new Prng(7, "test/leading");

const noise = (rows: number, columns: number): Matrix =>
  Matrix.from1DArray(
    rows,
    columns,
    Float64Array.from({ length: rows * columns }, () => random.next() - 0.5),
  );

/** A matrix with these singular values. */
function withValues(rows: number, columns: number, values: readonly number[]): Matrix {
  const basis = (size: number): Matrix => new SingularValueDecomposition(noise(size, size)).leftSingularVectors;
  const kept = [...values.keys()];
  return basis(rows)
    .subMatrixColumn(kept)
    .mulRowVector([...values])
    .mmul(basis(columns).subMatrixColumn(kept).transpose());
}

const falling = (count: number, first: number): number[] => Array.from({ length: count }, (_, i) => first * 0.8 ** i);

function near(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) <= tolerance, `${value}, ${expected[i]}`));
}

describe("leadingTriplets", () => {
  const cases: [string, Matrix, number, number[]][] = [
    ["a tall matrix", withValues(150, 100, falling(60, 10)), 5, falling(5, 10)],
    ["a wide matrix", withValues(90, 140, falling(60, 3)), 8, falling(8, 3)],
    ["values that repeat", withValues(160, 120, [5, 5, 5, 2, 2, ...falling(50, 1)]), 5, [5, 5, 5, 2, 2]],
    ["some of the values that repeat", withValues(160, 120, [5, 5, 5, ...falling(50, 1)]), 2, [5, 5]],
  ];
  for (const [name, x, count, expected] of cases) {
    it(`finds the largest values and vectors of ${name}`, () => {
      const found = leadingTriplets(x, count);
      assert.ok(found, "found without a whole decomposition");
      near(
        found.map(({ value }) => value),
        expected,
        1e-10,
      );
      for (const { value, u, v } of found) {
        const image = x.mmul(Matrix.columnVector([...v])).getColumn(0);
        near(
          image,
          [...u].map((each) => each * value),
          1e-9,
        );
      }
    });
  }

  it("finds the values of matrices of low rank, where the vectors on the left run out first", () => {
    for (const rank of [1, 2, 3, 5, 8]) {
      const values = falling(rank, 4);
      const diagonal = Matrix.zeros(80, 90);
      values.forEach((value, i) => diagonal.set(i, i, value));
      for (const x of [withValues(80, 90, values), diagonal])
        for (const count of [1, rank]) {
          const found = leadingTriplets(x, count) ?? [];
          near(
            found.map(({ value }) => value),
            values.slice(0, found.length),
            1e-10,
          );
        }
    }
    assert.equal(leadingTriplets(withValues(80, 90, [5, 4, 3, 2, 2, 1]), 4)?.length, 4);
  });

  it("finds none where none is asked for", () =>
    assert.deepEqual(leadingTriplets(withValues(80, 90, [5, 4, 3]), 0), []));

  it("leaves what it cannot find quickly to the whole decomposition", () => {
    const alike = Matrix.eye(60, 60);
    assert.equal(leadingTriplets(alike, 30), undefined);
    assert.equal(leadingTriplets(Matrix.zeros(40, 40), 2), undefined);
  });
});

describe("nearestProduct", () => {
  const cases: [string, Matrix, number][] = [
    ["a matrix with a gap", withValues(120, 90, [...falling(4, 9), ...falling(30, 0.1)]), 4],
    ["a matrix without a gap", noise(60, 50), 7],
    ["a matrix of lower rank", withValues(40, 30, [3, 2]), 4],
    ["a matrix of a low rank that is halved", noise(75, 6).mmul(noise(6, 60)), 3],
    ["a matrix of rank 1", noise(77, 1).mmul(noise(1, 74)), 1],
    ["a matrix with most columns zero", noise(60, 4).mmul(Matrix.eye(4, 70)), 2],
    ["a small matrix", noise(5, 4), 2],
  ];
  for (const [name, x, r] of cases) {
    it(`comes as near to ${name} as a whole decomposition`, () => {
      const { a, b } = nearestProduct(x, r);
      const { diagonal } = new SingularValueDecomposition(x, { autoTranspose: true });
      const left = Math.hypot(...diagonal.slice(r));
      const error = Matrix.sub(x, b.mmul(a)).norm("frobenius");
      assert.ok(Math.abs(error - left) <= 1e-7 * (1 + left), `${error}, ${left}`);
      assert.deepEqual([a.rows, b.columns], [r, r]);
    });
  }
});
