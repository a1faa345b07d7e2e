import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { jackknife } from "../../kernel/refine/jackknife.ts";
import type { Preprocess } from "../../kernel/encoders/preprocess/preprocess.ts";
import { models, nn, refine, tf } from "./names.ts";

const VIT: models.VitConfig = {
  ...models.vitConfig("aimv2_large_patch14_448"),
  imgSize: 16,
  patchSize: 4,
  embedDim: 8,
  depth: 2,
  numHeads: 2,
  hiddenDim: 8,
};
const LLAMA = {
  vocab_size: 9,
  hidden_size: 8,
  intermediate_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
};
const PREPROCESS: Preprocess = {
  inputSize: [16, 16],
  resize: "none",
  resizeTo: [16, 16],
  align: "center",
  interpolation: "bicubic",
  mean: [0.5, 0.5, 0.5],
  std: [0.5, 0.5, 0.5],
  rescale: 1 / 255,
  fill: "mean",
  cropRounding: "even",
};
const pictures = Array.from({ length: 4 }, (_, p) => {
  const random = new nn.Prng(p);
  const data = Uint8Array.from({ length: 3 * 256 }, () => Math.floor(256 * random.next()));
  return { data, width: 16, height: 16, channels: 3 as const };
});
const words = [1, 3, 5, 7].map((id) => ({ text: `word ${id}`, id }));

function make(encoders: refine.RefineConfig["encoders"] = [VIT]): refine.RefineModel {
  nn.manualSeed(5);
  return new refine.RefineModel({ encoders, languageModel: new models.LanguageModel(LLAMA) });
}

const example: refine.RefineExample = {
  pixels: Float32Array.from({ length: 768 }, (_, i) => Math.sin(i)),
  shape: [1, 3, 16, 16],
  prompt: [1, 2],
  text: [4],
};
const plan = refine.plan({
  name: "two",
  stages: [
    { name: "align", train: ["connector"], data: ["all"], learningRate: 1e-2, batchSize: 1, steps: 2 },
    { name: "both", train: ["connector", "vision"], data: ["all"], learningRate: 1e-3, batchSize: 1, steps: 2 },
  ],
});

describe("the jackknife", () => {
  it("is Student's interval of the mean for a mean", () => {
    const values = [2, 4, 4, 5, 9];
    const { average } = jackknife(5, (without) => {
      const left = values.filter((_, i) => i !== without);
      return { average: left.reduce((sum, value) => sum + value, 0) / left.length };
    });
    // Mean 4.8, sample deviation 2.5884, t = 2.7764 of 4 degrees of freedom.
    assert.ok(Math.abs(average.value - 4.8) < 1e-12);
    assert.ok(Math.abs((average.half as number) - 2.7764451 * (2.5884358 / Math.sqrt(5))) < 1e-5);
    assert.deepEqual(
      jackknife(1, () => ({ one: 3 })),
      { one: { value: 3, half: null } },
    );
  });
});

describe("refine.record", () => {
  before(() => nn.start("wasm"));

  it("takes a snapshot before training and after each stage", async () => {
    const model = make();
    const record = await refine.record({ plan, pictures, preprocess: PREPROCESS, words });
    assert.deepEqual(record.grid, [0, 0]);
    const tensors = (): number => tf.memory().numTensors;
    let before = 0;
    await refine.train({
      model,
      plan,
      data: { all: [example] },
      onStage: async (one, finished) => {
        before = tensors();
        await record.add(one, finished);
        assert.equal(tensors(), before, "nothing is left behind");
      },
    });
    assert.deepEqual(
      record.snapshots.map(({ name }) => name),
      ["start", "align", "both"],
    );
    assert.deepEqual(record.grid, [2, 2]);
    const [start, align, both] = record.snapshots;
    assert.equal(start.tokens.length, 4 * 4 * 8);
    assert.deepEqual(
      start.layers.map(({ name }) => name),
      ["block 1", "block 2", "connector", "words"],
    );
    assert.deepEqual(start.measures.cka.value, 1);
    // The connector trains first: the vision transformer's blocks have the same distribution, the tokens another one.
    assert.deepEqual(align.layers[1], start.layers[1]);
    assert.notDeepEqual(align.tokens, start.tokens);
    assert.notDeepEqual(both.layers[1], align.layers[1]);
    assert.deepEqual(both.words, start.words, "the language model is frozen in both stages");
    const gap = refine.gap({ data: both.tokens, width: 8 }, { data: both.words, width: 8 });
    for (const name of ["nearest", "meanDistance", "wasserstein", "gromovWasserstein"] as const) {
      assert.ok(Math.abs(both.measures[name].value - gap[name]) < 1e-9, name);
      assert.ok((both.measures[name].half as number) > 0, name);
    }
  });

  it("shows pictures as the model sees them, and takes the same tokens", async () => {
    const model = make().eval();
    const record = await refine.record({ plan, pictures, preprocess: PREPROCESS, words });
    assert.deepEqual([...record.images[1].data], [...pictures[1].data]);
    await record.add(model, 0);
    const pixels = Float32Array.from({ length: 768 }, (_, i) => {
      const [channel, place] = [Math.floor(i / 256), i % 256];
      return pictures[2].data[3 * place + channel] / 127.5 - 1;
    });
    const seen = tf.tidy(() => model.see(tf.tensor(pixels, [1, 3, 16, 16]), 1).dataSync());
    const own = record.snapshots[0].tokens.subarray(2 * 32, 3 * 32);
    assert.ok(own.every((value, i) => Math.abs(value - seen[i]) < 1e-5));
  });

  it("names the blocks of several encoders, and goes on where a run was resumed", async () => {
    const model = make([VIT, { ...VIT, depth: 1 }]);
    const record = await refine.record({ plan, pictures, preprocess: PREPROCESS, words, sample: 4 });
    await record.add(model, 0);
    await record.add(model, 1);
    await record.add(model, 0);
    assert.equal(record.snapshots.length, 1);
    assert.deepEqual(
      record.snapshots[0].layers.map(({ name }) => name),
      ["encoder 1, block 1", "encoder 1, block 2", "encoder 2, block 1", "connector", "words"],
    );
    await assert.rejects(record.add(model, 2), /whole number of 0 to 1, received 2/);
    await assert.rejects(record.add(null as never, 0), /model must be a RefineModel/);
  });

  it("refuses what cannot be measured", async () => {
    const all = { plan, pictures, preprocess: PREPROCESS, words };
    const cases: [RegExp, object][] = [
      [/plan must be one of refine\.plan/, { plan: "sailvit" }],
      [/pictures must be a list of at least 3/, { pictures: pictures.slice(0, 2) }],
      [/words must be a list of at least 2/, { words: [] }],
      [/a word must have a text and an id/, { words: [{ text: "a", id: 1.5 }, words[0]] }],
      [/a word must have a text and an id/, { words: [null, words[0]] }],
      [/sample must be a whole number of at least 4/, { sample: 3 }],
      [/options are plan, pictures/, { images: [] }],
    ];
    for (const [message, change] of cases) await assert.rejects(refine.record({ ...all, ...change } as never), message);
    const record = await refine.record({ ...all, words: [{ text: "far", id: 9 }, words[0]] });
    await assert.rejects(record.add(make(), 0), /ids of words must be below the vocabulary's size 9, received 9/);
  });
});
