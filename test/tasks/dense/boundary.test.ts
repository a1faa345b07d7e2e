import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { tasks } from "../../../kernel/index.ts";
import * as safetensors from "../../../kernel/safetensors";

const folder = new URL("golden/", import.meta.url);
const { tensors } = safetensors.parse(readFileSync(new URL("boundary.safetensors", folder)));
const facts = JSON.parse(readFileSync(new URL("boundary.json", folder), "utf8")) as {
  sets: {
    name: string;
    pictures: number;
    thresholds: number;
    maxDist: number;
    odsF: number;
    oisF: number;
    ap: number;
    threshold: number;
  }[];
  pairings: { radius: number; pairs: number; distance: number }[];
};
const { BoundaryScore, correspond, suppress, thin } = tasks.dense;

const golden = (name: string): { data: Uint8Array | Float32Array; shape: readonly number[] } => {
  const { data, shape } = tensors.get(name)!;
  return { data: data as Uint8Array | Float32Array, shape };
};

/** The maps of a stack, with their size. */
function maps(name: string): tasks.dense.BoundaryMap[] {
  const { data, shape } = golden(name);
  const [height, width] = shape.slice(-2);
  const size = width * height;
  return Array.from({ length: data.length / size }, (_, i) => ({
    data: data.subarray(i * size, (i + 1) * size),
    width,
    height,
  }));
}

const soft = (name: string): tasks.dense.BoundaryMap => {
  const [map] = maps(name);
  return { ...map, data: Float64Array.from(map.data, (value) => value / 255) };
};

const line = (width: number, height: number, row: number): tasks.dense.BoundaryMap => ({
  data: Float32Array.from({ length: width * height }, (_, at) => (Math.floor(at / width) === row ? 1 : 0)),
  width,
  height,
});

describe("boundary scores", () => {
  for (const { name, pictures, thresholds, maxDist, ...expected } of facts.sets)
    it(`equal pyEdgeEval's within 0.001: ${name}`, () => {
      const score = new BoundaryScore({ thresholds, maxDist });
      for (let i = 0; i < pictures; i++) score.add(soft(`${name}/${i}/prediction`), maps(`${name}/${i}/labels`));
      const { odsF, oisF, ap, ods } = score.value();
      assert.ok(Math.abs(odsF - expected.odsF) < 0.001, `odsF ${odsF} for ${expected.odsF}`);
      assert.ok(Math.abs(oisF - expected.oisF) < 0.001, `oisF ${oisF} for ${expected.oisF}`);
      // Average precision jumps where a threshold's precision enters or leaves a bin of recall.
      assert.ok(Math.abs(ap - expected.ap) < 0.003, `ap ${ap} for ${expected.ap}`);
      assert.ok(Math.abs(ods.threshold - expected.threshold) < 0.02, `threshold ${ods.threshold}`);
    });

  it("is 1 for the label itself, and 0 without any prediction", () => {
    const label = maps("one/0/labels")[0];
    const same = new BoundaryScore({ thin: false });
    assert.equal(same.add(label, label).f, 1);
    assert.equal(same.value().odsF, 1);
    const none = new BoundaryScore();
    none.add({ ...label, data: new Float32Array(label.data.length) }, label);
    assert.equal(none.value().odsF, 0);
    assert.equal(new BoundaryScore().value().odsF, 0);
  });

  it("takes a line within the distance and refuses one beyond", () => {
    // The diagonal of 30 x 40 is 50: 0.041 of it are 2.05 pixels.
    const near = new BoundaryScore({ maxDist: 0.041 });
    near.add(line(30, 40, 12), line(30, 40, 10));
    assert.equal(near.value().odsF, 1);
    const far = new BoundaryScore({ maxDist: 0.041 });
    far.add(line(30, 40, 13), line(30, 40, 10));
    assert.equal(far.value().odsF, 0);
  });

  it("suppresses ridges' neighbours where asked", () => {
    const raw = { thresholds: 9, maxDist: 0.02 };
    const plain = new BoundaryScore(raw);
    const ridges = new BoundaryScore({ ...raw, nms: { radius: 4 } });
    for (const score of [plain, ridges]) score.add(soft("wide/0/prediction"), maps("wide/0/labels"));
    assert.notEqual(ridges.value().odsF, plain.value().odsF);
  });

  it("refuses maps and options that cannot be scored", () => {
    const score = new BoundaryScore();
    const [map, other] = [line(4, 3, 1), line(3, 4, 1)];
    assert.throws(() => score.add(map, other), /a label must be of the prediction's size, 4 x 3, received \[3, 4\]/);
    assert.throws(() => score.add({ ...map, data: [0, 1] }, map), /the prediction must hold width x height values/);
    assert.throws(() => score.add({ ...map, data: Array(12).fill(3) }, map), /boundaries lie in 0..1, received 3/);
    assert.throws(() => score.add({ ...map, data: Array(12).fill(NaN) }, map), /received NaN/);
    assert.throws(() => score.add(map, []), /at least one label/);
    assert.throws(() => new BoundaryScore({ maxDist: 0 }), /maxDist must lie in \(0, 1\], received 0/);
    for (const thresholds of [[0.5, 0.2], [0.5, 0.5], [0, 0.5], [0.5, 1.1], []])
      assert.throws(() => new BoundaryScore({ thresholds }), /thresholds must rise within \(0, 1\]/);
    assert.deepEqual(new BoundaryScore({ thresholds: [0.5, 1] }).thresholds, [0.5, 1]);
    assert.throws(() => new BoundaryScore({ tresholds: 9 } as tasks.dense.BoundaryOptions), /received "tresholds"/);
    assert.equal(score.value().odsF, 0, "nothing was counted");
  });
});

describe("the steps of a boundary score", () => {
  it("thins as scikit-image does", () => {
    const expected = maps("thin/y");
    maps("thin/x").forEach(({ data, width, height }, i) =>
      assert.deepEqual([...thin(data, width, height)], Array.from(expected[i].data), `map ${i}`),
    );
  });

  it("pairs pixels at the least cost, as SciPy's dense assignment", () => {
    facts.pairings.forEach(({ radius, pairs, distance }, i) => {
      const [first, second] = maps(`pairing/${i}`);
      for (const [a, b] of [
        [first, second],
        [second, first],
      ]) {
        const found = correspond(a.data, b.data, a.width, a.height, radius);
        assert.equal(found.pairs, pairs);
        assert.ok(Math.abs(found.distance - distance) < 1e-6, `${found.distance} for ${distance}`);
        assert.equal(
          found.first.reduce((sum, set, at) => sum + (set && a.data[at]), 0),
          pairs,
        );
        assert.equal(
          found.second.reduce((sum, set, at) => sum + (set && b.data[at]), 0),
          pairs,
        );
      }
    });
  });

  it("suppresses as the toolbox of structured edges", () => {
    const { data } = golden("wide/0/prediction");
    const crop = Float64Array.from({ length: 60 * 80 }, (_, at) => data[Math.floor(at / 80) * 160 + (at % 80)] / 255);
    for (const radius of [1, 4]) {
      const expected = golden(`nms/${radius}`).data;
      const found = suppress(crop, 80, 60, { radius });
      const apart = found.reduce((count, value, at) => count + (Math.abs(value - expected[at]) > 1e-6 ? 1 : 0), 0);
      // A ridge and its neighbor may be equal up to rounding.
      assert.ok(apart <= 5, `${apart} pixels differ at radius ${radius}`);
      assert.ok(found.some((value) => value > 0));
    }
  });

  it("refuses maps of other sizes", () => {
    assert.throws(() => correspond([1], [1, 1], 1, 1, 2), /both maps must hold width x height values/);
    assert.throws(() => correspond([1], [1], 1, 1, 0), /radius must lie in \(0, 10000\], received 0/);
  });
});
