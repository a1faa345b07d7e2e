import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as numeric from "../../kernel/numeric/index.ts";
import * as protocol from "../../kernel/protocol/index.ts";
import { distances } from "../../kernel/numeric/transport.ts";
import * as laws from "../../kernel/law";

const waves = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(0.7 + i * i));

describe("arithmetic", () => {
  it("is the same function for the browser, the law and the layers", () => {
    assert.equal(protocol.argmax, numeric.argmax);
    assert.equal(protocol.unitRows, numeric.unitRows);
    // The law's own refuse numbers of channels that fit no token, and then call these.
    assert.deepEqual(laws.normalizeTokens(waves(35), 7), protocol.unitRows(waves(35), 7));
    assert.deepEqual(laws.centerTokens(waves(35), 7), protocol.centeredRows(waves(35), 7));
  });

  it("gives a viewer's row of similarities the bits of the law's", () => {
    const [a, b] = [numeric.unitRows(waves(35), 7), numeric.unitRows(waves(63), 7)];
    assert.deepEqual(protocol.similarityRow(numeric.row(a, 7, 3), b), laws.similarityRow(a, 3, b, 7));
  });
});

describe("argmax", () => {
  it("takes the first of equal values, and never NaN where there is a number", () => {
    assert.equal(numeric.argmax([1, 3, 3, 2]), 1);
    assert.equal(numeric.argmax([NaN, -5, NaN, -4, NaN]), 3);
    assert.equal(numeric.argmax([-Infinity, NaN, -Infinity]), 0);
    assert.equal(numeric.argmax([NaN, NaN]), 0);
  });

  it("decides the cell of a match as it decides the viewer's", () => {
    const row = Float32Array.of(NaN, 0.1, 0.9, 0.2);
    assert.deepEqual(laws.locate(row, 2, { match: "argmax" }), { column: 0, row: 1 });
    assert.equal(protocol.argmax(row), 2);
  });
});

describe("nthLargest", () => {
  it("is the value at that place of the sorted list, repeated values and infinities too", () => {
    const lists = [
      waves(501),
      waves(200).map((value) => Math.floor(4 * value)),
      [5],
      [2, 2, 2, 2],
      [1, Infinity, -Infinity, Infinity, 0],
      Array.from({ length: 64 }, (_, i) => i),
      Array.from({ length: 64 }, (_, i) => -i),
    ];
    for (const list of lists) {
      const sorted = Float64Array.from(list).sort().reverse();
      for (let count = 1; count <= list.length; count++)
        assert.equal(numeric.nthLargest(Float64Array.from(list), count), sorted[count - 1]);
    }
  });

  it("ends where a value is NaN", () => {
    for (let at = 0; at < 9; at++)
      for (let count = 1; count <= 9; count++)
        numeric.nthLargest(
          Float64Array.from({ length: 9 }, (_, i) => (i === at ? NaN : (5 * i) % 9)),
          count,
        );
  });
});

describe("distance", () => {
  it("is the root of the squared differences, as between all rows of two matrices", () => {
    assert.equal(numeric.distance([1, 2, 3], [4, 6, 3]), 5);
    const [a, b] = [waves(7), waves(14).slice(7)];
    assert.equal(numeric.distance(a, b), distances(a, b, 7).costs[0]);
  });
});

describe("half precision", () => {
  it("takes every one of its values to single precision and back", () => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const back = numeric.floatToHalf(numeric.halfToFloat(bits));
    bits.forEach((one, i) => {
      if (Number.isNaN(numeric.fromHalf(one))) assert.ok(Number.isNaN(numeric.fromHalf(back[i])));
      else assert.equal(back[i], one);
    });
  });

  it("rounds ties to even, and to infinity beyond the largest value", () => {
    const [one, step] = [numeric.toHalf(1), 2 ** -10];
    assert.equal(numeric.toHalf(1 + step / 2), one);
    assert.equal(numeric.toHalf(1 + 1.5 * step), one + 2);
    assert.equal(numeric.toHalf(1 + step / 2 + 2 ** -20), one + 1);
    assert.deepEqual(
      [65519, 65520, -65520, 2 ** -25, 1.5 * 2 ** -25].map(numeric.toHalf),
      [0x7bff, 0x7c00, 0xfc00, 0, 1],
    );
  });

  it("has one code for files and for messages", () => {
    const values = waves(1000);
    const bytes = numeric.encodeFloat16(values);
    assert.deepEqual(new Uint16Array(bytes.buffer), numeric.floatToHalf(values));
    assert.deepEqual(numeric.decodeFloat16(bytes), numeric.halfToFloat(numeric.floatToHalf(values)));
  });
});

describe("statistics", () => {
  it("interpolates quantiles as numpy.quantile does, computed by numpy 2.4.6", () => {
    const sorted = [1, 2, 4, 8];
    const expected = [1, 1.9, 3, 6.8, 8];
    [0, 0.3, 0.5, 0.9, 1].forEach((share, i) =>
      assert.ok(Math.abs(numeric.quantile(sorted, share) - expected[i]) < 1e-12),
    );
    assert.equal(numeric.quantile([5], 0.25), 5);
  });

  it("are those of NumPy", () => {
    // numpy: mean, var(ddof=1) of these values.
    const values = [2, 4, 4, 4, 5, 5, 7, 9];
    assert.equal(numeric.mean(values), 5);
    assert.equal(numeric.squaredDeviations(values), 32);
    assert.equal(numeric.sampleVariance(values), 32 / 7);
    assert.ok(Number.isNaN(numeric.mean([])));
  });
});

describe("rows and arrays", () => {
  it("joins arrays in their order, empty ones and views among them", () => {
    const bytes = Uint8Array.of(9, 1, 2, 9);
    assert.deepEqual(
      numeric.joinBytes([bytes.subarray(1, 3), new Uint8Array(0), Uint8Array.of(3)]),
      Uint8Array.of(1, 2, 3),
    );
    assert.deepEqual(numeric.joinFloats([Float32Array.of(0.5), Float32Array.of(-1, 2)]), Float32Array.of(0.5, -1, 2));
    assert.equal(numeric.joinFloats([]).length, 0);
  });

  it("ranks share the mean of their places, and NaN ends", () => {
    // scipy.stats.rankdata([3, 1, 3, 2, 3, 1]).
    assert.deepEqual(numeric.ranks([3, 1, 3, 2, 3, 1]), [5, 1.5, 5, 3, 5, 1.5]);
    assert.deepEqual(numeric.ranks([]), []);
    assert.equal(numeric.ranks([NaN, 1]).length, 2);
  });

  it("means rows in double precision", () => {
    const rows = Float32Array.of(2 ** 24, 1, 1, 3, 1, 5);
    assert.deepEqual(numeric.meanRow(rows, 2), Float64Array.of((2 ** 24 + 2) / 3, 3));
    assert.deepEqual(numeric.centeredRows(Float32Array.of(1, 2, 3, 6), 2), Float32Array.of(-1, -2, 1, 2));
  });

  it("keeps values between two bounds, and NaN as it is", () => {
    assert.deepEqual(
      [-1, 0.5, 3].map((value) => numeric.clamp(value, 0, 2)),
      [0, 0.5, 2],
    );
    assert.ok(Number.isNaN(numeric.clamp(NaN, 0, 1)));
  });

  it("moves a patch and stays on the grid", () => {
    assert.equal(protocol.movedPatch([3, 4], 5, 1, -1), 2);
    assert.equal(protocol.movedPatch([3, 4], 5, 9, 9), 11);
    assert.equal(protocol.middlePatch([3, 4]), 6);
  });
});

describe("wilson", () => {
  it("is the interval by the normal quantile of Python's statistics, within 0 and 1", () => {
    for (const [hits, count, low, high] of [
      [2, 10, 0.056682151454375274, 0.5098375284633582],
      [0, 5, 0, 0.43448246478317465],
      [99, 100, 0.9455138038212947, 0.9982325679358592],
    ]) {
      const found = numeric.wilson(hits / count, count);
      [low, high].forEach((bound, i) =>
        assert.ok(Math.abs(found[i] - bound) < 1e-12, `${hits} of ${count}: ${found[i]}`),
      );
    }
  });
});
