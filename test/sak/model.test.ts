import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import type { FeatureLevel } from "../../kernel/features/index.ts";
import { models, nn, sak, tasks, tf } from "./names.ts";
import { close, CONFIG, fill, make, picture, stem, stir, values } from "./students.ts";

describe("students of several teachers", () => {
  before(() => nn.start("native"));
  beforeEach(() => nn.manualSeed(0));

  it("starts as published: small weights, zero biases, a scale of 1, norms of 1 and 0", async () => {
    const model = new sak.Sak({ ...CONFIG, stem: { ...stem, embedDim: 64 } });
    for (const [name, { value }] of model.namedParameters()) {
      if (name.startsWith("stem") || name.startsWith("heads")) continue;
      const data = values(value);
      if (/norm|scale/.test(name))
        assert.ok(
          data.every((one) => one === (/bias/.test(name) ? 0 : 1)),
          name,
        );
      else if (/bias/.test(name))
        assert.ok(
          data.every((one) => one === 0),
          name,
        );
      else {
        const spread = Math.sqrt(data.reduce((sum, one) => sum + one * one, 0) / data.length);
        assert.ok(data.every((one) => Math.abs(one) <= 2) && spread > 0.016 && spread < 0.024, `${name}: ${spread}`);
      }
    }
    const { bias, weight } = model.heads.get("semseg")!.projections[0];
    const bound = 1 / Math.sqrt(64);
    for (const parameter of [weight, bias!]) assert.ok((await parameter.read()).every((one) => Math.abs(one) <= bound));
    assert.ok((await bias!.read()).some((one) => one !== 0));
    assert.deepEqual([model.stem.blocks[0].norm1.eps, model.paths.get("dino")!.norms[0].eps], [1e-6, 1e-5]);
    assert.equal(model.routers.get("depth")![1].norm.eps, 1e-5);
  });

  it("takes the last block of each quarter as levels", () => {
    const levels = (depth: number): readonly FeatureLevel[] => {
      const model = make({ stem: { ...stem, depth }, levels: undefined, tasks: {} });
      const found = model.config.levels;
      model.dispose();
      return found;
    };
    assert.deepEqual(levels(12), [2, 5, 8, 11]);
    assert.deepEqual(levels(24), [5, 11, 17, 23]);
    assert.throws(() => levels(6), /sak\.Sak: levels must be given unless the depth is a multiple of 4, received 6/);
  });

  it("starts from the weights of a vision transformer, without its final norm and head", async () => {
    const origin = new models.VisionTransformer({ ...stem, numClasses: 4 }).eval();
    const x = picture();
    const expected = origin.forwardIntermediates(x, { outputFmt: "NLC" }).intermediates.map(values);
    const model = make({ levels: [0, 1] });
    for (const names of ["timm", "vit"] as const) {
      for (const { weight } of model.paths.get("dino")!.norms) fill(weight, 1);
      fill(model.stem.posEmbed!, 0);
      const report = sak.loadStem(model, await models.vitState(origin, { names }));
      assert.deepEqual(report.missing, []);
      assert.ok(report.ignored.some((name) => name.startsWith("norm.")) && report.names === names);
      assert.deepEqual(model.features(x).stem.map(values), expected);
    }
    const larger = make({ stem: { ...stem, imgSize: 16 } });
    const stored = await models.vitState(origin);
    assert.throws(() => sak.loadStem(larger, stored, { resample: false }), /mis-shaped: pos_embed \[1,10,8\]/);
    sak.loadStem(larger, stored);
    stored.delete("blocks.1.norm1.bias");
    assert.throws(() => sak.loadStem(model, stored), /missing: blocks\.1\.norm1\.bias/);
    assert.throws(() => sak.loadStem(model, new Map()), /sak\.loadStem: names must be those of timm or transformers/);
  });

  it("weighs about evenly at the start, with noise of about 0.703", () => {
    const model = make();
    const router = model.routers.get("semseg")![0];
    const z = tf.randomNormal([2, 9, 8], 0, 1, "float32", 2);
    close(values(router.forward(z)), new Array<number>(8).fill(0.25), 0.02);
    const [, spread] = tf.split(router.logits(z), 2, -1);
    const noise = values(tf.add(tf.softplus(spread), 0.01));
    close(noise, new Array<number>(8).fill(0.703), 0.03);
  });

  it("weighs experts: at least 0, sum 1, the same in every evaluation", () => {
    const model = make();
    stir(model);
    const [first, again] = [0, 1].map(() => model.weights(picture()));
    for (const task of model.tasks) {
      assert.deepEqual(first[task].shape, [2, 2, 4]);
      assert.deepEqual(values(first[task]), values(again[task]));
      assert.ok(values(first[task]).every((weight) => weight >= 0));
      close(values(tf.sum(first[task], -1)), [1, 1, 1, 1]);
    }
    assert.notDeepEqual(values(first.semseg), values(first.depth));
  });

  it("gives each expert the same share after a zero last layer", () => {
    const model = make();
    for (const router of [...model.routers.values()].flat())
      for (const parameter of router.fc2.namedParameters().values()) fill(parameter, 0);
    close(values(model.weights(picture()).depth), new Array<number>(16).fill(0.25));
  });

  it("makes noise in training alone, with a standard deviation of at least 0.01", () => {
    const router = new sak.SakRouter(8, 3).train();
    fill(router.fc2.weight, 0);
    // softplus(-100) is 0, so that only the floor remains.
    router.fc2.bias!.assign(Float32Array.of(0, 0, 0, -100, -100, -100));
    const z = tf.randomNormal([4000, 2, 8], 0, 1, "float32", 3);
    const logs = values(tf.log(router.forward(z)));
    const differences = Array.from({ length: 4000 }, (_, i) => logs[3 * i] - logs[3 * i + 1]);
    const spread = Math.sqrt(differences.reduce((sum, one) => sum + one * one, 0) / 4000);
    assert.ok(Math.abs(spread / Math.SQRT2 - 0.01) < 0.0006, `${spread}`);
    close(values(router.eval().forward(z)), new Array<number>(12_000).fill(1 / 3));
  });

  it("draws the noise of a training from the seeded generator", () => {
    const router = new sak.SakRouter(8, 3).train();
    const z = tf.ones([2, 2, 8]);
    const draw = (seed: number): number[] => {
      nn.manualSeed(seed);
      return values(router.forward(z));
    };
    assert.deepEqual(draw(1), draw(1));
    assert.notDeepEqual(draw(1), draw(2));
  });

  it("knows its number of experts, with and without noise", () => {
    for (const noisyGating of [true, false])
      assert.equal(new sak.SakRouter(8, 3, { noisyGating }).experts, 3, `noisyGating ${noisyGating}`);
  });

  it("keeps the topK largest weights and makes the others exactly 0, the first of equal ones staying", () => {
    const router = new sak.SakRouter(8, 4, { noisyGating: false, topK: 2 }).eval();
    const weights = values(
      router.weights(
        tf.tensor([
          [1, 3, 2, 0],
          [5, 5, 5, 5],
        ]),
      ),
    );
    const share = 1 / (1 + Math.exp(-1));
    close(weights, [0, share, 1 - share, 0, 0.5, 0.5, 0, 0]);
    assert.deepEqual(
      weights.map((weight) => weight === 0),
      [true, false, false, true, false, false, true, true],
    );
  });

  it("permutes weights with the teachers and their rows, and leaves the prediction", async () => {
    const model = make();
    stir(model);
    const other = make({ teachers: ["sam", "dino", "clip"] });
    const state = await nn.stateOf(model);
    // Experts of `other` in the order of `model`: stem, sam, dino, clip; clean rows, then those of the noise.
    const order = [0, 3, 1, 2, 4, 7, 5, 6];
    for (const [name, tensor] of state) {
      if (!/routers.*fc2/.test(name)) continue;
      const data = tensor.data as Float32Array;
      const width = data.length / 8;
      const moved = order.flatMap((row) => [...data.subarray(row * width, (row + 1) * width)]);
      state.set(name, { ...tensor, data: Float32Array.from(moved) });
    }
    nn.loadState(other, state);
    const x = picture();
    const [mine, theirs] = [model.weights(x).semseg, other.weights(x).semseg];
    close(values(tf.gather(mine, [0, 3, 1, 2], 2)), values(theirs));
    close(values(model.forward(x).semseg), values(other.forward(x).semseg), 1e-5);
  });

  it("sums the streams where the scale is 0, and is close to that at the start, but not the identity", () => {
    const model = make();
    const x = picture();
    const path = model.paths.get("dino")!;
    const { intermediates, embeddings } = model.stem.forwardIntermediates(x, {
      outputFmt: "NLC",
      returnEmbeddings: true,
    });
    const streams = [embeddings!, ...intermediates];
    const norm = new nn.LayerNorm(8);
    const sums = [norm.forward(streams[0]), norm.forward(tf.addN(streams))];
    const atStart = path.forward(streams).map(values);
    atStart.forEach((found, i) => close(found, values(sums[i]), 0.05));
    assert.notDeepEqual(atStart[1], values(sums[1]));
    for (const { scale } of path.adapters) fill(scale, 0);
    path.forward(streams).forEach((found, i) => close(values(found), values(sums[i]), 1e-5));
  });

  it("computes the stem without a look at the paths", () => {
    const model = make();
    const x = picture();
    const before = model.features(x).stem.map(values);
    for (const path of model.paths.values()) for (const { up } of path.adapters) fill(up.weight, 3);
    assert.deepEqual(model.features(x).stem.map(values), before);
    const alone = model.stem.forwardIntermediates(x, { outputFmt: "NLC", indices: [1] }).intermediates[0];
    assert.deepEqual(values(alone), before[1]);
  });

  it("predicts the same with and without aligners", () => {
    const model = make({ teachers: [{ name: "wide", width: 12 }] });
    const x = picture();
    const before = values(model.forward(x).semseg);
    assert.equal(model.paths.get("wide")!.align(model.features(x).paths.wide)[0].shape[2], 12);
    assert.deepEqual(values(model.dropAligners().forward(x).semseg), before);
    assert.ok(![...model.namedParameters().keys()].some((name) => name.includes("aligners")));
  });

  it("predicts at another size from the grid on which the heads join their levels", () => {
    const model = make();
    stir(model);
    const x = picture();
    const small = model.forward(x, { outputSize: [3, 3] });
    assert.deepEqual(small.depth.shape, [2, 1, 3, 3]);
    const resized = tasks.dense.resizeBilinear(small.semseg, [12, 12]);
    assert.deepEqual(values(model.forward(x).semseg), values(resized));
    for (const size of [[3], [0, 3], 3, null])
      assert.throws(
        () => model.forward(x, { outputSize: size as never }),
        /sak\.Sak\.forward: outputSize must be two whole numbers of at least 1/,
      );
  });

  it("mixes one task alone as all together", () => {
    const model = make();
    stir(model);
    const x = picture();
    const both = model.forward(x);
    close(values(model.forward(x, { tasks: ["depth"] }).depth), values(both.depth));
    model.bypass("clip");
    const without = values(model.forward(x).semseg);
    model.bypass("clip", false).remove("clip");
    close(without, values(model.forward(x).semseg));
  });

  it("adds stem and paths without routers, the same for every task", () => {
    const model = make({ router: "none" });
    assert.equal(model.routers.size, 0);
    assert.ok(model.forward(picture()).semseg.shape.join() === "2,3,12,12");
    assert.throws(() => model.weights(picture()), /sak\.Sak\.weights: the student must have routers, received "none"/);
    assert.throws(() => model.setRoutes([{ weights: [1, 0, 0, 0] }]), /routes need a student with routers/);
  });

  it("leaves no tensor behind", () => {
    const before = tf.memory().numTensors;
    const model = make({ teachers: ["dino", { name: "wide", width: 12 }] });
    const x = picture();
    tf.dispose([model.forward(x), model.weights(x), model.features(x)] as never);
    model.add("new", { width: 3 }).remove("dino").replace("wide", "other").replace("other", "last", { logit: -2 });
    tf.dispose([model.forward(x) as never, x]);
    model.dispose();
    assert.equal(tf.memory().numTensors, before);
  });

  it("refuses configurations that cannot be, by name", () => {
    const cases: [Partial<sak.SakConfig>, RegExp][] = [
      [{ teachers: [] }, /sak\.Sak: there must be a teacher/],
      [{ teachers: ["a", "a"] }, /names of teachers must differ, received \[a, a\]/],
      [{ teachers: ["zoo/dino"] }, /letters, digits, - and _, received "zoo\/dino"/],
      [{ teachers: [{ name: "a", width: 0 }] }, /the width of a must be a whole number above 0, received 0/],
      [{ tasks: { semseg: 0 } }, /task semseg needs a whole number of channels, received 0/],
      [{ tasks: { "a.b": 1 } }, /a task's name must consist of letters/],
      [{ levels: [1, 1] }, /levels must name at least one level, each once/],
      [{ levels: [2] }, /levels are "stem" and 0\.\.1, received 2/],
      [{ levels: [-1] }, /levels are "stem" and 0\.\.1, received -1/],
      [{ topK: 5 }, /topK must be null or a whole number of 1\.\.4, received 5/],
      [{ headWidth: 6 }, /headWidth must be a multiple of 4, received 6/],
      [{ router: "moe" as never }, /router must be mor or none, received "moe"/],
      [{ teacher: [] } as never, /options are stem, teachers.*received "teacher"/],
    ];
    for (const [options, message] of cases) assert.throws(() => make(options), message);
    assert.throws(() => make().forward(picture(), { tasks: ["parts"] }), /sak\.Sak\.forward: tasks are semseg, depth/);
  });
});
