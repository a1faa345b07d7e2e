import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { hashParameters } from "../../kernel/train/update/stages.ts";
import * as safetensors from "../../kernel/safetensors/index.ts";
import { assertSame, runOnnx } from "../models/onnx.ts";
import { models, nn, refine, tf, train } from "./names.ts";

const VIT: models.VitConfig = {
  ...models.vitConfig("aimv2_large_patch14_448"),
  imgSize: 8,
  patchSize: 4,
  embedDim: 8,
  depth: 1,
  numHeads: 2,
  hiddenDim: 8,
};
const WORDS = {
  vocab_size: 9,
  hidden_size: 8,
  intermediate_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
};

function make(encoderConfigs: refine.RefineConfig["encoders"] = [VIT]): refine.RefineModel {
  nn.manualSeed(5);
  return new refine.RefineModel({ encoders: encoderConfigs, languageModel: new models.LanguageModel(WORDS) });
}

const examples = Array.from({ length: 6 }, (_, i): refine.RefineExample => {
  const random = new nn.Prng(i);
  const pixels = Float32Array.from({ length: 192 }, () => random.normal());
  return { pixels, shape: [1, 3, 8, 8], prompt: [1, 2], text: [3 + (i % 4)] };
});
const sets =
  "captions,ocr,documents,video captions,open qa,mathematics,vqa,text,regions to captions,captions to regions";
const data = Object.fromEntries(sets.split(",").map((name) => [name, examples]));
const small = (steps = 3): refine.RefinePlan => refine.plan("sailvit", { steps, batchSize: 4 });

const folder = mkdtempSync(join(tmpdir(), "fovea-refine-"));
after(() => rmSync(folder, { recursive: true }));

const stateOf = async (model: nn.Module): Promise<Record<string, string>> =>
  Object.fromEntries(await hashParameters(model.namedParameters()));

describe("refine.plan", () => {
  it("is SAILViT's by default: nested sets, falling rates, printed", () => {
    const plan = refine.plan();
    assert.deepEqual(
      plan.stages.map(({ train }) => train),
      [["connector"], ["vision", "connector"], ["vision", "connector", "language_model"]],
    );
    assert.deepEqual(
      plan.stages.map(({ learningRate, batchSize }) => [learningRate, batchSize]),
      [
        [2e-4, 1920],
        [2e-5, 512],
        [1e-5, 512],
      ],
    );
    assert.match(String(plan), /trained sets are nested: \{connector\} ⊆ \{vision, connector\} ⊆/);
    assert.match(String(plan), /rates fall strictly: 0\.0002 > 0\.00002 > 0\.00001/);
  });

  it("has GranViT's, which does not nest and says so", () => {
    const plan = refine.plan("granvit");
    assert.deepEqual([plan.nested, plan.falling], [false, true]);
    assert.match(String(plan), /are not nested/);
  });

  const stage: refine.RefineStage = {
    name: "one",
    train: ["connector"],
    data: ["captions"],
    learningRate: 1e-3,
    batchSize: 2,
    steps: 1,
  };
  const two = (second: Partial<refine.RefineStage>): refine.RefinePlanSpec => ({
    name: "mine",
    stages: [stage, { ...stage, name: "two", learningRate: 1e-4, ...second }],
  });

  it("gives the stages of train.fit their rate and decay, none where none is named", () => {
    const model = make();
    const groups = (second: Partial<refine.RefineStage>) =>
      refine
        .stages(refine.plan(two(second)), model)
        .map((made) => made.groups.map(({ learningRate, weightDecay }) => [learningRate, weightDecay]));
    assert.deepEqual(groups({ weightDecay: 0.1 }), [[[stage.learningRate, 0]], [[1e-4, 0.1]]]);
    model.dispose();
  });

  it("takes one's own, with parts of the hierarchy", () => {
    const plan = refine.plan(two({ train: ["connector", "vision.encoders.0"] }));
    assert.equal(plan.nested, true);
    assert.equal(refine.plan(two({}), { only: ["two"] }).stages.length, 1);
    assert.deepEqual(
      refine
        .plan(two({}), { steps: [5, 6], learningRates: [2, 1] })
        .stages.map(({ steps, learningRate }) => [steps, learningRate]),
      [
        [5, 2],
        [6, 1],
      ],
    );
  });

  const refused: [what: string, spec: () => unknown, rule: RegExp][] = [
    [
      "sets that are not nested",
      () => refine.plan(two({ train: ["vision"] })),
      /stage two must train all of stage one \(connector\), received \[vision\]/,
    ],
    [
      "rates that rise",
      () => refine.plan(two({ learningRate: 1e-2 })),
      /rate of stage two must be below that of stage one \(0.001\), received 0.01/,
    ],
    ["equal rates", () => refine.plan(two({ learningRate: 1e-3 })), /must be below/],
    ["names twice", () => refine.plan(two({ name: "one" })), /different names, received "one"/],
    ["no group", () => refine.plan(two({ train: [] })), /must train a group/],
    [
      "a group within a group",
      () => refine.plan(two({ train: ["vision", "vision.encoders.0"] })),
      /must not lie in each other/,
    ],
    ["no data", () => refine.plan(two({ data: [] })), /must name its data/],
    [
      "steps and epochs",
      () => refine.plan(two({ epochs: 1 })),
      /needs steps or epochs, one of them, received \[1, 1\]/,
    ],
    ["no length", () => refine.plan(two({ steps: undefined })), /needs steps or epochs/],
    ["half a batch", () => refine.plan(two({ batchSize: 0.5 })), /batchSize of stage two/],
    ["another schedule", () => refine.plan(two({ schedule: "step" as never })), /schedules are cosine/],
    ["a misspelt key", () => refine.plan(two({ rate: 1 } as never)), /options are name, train/],
    ["no stage", () => refine.plan({ name: "none", stages: [] }), /there must be a stage/],
    ["an unknown plan", () => refine.plan("sail" as never), /plans are sailvit, granvit, received "sail"/],
    ["a stage that is a text", () => refine.plan("sailvit", { only: "x" as never }), /only must be an array/],
    [
      "a rate for a list",
      () => refine.plan("sailvit", { learningRates: 1 as never }),
      /learningRates must be an array/,
    ],
    ["null", () => refine.plan(null as never), /options must be an object/],
    ["null as a stage", () => refine.plan({ name: "none", stages: [null as never] }), /options must be an object/],
    ["null as a kept stage", () => refine.plan({ name: "none", stages: [null as never] }, { only: ["x"] }), /options/],
    ["an unknown stage", () => refine.plan("sailvit", { only: ["fine"] }), /stages are coarse alignment/],
    [
      "a list of another length",
      () => refine.plan("sailvit", { steps: [1, 2] }),
      /steps must have a value for each of 3 stages, received 2/,
    ],
  ];
  for (const [what, spec, rule] of refused)
    it(`refuses ${what}`, () =>
      assert.throws(spec, (error: Error) => error.name === "RefineError" && rule.test(error.message)));
});

describe("refine.train", () => {
  before(() => nn.start("wasm"));

  it("changes exactly the groups of each stage, and hands over the same bits", async () => {
    const model = make();
    const losses: number[] = [];
    const batch = refine.batch(examples.slice(0, 4));
    const seen: Record<string, string>[] = [];
    const { ended, stages } = await refine.train({
      model,
      plan: small(),
      data,
      onStage: async (model, finished) => {
        seen[finished] = await stateOf(model);
        losses.push(tf.tidy(() => refine.loss(model, batch).dataSync()[0]));
      },
    });
    assert.equal(ended, "finished");
    assert.deepEqual(
      stages.map(({ changed }) => changed),
      [["connector"], ["vision", "connector"], ["vision", "connector", "language_model"]],
    );
    assert.deepEqual(
      stages.map(({ kept }) => kept),
      [["vision", "language_model"], ["language_model"], []],
    );
    assert.deepEqual(stages[0].after, stages[1].before);
    assert.deepEqual(stages[1].after, stages[2].before);
    assert.equal(losses.length, 4);
    assert.equal(seen.length, 4);
  });

  it("goes on after a stop within a stage and between stages to the same bits", async () => {
    const whole = make();
    await refine.train({ model: whole, plan: small(), data, seed: 4 });
    const expected = await stateOf(whole);
    for (const stopAt of [2, 3, 5]) {
      const place = join(folder, `stop-${stopAt}`);
      const stop = new AbortController();
      let updates = 0;
      const first = await refine.train({
        model: make(),
        plan: small(),
        data,
        seed: 4,
        folder: place,
        signal: stop.signal,
        onProgress: () => void (++updates === stopAt && stop.abort()),
      });
      assert.equal(first.ended, "stopped");
      const model = make();
      const { ended } = await refine.train({ model, plan: small(), data, seed: 4, folder: place, resume: true });
      assert.equal(ended, "finished");
      assert.deepEqual(await stateOf(model), expected, `stopped after ${stopAt}`);
    }
  });

  it("trains one encoder of a hierarchy alone, and a plan in train.fit", async () => {
    const model = make([VIT, { vit: { ...VIT, embedDim: 4, numHeads: 1 }, indices: [0] }]);
    const before = await stateOf(model);
    const plan = refine.plan({
      name: "second encoder",
      stages: [
        { name: "one", train: ["vision.encoders.1"], data: ["vqa"], learningRate: 1e-3, batchSize: 2, steps: 3 },
      ],
    });
    await refine.train({ model, plan, data });
    const after = await stateOf(model);
    const changed = Object.keys(after).filter((name) => before[name] !== after[name]);
    // The final norm lies behind the chosen block.
    assert.ok(changed.length > 5 && changed.every((name) => name.startsWith("vision.encoders.1.")));
    const result = await train.fit({
      model,
      stages: refine.stages(small(1), model),
      data: train.batches(examples, { batchSize: 2 }),
      loss: (batch) => refine.loss(model, refine.batch(batch)),
    });
    assert.equal(result.stages.length, 3);
  });

  it("refuses data that are missing, a group that is none, and a folder of another plan", async () => {
    const model = make();
    const { text, ...rest } = data;
    for (const wrong of [{}, { model }, { model, plan: {} }, { model: 5, plan: small(), data }])
      await assert.rejects(refine.train(wrong as never), /refine\.train: (model|plan) must be/);
    for (const none of [null, undefined, 5, { text: 5 }])
      await assert.rejects(refine.train({ model, plan: small(), data: none as never }), /refine\.train: data /);
    assert.ok(text);
    await assert.rejects(
      refine.train({ model, plan: small(), data: rest }),
      /data of stage world knowledge must hold examples.*received "text"/,
    );
    await assert.rejects(refine.train({ model, plan: small(), data, resume: true }), /resume needs a folder/);
    const one = { name: "x", train: ["visions"], data: ["vqa"], learningRate: 1, batchSize: 1, steps: 1 };
    const wrong = refine.plan({ name: "wrong", stages: [one] });
    await assert.rejects(refine.train({ model, plan: wrong, data }), /must name a parameter/);
    const place = join(folder, "other");
    await refine.train({
      model,
      plan: refine.plan({ name: "x", stages: [{ ...one, train: ["connector"] }] }),
      data,
      folder: place,
    });
    await assert.rejects(
      refine.train({ model, plan: small(), data, folder: place, resume: true }),
      /must be of stage coarse alignment; another plan needs another folder, received "x"/,
    );
  });
});

describe("refine.saveVision", () => {
  before(() => nn.start("wasm"));

  it("gives the features that the encoder had inside, from safetensors and ONNX", async () => {
    const model = make();
    await refine.train({ model, plan: small(), data });
    const pixels = tf.tensor(examples[0].pixels, [1, 3, 8, 8]);
    const inside = model.vision.forward(pixels).dataSync();
    const [{ weights, onnx }] = await refine.saveVision(model, join(folder, "vision"));
    const { tensors } = await safetensors.read(weights);
    assert.ok([...tensors.keys()].every((name) => !/connector|language/.test(name)));
    const { model: alone } = await models.loadVit(weights, { config: VIT });
    assert.deepEqual(alone.forwardFeatures(pixels).dataSync(), inside);
    const { output } = await runOnnx(onnx, new Map([["pixel_values", pixels]]), ["output"]);
    assertSame(output, model.vision.forward(pixels), 1e-5, "tokens of the written encoder");
  });
});
