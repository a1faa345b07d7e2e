import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Encoder, Preprocess } from "../../kernel/encoders/index.ts";
import * as encoders from "../../kernel/encoders/index.ts";
import * as features from "../../kernel/features/index.ts";
import { nn, sak, tf, train } from "./names.ts";

const images = features.worldPictures({ count: 6, size: 64 });

let folder: string;
let dino: Encoder;
let plan: Preprocess;
let hash: string;

const extract = (out: string, more: Partial<features.ExtractOptions> = {}) =>
  features.extract({ encoder: dino, images, out: join(folder, out), indices: ["stem", 1], progress: false, ...more });

const cached = (more: Partial<sak.CachedTeacher> = {}): sak.CachedTeacher => ({
  folder: join(folder, "dino"),
  indices: ["stem", 1],
  ...more,
});

const make = (more: Partial<sak.SakBatchOptions> = {}) =>
  sak.batches({ images, preprocess: plan, teachers: { dino: cached() }, batchSize: 2, seed: 4, ...more });

before(async () => {
  await nn.start("native");
  folder = mkdtempSync(join(tmpdir(), "fovea-sak-batches-"));
  dino = await encoders.load("zoo/dino-hybrid", { device: "cpu" });
  plan = dino.info.preprocess as Preprocess;
  ({ hash } = await extract("dino", { dtype: "f16" }));
});
after(async () => {
  await dino.dispose();
  rmSync(folder, { recursive: true });
});

describe("batches for a distillation", () => {
  it("read a teacher's levels in the order of features.batches, with the pictures that it saw", async () => {
    const source = await make();
    const stored = await features.open(join(folder, "dino"));
    const plain = features.batches(stored, { indices: ["stem", 1], batchSize: 2, seed: 4 });
    assert.equal(source.length, 3);
    for (const [epoch, index] of [
      [0, 0],
      [0, 2],
      [1, 1],
    ] as const) {
      const [mine, theirs] = [await source.batch(epoch, index), await plain.batch(epoch, index)];
      assert.deepEqual(mine.paths, theirs.paths);
      assert.deepEqual(
        mine.teachers.dino.map(({ data }) => data),
        theirs.maps.map(({ data }) => data),
      );
      assert.deepEqual([...mine.shape], [2, 3, ...plan.inputSize]);
    }
    const { paths, pixels } = await source.batch(0, 0);
    const drawn = await images.draw(paths[1], images.names.indexOf(paths[1]));
    const { pixelValues } = await encoders.preprocess([drawn.picture], plan);
    assert.deepEqual(pixels.subarray(pixelValues.length), pixelValues);
  });

  it("ask a live teacher for the same numbers, up to half precision", async () => {
    const live = await make({ teachers: { dino: { encoder: dino, indices: ["stem", -2] } } });
    const depth = dino.info.depth;
    const other = await make({ teachers: { dino: { encoder: dino, indices: ["stem", depth - 2] } } });
    const stored = await make();
    const [a, b, c] = await Promise.all([live, stored, other].map((one) => one.batch(0, 0)));
    assert.deepEqual(
      a.teachers.dino.map(({ data }) => data),
      c.teachers.dino.map(({ data }) => data),
    );
    const [mine, theirs] = [a.teachers.dino[0].data, b.teachers.dino[0].data];
    const most = theirs.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    assert.ok(mine.every((value, i) => Math.abs(value - theirs[i]) < most / 500));
  });

  it("train a student, with labels", async () => {
    nn.manualSeed(1);
    const [side] = plan.inputSize;
    const { channels } = dino.featureInfo[0];
    const stem = { imgSize: side, patchSize: side / 4, embedDim: 16, depth: 2, numHeads: 2 };
    const teachers = [{ name: "dino", width: channels }];
    const model = new sak.Sak({ stem, teachers, levels: ["stem", 1], tasks: { number: 1 } });
    const labels = (paths: readonly string[]): number[] => paths.map((path) => images.names.indexOf(path) / 6);
    const data = await sak.batches({ images, preprocess: plan, teachers: { dino: cached() }, batchSize: 2, labels });
    const number: sak.SakTaskLoss<number[]> = {
      loss: (prediction, given) => nn.mse(tf.mean(prediction, [1, 2, 3]), tf.tensor(given)),
    };
    const losses: number[] = [];
    await train.fit(
      {
        model,
        data,
        loss: sak.taskStep(model, { tasks: { number } }),
        stages: [sak.taskStage(model, { steps: 4, learningRate: 1e-3 })],
      },
      ({ metrics }) => void losses.push(metrics["kd dino"]),
    );
    assert.ok(losses.length === 4 && losses.every((value) => value > 0));
    model.dispose();
  });

  it("demand the student's normalization with teacherInput shared", async () => {
    await make({ teacherInput: "shared" });
    const other = { ...plan, mean: [0.5, 0.25, 0.5] as [number, number, number] };
    await make({ preprocess: other });
    await assert.rejects(
      make({ preprocess: other, teacherInput: "shared" }),
      /sak\.batches: teacherInput shared needs .*0\.25.* in .*dino of dino, given as preprocess/,
    );
    await assert.rejects(
      make({ preprocess: other, teacherInput: "shared", teachers: { dino: { encoder: dino, indices: [0] } } }),
      /teacherInput shared needs/,
    );
    await assert.rejects(
      make({ teacherInput: "both" as never }),
      /teacherInput must be shared or own, received "both"/,
    );
  });

  it("refuse a cache of another teacher, other pictures, another part of them, or other levels", async () => {
    await make({ teachers: { dino: cached({ fingerprint: hash }) } });
    await assert.rejects(
      make({ teachers: { dino: cached({ fingerprint: "0".repeat(64) }) } }),
      new RegExp(`must hold the run 0{64} of dino, received "${hash}"`),
    );
    await assert.rejects(
      make({ teachers: { dino: cached({ indices: [0, 1] }) } }),
      /stored layers are stem, 1, received 0/,
    );
    await assert.rejects(make({ teachers: { dino: cached({ indices: [-1] }) } }), /stored layers are stem, 1/);
    await assert.rejects(make({ teachers: { dino: cached({ folder: join(folder, "none") }) } }), /features\.open/);
    await assert.rejects(
      make({ images: features.worldPictures({ count: 7, size: 64 }) }),
      /dino of dino must have features of every picture, received "train-6"/,
    );
    const larger = await make({ images: features.worldPictures({ count: 6, size: 128 }) });
    await assert.rejects(
      async () => larger.batch(0, 0),
      /dino of dino must hold features of train-\d with [0-9a-f]{64}, received/,
    );
    const [side] = plan.inputSize;
    const cropped = { ...plan, resize: "shortest-edge", resizeTo: [2 * side, 2 * side] } as Preprocess;
    const center = await make({ preprocess: cropped });
    await assert.rejects(
      async () => center.batch(0, 0),
      /dino must see the student's part of train-\d .*0\.25, 0\.25, 0\.75, 0\.75/,
    );
  });
});
