import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { tasks } from "../../../kernel/index.ts";

interface Golden {
  prediction: number[][];
  label: number[][];
}
const golden = JSON.parse(readFileSync(new URL("golden/metrics.json", import.meta.url), "utf8")) as {
  semseg: Golden & { classes: number; perClass: number[]; zero: number; skip: number };
  saliency: Golden & { curve: number[]; maxF: number };
  normals: { prediction: number[][][]; label: number[][][]; mErr: number; within: number[] };
  depth: Golden & { rmse: number; absRel: number; pixels: number };
};
const { deltaM, DepthError, MaxF, MeanIou, NormalError } = tasks.dense;

const near = (actual: number, expected: number, tolerance = 1e-9): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} for ${expected}`);

describe("pooled metrics as scikit-learn and NumPy compute them", () => {
  it("mean intersection over union, an absent class counting 0 or not at all", () => {
    const { prediction, label, classes, perClass, zero, skip } = golden.semseg;
    for (const [absent, expected] of [
      ["zero", zero],
      ["skip", skip],
    ] as const) {
      const meter = new MeanIou({ classes, absent });
      prediction.forEach((map, i) => meter.add(map, label[i]));
      near(meter.value().mIoU, expected);
      meter.value().perClass.forEach((iou, i) => (i < 5 ? near(iou, perClass[i]) : assert.ok(Number.isNaN(iou))));
      assert.equal(meter.value().pixels, label.flat().filter((value) => value !== 255).length);
    }
    assert.ok(Number.isNaN(new MeanIou({ classes: 3 }).value().mIoU), "no picture has no score");
    const single = new MeanIou({ classes: 1 });
    single.add([0, 0], [0, 255]);
    assert.equal(single.value().mIoU, 1);
  });

  it("largest F of saliency", () => {
    const meter = new MaxF();
    golden.saliency.prediction.forEach((map, i) => meter.add(map, golden.saliency.label[i]));
    near(meter.value().maxF, golden.saliency.maxF);
    meter.value().curve.forEach(({ f }, i) => near(f, golden.saliency.curve[i]));
  });

  it("angle of normals", () => {
    const meter = new NormalError();
    golden.normals.prediction.forEach((map, i) => meter.add(map.flat(), golden.normals.label[i].flat()));
    near(meter.value().mErr, golden.normals.mErr, 1e-6);
    meter.value().within.forEach((share, i) => near(share, golden.normals.within[i]));
    const tiny = new NormalError();
    tiny.add([1e-9, 0, 1], [0, 0, 1]);
    near(tiny.value().mErr, (1e-9 * 180) / Math.PI, 1e-12);
    const blank = new NormalError();
    blank.add([0, 0, 0], [0, 0, 1]);
    assert.equal(blank.value().mErr, 90);
  });

  it("depth", () => {
    const meter = new DepthError();
    golden.depth.prediction.forEach((map, i) => meter.add(map, golden.depth.label[i]));
    near(meter.value().rmse, golden.depth.rmse);
    near(meter.value().absRel, golden.depth.absRel);
    assert.equal(meter.value().pixels, golden.depth.pixels);
  });

  it("refuses values outside, and counts nothing then", () => {
    const iou = new MeanIou({ classes: 3 });
    assert.throws(
      () => iou.add([0, 1], [0, 3]),
      /tasks.dense.MeanIou: a label must be a class of 0..2, or 255, received 3/,
    );
    assert.throws(() => iou.add([0, 3], [0, 1]), /a prediction must be a class of 0..2, received 3/);
    assert.throws(() => iou.add([0], [0, 1]), /must have the same number of values, received \[1, 2\]/);
    assert.equal(iou.value().pixels, 0);
    assert.throws(() => new MeanIou({ classes: 0 }), /classes must be a whole number of 1..65535, received 0/);
    assert.throws(() => new MaxF().add([2], [1]), /a prediction must lie in 0..1, received 2/);
    assert.throws(() => new MaxF().add([0.5], [2]), /a label must be 0, 1 or 255, received 2/);
    assert.throws(() => new NormalError().add([1, 0], [1, 0]), /normals have 3 channels, received 2/);
    assert.throws(() => new DepthError().add([NaN], [1]), /a prediction must be finite, received NaN/);
  });
});

describe("deltaM", () => {
  const row = (semseg: number, parts: number, saliency: number, normals: number, boundary: number) =>
    ({ semseg, parts, saliency, normals, boundary }) as const;
  const nyud = (semseg: number, depth: number, normals: number, boundary: number) =>
    ({ semseg, depth, normals, boundary }) as const;

  it("gives the published values of arXiv 2410.14633 and 2606.03444", () => {
    const single = row(80.25, 70.54, 84.54, 13.57, 74.22);
    near(deltaM(row(81.88, 74.3, 84.79, 14.02, 74.09), single), 0.833, 5e-4);
    near(deltaM(row(76.76, 65.26, 84.39, 13.98, 70.37), single), -4.044, 5e-4);
    near(deltaM(row(82.2, 75.34, 84.81, 13.47, 75.92), single), 2.516, 5e-4);
    const singleNyud = nyud(51.15, 0.5792, 19.77, 77.35);
    near(deltaM(nyud(59.93, 0.4942, 17.6, 78.6), singleNyud), 11.108, 5e-4);
    near(deltaM(nyud(49.27, 0.5823, 19.92, 75.88), singleNyud), -1.717, 5e-4);
  });

  it("refuses other tasks and values that cannot be divided by", () => {
    assert.throws(
      () => deltaM({ depth: 1 }, { normals: 1 }),
      /tasks.dense.deltaM: both scores must be of the same tasks/,
    );
    assert.throws(() => deltaM({}, {}), /same tasks/);
    assert.throws(() => deltaM({ depht: 1 }, { depht: 1 }), /task must be one of semseg, .*, received "depht"/);
    assert.throws(() => deltaM({ depth: 1 }, { depth: 0 }), /scores of depth must be numbers/);
  });
});
