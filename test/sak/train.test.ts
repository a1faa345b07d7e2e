import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import type { PlainFeatureMap } from "../../kernel/features/index.ts";
import { type models, nn, sak, tf, train, type Tensor } from "./names.ts";
import { hashParameters } from "../../kernel/train/update/stages.ts";

const stem: models.VitConfig = { imgSize: 8, patchSize: 4, embedDim: 8, depth: 2, numHeads: 2 };
const CONFIG: sak.SakConfig = {
  stem,
  teachers: ["dino", { name: "clip", width: 6 }],
  levels: ["stem", 1],
  tasks: { depth: 1, saliency: 1 },
};
const SHAPE = [2, 3, 8, 8] as const;

type Labels = Record<string, number[]>;
type Batch = Required<sak.TaskBatch<Labels>>;

const folder = mkdtempSync(join(tmpdir(), "fovea-sak-"));
after(() => rmSync(folder, { recursive: true }));

function draw(count: number, random: nn.Prng): Float32Array {
  return Float32Array.from({ length: count }, () => random.normal());
}

/** Pictures with random teachers on unequal grids. */
function batch(index: number): Batch {
  const random = new nn.Prng(index, "batch");
  const map = (channels: number, grid: [number, number]): PlainFeatureMap => ({
    data: draw(2 * grid[0] * grid[1] * channels, random),
    grid,
    channels,
  });
  return {
    pixels: draw(2 * 3 * 8 * 8, random),
    shape: SHAPE,
    teachers: { dino: [map(8, [2, 2]), map(8, [2, 2])], clip: [map(6, [3, 3]), map(6, [1, 2])] },
    labels: { depth: [...draw(2, random)], saliency: [...draw(2, random)] },
  };
}

const data: train.BatchSource<Batch> = { length: 4, batch: (_, index) => batch(index) };

/** Squared distance of the picture's mean to its label. */
const taskLoss = (name: string): sak.SakTaskLoss<Labels> => ({
  loss: (prediction, labels) => nn.mse(tf.mean(prediction, [1, 2, 3]), tf.tensor(labels[name])),
  weight: name === "depth" ? 1 : 5,
});
const tasks = { depth: taskLoss("depth"), saliency: taskLoss("saliency") };

function make(options: Partial<sak.SakConfig> = {}): sak.Sak {
  nn.manualSeed(7);
  return new sak.Sak({ ...CONFIG, ...options });
}

async function state(model: nn.Module): Promise<Record<string, string>> {
  return Object.fromEntries(await hashParameters(model.namedParameters()));
}

/** First parts of the names of parameters that changed. */
function roomsOf(before: Record<string, string>, after: Record<string, string>): string[] {
  const names = Object.keys(after).filter((name) => before[name] !== after[name]);
  return [...new Set(names.map((name) => name.split(".")[0]))].sort();
}

describe("training a student of several teachers", () => {
  before(() => nn.start("native"));
  beforeEach(() => nn.manualSeed(0));

  it("distils stem and paths, without tasks: no bit of routers and heads changes", async () => {
    const model = make();
    const before = await state(model);
    const result = await train.fit({
      model,
      data,
      loss: sak.distillationStep(model),
      stages: [sak.distillationStage(model, { steps: 3, learningRate: 1e-2 })],
    });
    assert.deepEqual(roomsOf(before, await state(model)), ["paths", "stem"]);
    assert.ok(result.stages[0].frozen.every(({ name }) => /^(routers|heads)\./.test(name)));
    assert.deepEqual(Object.keys(result.last!.metrics), ["kd dino", "kd clip"]);
    const { "kd dino": dino, "kd clip": clip } = result.last!.metrics;
    assert.ok(Math.abs(dino + clip - result.last!.loss) < 1e-5);
  });

  it("learns to equal its teachers", async () => {
    const model = make();
    const one = { length: 1, batch: () => batch(0) };
    const losses: number[] = [];
    const stages = [sak.distillationStage(model, { steps: 60, learningRate: 1e-2 })];
    await train.fit(
      { model, data: one, loss: sak.distillationStep(model), stages },
      ({ loss }) => void losses.push(loss),
    );
    assert.ok(losses[59] < losses[0] / 2, `${losses[0]} to ${losses[59]}`);
  });

  it("trains everything in the stage of tasks, the running statistics of the heads too", async () => {
    const model = make();
    const before = await state(model);
    const loss = sak.taskStep(model, { tasks });
    const { last } = await train.fit({ model, data, loss, stages: [sak.taskStage(model, { steps: 2 })], clipNorm: 10 });
    assert.deepEqual(roomsOf(before, await state(model)), ["heads", "paths", "routers", "stem"]);
    const { depth, saliency, "kd dino": dino, "kd clip": clip } = last!.metrics;
    assert.ok(Math.abs(depth + 5 * saliency + dino + clip - last!.loss) < 1e-4);
    const after = await state(model);
    assert.notEqual(before["heads.depth.bn.running_mean"], after["heads.depth.bn.running_mean"]);
  });

  it("keeps what an option freezes, and proves it", async () => {
    const cases: [sak.SakStageOptions, string[]][] = [
      [{ freezeStem: true }, ["heads", "paths", "routers"]],
      [{ freezeAllButRouters: true }, ["heads", "routers"]],
    ];
    for (const [options, expected] of cases) {
      const model = make();
      const before = await state(model);
      const stages = [sak.taskStage(model, { ...options, steps: 2, learningRate: 1e-2 })];
      const result = await train.fit({ model, data, loss: sak.taskStep(model, { tasks }), stages });
      const after = await state(model);
      assert.deepEqual(roomsOf(before, after), expected);
      const frozen = Object.fromEntries(result.stages[0].frozen.map(({ name, hash }) => [name, hash]));
      const kept = Object.keys(before).filter((name) => !expected.includes(name.split(".")[0]));
      assert.deepEqual(Object.keys(frozen).sort(), kept.sort());
      for (const name of kept) assert.equal(frozen[name], before[name]);
    }
  });

  it("trains LoRA on the stem in place of its weights", async () => {
    const model = make();
    const adapters = sak.loraStem(model, { r: 2, loraAlpha: 4 });
    assert.equal(adapters.matched("default").adapted.length, 4);
    const before = await state(model);
    const stages = [sak.distillationStage(model, { steps: 2, loraStem: true, learningRate: 1e-2 })];
    await train.fit({ model, data, loss: sak.distillationStep(model), stages });
    const after = await state(model);
    const changed = Object.keys(after).filter((name) => name.startsWith("stem") && before[name] !== after[name]);
    assert.ok(changed.length === 8 && changed.every((name) => name.includes("lora_")), changed.join());
  });

  it("resumes both stages to the same bits, with noise and dropped teachers", async () => {
    const path = join(folder, "resume.safetensors");
    const run = async (stopAt: number): Promise<{ model: sak.Sak; options: train.FitOptions<Batch> }> => {
      const model = make();
      const options: train.FitOptions<Batch> = {
        model,
        data,
        loss: sak.taskStep(model, { tasks, teacherDropping: 0.5 }),
        stages: [
          { ...sak.taskStage(model, { steps: 3, freezeStem: true, learningRate: 1e-2 }), name: "first" },
          sak.taskStage(model, { steps: 3, learningRate: 1e-2 }),
        ],
        checkpoint: { path },
        seed: 3,
      };
      if (stopAt === 0) return { model, options };
      const stop = new AbortController();
      await train.fit({ ...options, signal: stop.signal }, ({ step }) => void (step === stopAt && stop.abort()));
      return { model, options };
    };
    const whole = await state((await run(6)).model);
    for (const stopAt of [2, 4]) {
      rmSync(path);
      await run(stopAt);
      const { model, options } = await run(0);
      const { ended } = await train.fit({ ...options, resume: true });
      assert.equal(ended, "finished");
      assert.deepEqual(await state(model), whole);
    }
  });

  it("runs no teacher with alpha 0, and no task in the stage of distillation", () => {
    const model = make();
    const { pixels, shape, labels } = batch(0);
    const without = { pixels, shape, labels };
    const { metrics } = sak.taskStep(model, { tasks, alpha: 0 })(without);
    assert.deepEqual(Object.keys(metrics), ["depth", "saliency"]);
    assert.throws(() => sak.taskStep(model, { tasks })(without), /sak\.distill: dino needs a map for each of stem, 1/);
    const distilled = sak.distillationStep(make({ tasks: {} }))(batch(0));
    assert.deepEqual(Object.keys(distilled.metrics), ["kd dino", "kd clip"]);
  });

  it("keeps the hardest teacher of each picture when others are dropped, in training alone", () => {
    const model = make({ router: "none" });
    const one = batch(1);
    const of = (options: sak.DistillOptions, training: boolean): number => {
      model.train(training);
      return sak.distillationStep(model, options)(one).loss.dataSync()[0];
    };
    const full = of({}, true);
    // Nearly everything is dropped: the largest of each picture remains.
    const hardest = of({ teacherDropping: 1 - 1e-9 }, true);
    assert.ok(hardest < full && hardest >= full / 2, `${hardest} of ${full}`);
    assert.equal(of({ teacherDropping: 0.9 }, false), of({}, false));
  });

  it("sends gradients to stem, paths and aligners, and none to teachers", () => {
    const model = make();
    const { loss, gradients } = train.lossAndGradients(
      () => sak.distillationStep(model)(batch(0)).loss,
      model.namedParameters(),
    );
    const rooms = new Set([...gradients.keys()].map((name) => name.split(".")[0]));
    assert.deepEqual([...rooms].sort(), ["paths", "stem"]);
    assert.ok(gradients.has("paths.clip.aligners.1.weight"));
    train.disposeGradients({ loss, gradients });
  });

  it("has schedules as published", () => {
    const cosine = sak.distillationSchedule();
    assert.deepEqual(
      [cosine(0, 300), cosine(20, 300), cosine(300, 300)].map((x) => +(1e-3 * x).toPrecision(6)),
      [1.25e-7, 1e-3, 1e-5],
    );
    assert.ok(Math.abs(cosine(10, 300) - (1 + 1.25e-4) / 2) < 1e-12);
    assert.ok(Math.abs(cosine(160, 300) - 0.505) < 1e-12);
    const poly = sak.polynomial();
    assert.deepEqual([poly(0, 40), poly(20, 40), poly(40, 40)], [1, 0.5 ** 0.9, 0]);
  });

  it("refuses losses and stages that contradict each other", () => {
    const model = make();
    const cases: [() => unknown, RegExp][] = [
      [
        () => sak.distillationStage(model, { steps: 1, freezeAllButRouters: true }),
        /freezeAllButRouters must be false/,
      ],
      [() => sak.taskStage(model, { steps: 1, freezeStem: true, loraStem: true }), /exclude each other/],
      [() => sak.taskStage(model, { steps: 1, loraStem: true }), /the stem must have adapters from sak\.loraStem/],
      [() => sak.taskStage(make({ tasks: {} }), { steps: 1 }), /the student must have tasks/],
      [() => sak.taskStage(model, { step: 1 } as never), /options are name, .*received "step"/],
      [() => sak.taskStep(model, { tasks: {} }), /tasks must be some of depth, saliency/],
      [() => sak.taskStep(model, { tasks, alpha: -1 }), /alpha must be a number of at least 0, received -1/],
      [() => sak.distillationStep(model, { teacherDropping: 1 })(batch(0)), /teacherDropping must lie in \[0, 1\)/],
      [() => sak.distillationStep(model, { cosine: "patch" as never })(batch(0)), /cosine must be map or token/],
      [
        () => sak.distillationStep(model, { smoothWeight: -1 })(batch(0)),
        /smoothWeight must be a number of at least 0/,
      ],
      [() => sak.distillationSchedule({ start: 2 }), /must lie in \[0, 1\], received 2/],
      [() => sak.distillationSchedule({ warmup: 2 } as never), /options are warmupFraction, start, final/],
      [() => sak.taskStep(model, { tasks, beta: 1 } as never)(batch(0)), /options are cosine, .*received "beta"/],
      [() => sak.polynomial(0), /power must be a number above 0/],
    ];
    for (const [call, message] of cases) assert.throws(call, message);
    const wrong = (change: (maps: PlainFeatureMap[]) => PlainFeatureMap[]): (() => unknown) => {
      const one = batch(0);
      const dino = change([...one.teachers.dino]);
      return () => sak.distillationStep(model)({ ...one, teachers: { ...one.teachers, dino } });
    };
    assert.throws(
      wrong((maps) => maps.slice(1)),
      /dino needs a map for each of stem, 1, received 1/,
    );
    assert.throws(
      wrong(([a, b]) => [{ ...a, channels: 4 }, b]),
      /the maps of dino must have the width of its path, 8/,
    );
    assert.throws(
      wrong(([a, b]) => [{ ...a, grid: [3, 2] }, b]),
      /a map of dino must have 2 x 6 x 8 values, received 64/,
    );
  });
});

describe("distance of a student to a teacher", () => {
  before(() => nn.start("native"));

  const random = (shape: [number, number, number], seed: number): Tensor =>
    tf.randomNormal(shape, 0, 1, "float32", seed);
  const loss = (student: sak.GridTokens, teacher: sak.GridTokens, options: sak.DistillationOptions = {}): number =>
    tf.mean(sak.distillationLoss(student, teacher, options)).dataSync()[0];

  it("is 0 for equal maps, and for no others", () => {
    const tokens = random([2, 6, 4], 1);
    const one = { tokens, grid: [2, 3] as const };
    for (const options of [{}, { cosine: "token", relationalWeight: 1 }] as const) {
      assert.ok(Math.abs(loss(one, one, options)) < 1e-6);
      assert.ok(loss(one, { ...one, tokens: tf.add(tokens, 0.01) }, options) > 1e-6);
    }
  });

  it("has a cosine that ignores a positive factor, which the smooth part sees", () => {
    const [student, teacher] = [1, 2].map((seed) => ({ tokens: random([2, 6, 4], seed), grid: [2, 3] as const }));
    const double = { ...student, tokens: tf.mul(student.tokens, 2) };
    const cosine = { smoothWeight: 0 };
    assert.ok(Math.abs(loss(student, teacher, cosine) - loss(double, teacher, cosine)) < 1e-6);
    const smooth = { cosineWeight: 0, smoothWeight: 1 };
    assert.ok(Math.abs(loss(student, teacher, smooth) - loss(double, teacher, smooth)) > 0.05);
  });

  it("compares on the same grid, whichever map is smaller", () => {
    const small = { tokens: random([2, 6, 4], 1), grid: [2, 3] as const };
    const large = { tokens: random([2, 20, 4], 2), grid: [4, 5] as const };
    assert.ok(Math.abs(loss(small, large) - loss(large, small)) < 1e-6);
    // As many rows: the columns decide.
    const wide = { tokens: random([2, 10, 4], 3), grid: [2, 5] as const };
    assert.ok(Math.abs(loss(small, wide) - loss(wide, small)) < 1e-6);
  });

  it("refuses other widths, batches and grids", () => {
    const one = { tokens: random([2, 6, 4], 1), grid: [2, 3] as const };
    const cases: [sak.GridTokens, RegExp][] = [
      [{ ...one, tokens: random([2, 6, 5], 1) }, /the teacher's tokens must be \[2, N, 4\].*received \[2, 6, 5\]/],
      [{ ...one, tokens: random([3, 6, 4], 1) }, /the teacher's tokens must be \[2, N, 4\]/],
      [{ ...one, grid: [2, 2] }, /tokens of a grid 2 x 2 must be \[B, 4, C\]/],
    ];
    for (const [teacher, message] of cases) assert.throws(() => sak.distillationLoss(one, teacher), message);
  });
});
