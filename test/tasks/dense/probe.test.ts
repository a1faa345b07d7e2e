import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { nn, tf } from "../../nn/names.ts";
import { tasks } from "../../models/names.ts";

interface Golden {
  x: number[][];
  labels: number[];
  classes: number[];
  shares: number[];
  normals: number[][];
  vectors: number[][];
  four: number[][];
  predicted: number[][];
}
const golden = JSON.parse(readFileSync(new URL("golden/probe.json", import.meta.url), "utf8")) as Golden;

const GRID = [2, 3] as const;
const PICTURES = 10;
const tokens = { data: Float32Array.from(golden.x.flat()), grid: GRID, channels: 6 };
const perPicture = (values: readonly number[], channels = 1): Float64Array[] =>
  Array.from({ length: PICTURES }, (_, i) => Float64Array.from(values.slice(i * 6 * channels, (i + 1) * 6 * channels)));

/** Masks of class 1; cells that do not count stay so. */
const masks = (labels: readonly Float64Array[]): Float64Array[] =>
  labels.map((one) => one.map((label) => (label === 255 ? 255 : Number(label === 1))));

/** Places of the cells of six tokens in a picture of 4 x 6 cells. */
const fine = (token: number, cell: number): number =>
  (Math.floor(token / 3) * 2 + Math.floor(cell / 2)) * 6 + (token % 3) * 2 + (cell % 2);

function close(actual: ArrayLike<number>, expected: readonly number[], tolerance: number): void {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, i) =>
    assert.ok(Math.abs(actual[i] - value) <= tolerance, `${i}: ${actual[i]} for ${value}`),
  );
}

describe("a dense probe in closed form", () => {
  before(() => nn.start("native"));

  it("equals scikit-learn's shrunk discriminants on labelled cells and its ridge regression", () => {
    const probe = new tasks.dense.DenseProbe({
      tasks: ["semseg", "saliency", "normals"],
      classes: { semseg: 3 },
      channels: 6,
      cells: 1,
      shrinkage: 0.05,
    });
    const [semseg, normals] = [perPicture(golden.labels), perPicture(golden.normals.flat(), 3)];
    const saliency = masks(semseg);
    probe.add(
      tokens,
      semseg.map((one, i) => ({ semseg: one, saliency: saliency[i], normals: normals[i] })),
    );
    const found = probe.fit().predict(tokens);
    assert.ok(golden.labels.includes(255), "some cells do not count");
    const classes = found.flatMap((one) => [...one.semseg!]);
    // scikit-learn standardizes by all rows as the probe does, and learns from the labelled ones.
    assert.deepEqual(classes, golden.classes);
    close(
      found.flatMap((one) => [...one.saliency!]),
      golden.shares,
      1e-4,
    );
    close(
      found.flatMap((one) => [...one.normals!]),
      golden.vectors.flat(),
      2e-4,
    );
  });

  it("pools one covariance over the cells of a token", () => {
    const probe = new tasks.dense.DenseProbe({
      tasks: ["semseg"],
      classes: { semseg: 2 },
      channels: 6,
      cells: 2,
      shrinkage: 0.05,
    });
    const cells = (of: readonly number[][]): Float64Array[] =>
      Array.from({ length: PICTURES }, (_, i) => {
        const out = new Float64Array(24);
        for (let token = 0; token < 6; token++)
          for (let cell = 0; cell < 4; cell++) out[fine(token, cell)] = of[i * 6 + token][cell];
        return out;
      });
    const labels = cells(golden.four);
    probe.add(
      tokens,
      labels.map((semseg) => ({ semseg })),
    );
    const expected = cells(golden.predicted);
    probe
      .fit()
      .predict(tokens)
      .forEach(({ semseg }, i) => assert.deepEqual(semseg, expected[i]));
  });

  it("weights pictures as repeating them does, and takes subsets of channels", () => {
    const labels = masks(perPicture(golden.labels)).map((saliency) => ({ saliency }));
    const make = (channels = 6): InstanceType<typeof tasks.dense.DenseProbe> =>
      new tasks.dense.DenseProbe({ tasks: ["saliency"], channels, cells: 1 });
    const shares = (found: readonly tasks.dense.CellLabels[]): number[] => found.flatMap((one) => [...one.saliency!]);
    make().add(tokens, labels);
    const count = tf.memory().numTensors;
    const weighted = make().add(tokens, labels, [2, 0, 1, 1, 1, 1, 1, 1, 1, 1]).fit();
    const order = [0, 0, 2, 3, 4, 5, 6, 7, 8, 9];
    const data = Float32Array.from(order.flatMap((i) => golden.x.slice(i * 6, i * 6 + 6).flat()));
    const repeated = make()
      .add(
        { ...tokens, data },
        order.map((i) => labels[i]),
      )
      .fit();
    close(shares(weighted.predict(tokens)), shares(repeated.predict(tokens)), 1e-4);
    const some = make().add(tokens, labels).fit([0, 2]);
    const two = { data: Float32Array.from(golden.x.flatMap((row) => [row[0], row[2]])), grid: GRID, channels: 2 };
    close(shares(some.predict(tokens)), shares(make(2).add(two, labels).fit().predict(two)), 1e-5);
    assert.equal(tf.memory().numTensors, count);
  });

  it("scores cells, and reduces labels to them", () => {
    const label = { data: Float64Array.of(1, 1, 2, 255, 1, 0, 255, 255), width: 4, height: 2, channels: 1 as const };
    assert.deepEqual([...tasks.dense.cellsOf("semseg", label, [1, 2])], [1, 2]);
    assert.deepEqual(
      [...tasks.dense.cellsOf("boundary", { ...label, data: Float64Array.of(0, 1, 255, 255, 0, 0, 255, 255) }, [1, 2])],
      [1, 255],
    );
    const depth = { ...label, data: Float64Array.of(2, 0, 3, 5, 4, 0, 0, 0) };
    assert.deepEqual([...tasks.dense.cellsOf("depth", depth, [1, 2])], [3, 4]);
    const normals = { data: Float64Array.of(1, 0, 0, 0, 0, 0), width: 2, height: 1, channels: 3 as const };
    assert.deepEqual([...tasks.dense.cellsOf("normals", normals, [1, 1])], [1, 0, 0]);
    // The left half of the picture fills the frame.
    const place = { scaleX: 2, scaleY: 2, offsetX: 0, offsetY: 0, modelSize: [4, 4] as const };
    assert.deepEqual([...tasks.dense.cellsOf("semseg", label, [1, 1], place)], [1]);
    const score = new tasks.dense.DenseProbeScore(["semseg", "boundary"], { semseg: 3 });
    const [semseg, boundary] = [Float64Array.of(1, 2, 0), Float64Array.of(0.9, 0.1, 0.9)];
    score.add({ semseg, boundary }, { semseg: Float64Array.of(1, 2, 2), boundary: Float64Array.of(1, 0, 0) });
    close([score.value().semseg!, score.value().boundary!], [(0 + 1 + 0.5) / 3, 2 / 3], 1e-12);
  });

  it("refuses what does not fit", () => {
    const make = (options: object): unknown =>
      new tasks.dense.DenseProbe({ tasks: ["semseg"], classes: { semseg: 3 }, channels: 6, ...options });
    assert.throws(() => make({ classes: {} }), /classes of semseg/);
    assert.throws(() => make({ shrinkage: 2 }), /shrinkage/);
    assert.throws(() => make({ tasks: ["sky"] }), /task must be one of/);
    const probe = make({ cells: 1 }) as InstanceType<typeof tasks.dense.DenseProbe>;
    assert.throws(() => probe.fit(), /must be added/);
    assert.throws(() => probe.add(tokens, [{}]), /tokens must be/);
    assert.throws(
      () =>
        probe.add(
          tokens,
          perPicture(golden.labels.map(() => 7)).map((semseg) => ({ semseg })),
        ),
      /0\.\.2/,
    );
  });
});
