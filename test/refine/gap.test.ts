import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import * as similarity from "../../kernel/similarity/index.ts";
import { unitRows } from "../../kernel/numeric/index.ts";
import { distances, transportCost, wassersteinOfNumbers } from "../../kernel/numeric/transport.ts";
import { slicedWasserstein } from "../../kernel/refine/gap.ts";
import { nn, refine } from "./names.ts";

interface Case {
  x: number[];
  y: number[];
  width: number;
  l2: boolean;
  directions: number[];
  nearest: number;
  nearestBack: number;
  meanDistance: number;
  wasserstein: number;
  sliced: number;
  gromovWasserstein: number;
  cka: number | null;
}

/** Made by golden/make_gap.py. */
const golden = JSON.parse(readFileSync(new URL("golden/gap.json", import.meta.url), "utf8")) as {
  versions: string;
  epsilon: number;
  cases: Case[];
  distribution: {
    values: number[];
    mean: number;
    deviation: number;
    quantiles: number[];
    shares: number[];
    range: number[];
  };
};

const close = (actual: number, expected: number, tolerance: number, what = ""): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what}: ${actual} is not ${expected}`);
const setOf = (values: readonly number[], width: number): similarity.TokenSet => ({
  data: Float32Array.from(values),
  width,
});
const cloud = (count: number, width: number, seed: number): Float32Array => {
  const random = new nn.Prng(seed);
  return Float32Array.from({ length: count * width }, () => random.normal());
};

describe(`measures between stages equal ${golden.versions}`, () => {
  for (const [i, one] of golden.cases.entries()) {
    const [x, y] = [setOf(one.x, one.width), setOf(one.y, one.width)];
    const name = `case ${i}, ${one.x.length / one.width} and ${one.y.length / one.width} points${one.l2 ? ", unit rows" : ""}`;
    it(name, () => {
      const found = refine.gap(x, y, { normalize: one.l2 ? "l2" : "none", epsilon: golden.epsilon });
      for (const key of ["nearest", "nearestBack", "meanDistance", "wasserstein"] as const)
        close(found[key], one[key], 1e-6, key);
      const [a, b] = one.l2 ? [unitRows(x.data, one.width), unitRows(y.data, one.width)] : [x.data, y.data];
      close(slicedWasserstein(a, b, Float32Array.from(one.directions), one.width), one.sliced, 1e-6, "sliced");
      const sets = [a, b].map((data) => ({ data, width: one.width }));
      const settings = { epsilon: golden.epsilon, tolerance: 1e-11, iterations: 2000 };
      close(
        similarity.gromovWasserstein(sets[0], sets[1], settings).distance,
        one.gromovWasserstein,
        1e-6,
        "Gromov-Wasserstein",
      );
      close(found.gromovWasserstein, one.gromovWasserstein, 1e-3, "Gromov-Wasserstein of the gap");
      if (one.cka !== null) close(refine.change(x, y).cka, one.cka, 1e-9, "CKA");
    });
  }

  it("distribution of values", () => {
    const { values, ...expected } = golden.distribution;
    const found = refine.distribution(Float32Array.from(values), { bins: expected.shares.length });
    close(found.mean, expected.mean, 1e-9);
    close(found.deviation, expected.deviation, 1e-9);
    for (const key of ["quantiles", "shares", "range"] as const)
      expected[key].forEach((value, i) => close(found[key][i], value, 1e-9, key));
  });
});

describe("measures between stages on known answers", () => {
  const x = { data: cloud(20, 5, 1), width: 5 };
  const moved = { data: x.data.map((value, at) => value + (at % 5 === 2 ? 3 : 0)), width: 5 };

  it("are 0 for equal sets, but for the entropy of Gromov-Wasserstein", () => {
    const found = refine.gap(x, x);
    assert.deepEqual([found.nearest, found.nearestBack, found.wasserstein, found.sliced], [0, 0, 0, 0]);
    assert.equal(found.meanDistance, 0);
    assert.ok(found.gromovWasserstein < 0.06);
  });

  it("are the length of a translation, and the sliced distance is smaller", () => {
    const found = refine.gap(x, moved);
    close(found.wasserstein, 3, 1e-5, "Wasserstein");
    close(found.meanDistance, 3, 1e-5, "distance of means");
    assert.ok(found.sliced < found.wasserstein);
    close(refine.gap(x, moved).gromovWasserstein, refine.gap(x, x).gromovWasserstein, 1e-3, "Gromov-Wasserstein");
    close(refine.change(x, moved).cka, 1, 1e-6, "CKA");
    close(refine.change(x, moved).moved, 3, 1e-6, "moved");
  });

  it("nearest neighbours are not symmetric, Wasserstein is", () => {
    const few = { data: x.data.slice(0, 8 * 5), width: 5 };
    assert.equal(refine.gap(few, x).nearest, 0);
    assert.ok(refine.gap(few, x).nearestBack > 0.1);
    const y = { data: cloud(30, 5, 2), width: 5 };
    close(refine.gap(x, y).wasserstein, refine.gap(y, x).wasserstein, 1e-12);
  });

  it("draws its sample from the whole set", () => {
    // The set's first half lies at 0, its second at 10: a sample of its beginning or its end would hide one of them.
    const halves = { data: Float32Array.from({ length: 200 }, (_, i) => (i < 100 ? 0 : 10)), width: 1 };
    const zero = { data: Float32Array.from({ length: 200 }, (_, i) => i / 1e4), width: 1 };
    const found = refine.gap(halves, zero, { sample: 40 });
    assert.deepEqual(found.sampled, [40, 40]);
    close(found.wasserstein, 5, 2, "Wasserstein of the sample");
  });

  it("exact transport splits mass between sets of different size", () => {
    // Two points to three: each sends half of its mass to the middle one's share.
    const [from, to] = [Float32Array.of(0, 3), Float32Array.of(0, 1, 3)];
    close(
      transportCost(distances(from, to, 1)),
      wassersteinOfNumbers(Float64Array.from(from), Float64Array.from(to)),
      1e-12,
    );
  });

  it("Gromov-Wasserstein sees neither rotation nor scale nor width", () => {
    const flat = { data: cloud(16, 2, 3), width: 2 };
    const turned = Float32Array.from({ length: 16 * 3 }, (_, at) => {
      const [a, b] = [flat.data[2 * Math.floor(at / 3)], flat.data[2 * Math.floor(at / 3) + 1]];
      return [4 * b, 0, -4 * a][at % 3];
    });
    const same = similarity.gromovWasserstein(flat, flat);
    const other = similarity.gromovWasserstein(flat, { data: turned, width: 3 });
    close(other.distance, same.distance, 1e-4);
    assert.equal(other.score, -other.distance);
    assert.ok(other.converged && other.iterations > 1);
    const stretched = { data: turned.map((value, at) => (at % 3 === 0 ? 6 * value : value)), width: 3 };
    assert.ok(similarity.gromovWasserstein(flat, stretched).distance > same.distance + 0.02);
  });

  it("a small distance far from zero is not rounded away", () => {
    const far = (second: number): similarity.TokenSet => setOf([1e4, second, 1e4, 10 + second], 2);
    const found = refine.gap(far(0), far(0.1));
    for (const key of ["nearest", "nearestBack", "wasserstein"] as const) close(found[key], 0.1, 1e-6, key);
    assert.equal(refine.gap(far(0.1), far(0.1)).nearest, 0);
  });

  it("Gromov-Wasserstein has not converged while points lack their share", () => {
    const points = { data: Float32Array.from({ length: 40 }, (_, i) => Math.sin(i * 7.3)), width: 2 };
    assert.equal(similarity.gromovWasserstein(points, points, { epsilon: 1e-6, iterations: 40 }).converged, false);
    assert.equal(similarity.gromovWasserstein(points, points).converged, true);
  });

  it("draw a seeded sample of large sets", () => {
    const large = { data: cloud(300, 3, 4), width: 3 };
    const found = refine.gap(large, x.width === 5 ? { data: cloud(20, 3, 5), width: 3 } : x, { sample: 64 });
    assert.deepEqual(found.sampled, [64, 20]);
    assert.deepEqual(refine.gap(large, { data: cloud(20, 3, 5), width: 3 }, { sample: 64 }), found);
  });

  it("refuse what cannot be measured", () => {
    assert.throws(() => refine.gap(x, { data: cloud(4, 3, 1), width: 3 }), /both sets must have width 5, received 3/);
    assert.throws(() => refine.gap(x, { data: Float32Array.of(1, 2, 3), width: 5 }), /2 or more rows/);
    assert.throws(() => refine.gap(x, { data: new Float32Array(10).fill(NaN), width: 5 }), /finite/);
    assert.throws(() => refine.gap(x, x, { normalise: "l2" } as never), /options are normalize/);
    assert.throws(() => refine.gap(x, x, { projections: 0 }), /projections must be/);
    assert.throws(() => refine.change(x, { data: x.data.slice(5), width: 5 }), /must hold 100 values/);
    assert.throws(() => refine.distribution(new Float32Array(0)), /finite numbers/);
    assert.throws(() => similarity.gromovWasserstein(x, { data: new Float32Array(10), width: 5 }), /must differ/);
    for (const bad of [null, undefined, 5, { data: [1, 2], width: 1 }]) {
      assert.throws(() => refine.gap(bad as never, x), /refine\.gap: each set must have data/);
      assert.throws(() => refine.change(x, bad as never), /refine\.change: each set must have data/);
      assert.throws(
        () => similarity.gromovWasserstein(x, bad as never),
        /similarity\.gromovWasserstein: each set must have data/,
      );
    }
    assert.throws(() => refine.gap({ data: x.data, width: 2.5 }, { data: x.data, width: 2.5 }), /rows of 2\.5/);
    assert.throws(() => refine.distribution(null as never), /finite numbers/);
    for (const range of [
      [-Infinity, Infinity],
      [0, NaN],
      [-1e308, 1e308],
      [2, 1],
    ] as const)
      assert.throws(() => refine.distribution(x.data, { range }), /range must be finite and ascend/);
    assert.throws(() => refine.distribution(x.data, { range: 3 as never }), /range must be \[low, high\]/);
    for (const value of [0, NaN, -1, Infinity]) {
      assert.throws(() => similarity.gromovWasserstein(x, x, { epsilon: value }), /epsilon must be above 0/);
      assert.throws(() => similarity.gromovWasserstein(x, x, { tolerance: value }), /tolerance must be above 0/);
      assert.throws(
        () => similarity.gromovWasserstein(x, x, { iterations: value }),
        /iterations must be a whole number/,
      );
    }
    assert.throws(() => similarity.gromovWasserstein(x, moved, { epsilon: 1e-320 }), /epsilon must not be that small/);
  });
});
