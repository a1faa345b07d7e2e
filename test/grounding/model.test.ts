import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { SMALL_BEIT3 } from "../models/small.ts";
import * as safetensors from "../../kernel/safetensors/index.ts";
import { grounding, models, nn, tf } from "./names.ts";

const SMALL = {
  encoder: SMALL_BEIT3,
  head: { embedDim: 8, numHeads: 2, generatorHidden: 6, decoderHidden: 10, queries: 2 },
} satisfies grounding.SimVgConfig;

const input = (): models.Beit3Input => ({
  pixels: tf.randomNormal([2, 3, 8, 12], 0, 1, "float32", 1),
  text: tf.tensor2d([0, 4, 5, 2, 1, 0, 7, 2, 1, 1], [2, 5], "int32"),
  textMask: tf.tensor2d([1, 1, 1, 1, 0, 1, 1, 1, 0, 0], [2, 5], "int32"),
});

const bits = ({ token }: grounding.GroundingPredictions): number[][] => [
  [...new Uint32Array(Float32Array.from(token!.logits.dataSync()).buffer)],
  [...new Uint32Array(Float32Array.from(token!.boxes.dataSync()).buffer)],
];

describe("SimVG", () => {
  const folder = mkdtempSync(join(tmpdir(), "simvg-"));
  const path = join(folder, "model.safetensors");
  before(() => nn.start("native"));
  after(() => rmSync(folder, { recursive: true }));

  it("has the numbers of parameters that follow from the shapes of arXiv 2409.17531", () => {
    const encoder = models.beit3Config("beit3_base_patch16_224", { patchSize: 32, imgSize: 640 });
    assert.equal(grounding.parameters({ encoder }), 230_155_276);
    assert.equal(grounding.parameters({ encoder, head: { branches: "token" } }), 225_285_382);
    const model = new grounding.SimVg(SMALL);
    const size = [...model.namedParameters().values()].reduce((sum, one) => sum + one.size, 0);
    assert.equal(grounding.parameters(SMALL), size);
    model.dispose();
  });

  it("loads its token branch from a file without the decoder, with the bits of the joint run", async () => {
    const model = new grounding.SimVg(SMALL).eval();
    const joint = bits(model.forward(input()));
    await grounding.save(model, path, { branch: "token" });
    const { tensors } = await safetensors.read(path);
    assert.ok(![...tensors.keys()].some((name) => name.includes("decoder")));
    const light = await grounding.load(path);
    assert.equal(light.config.head.branches, "token");
    assert.deepEqual(bits(light.forward(input())), joint);
    assert.deepEqual(bits(model.forward(input(), "token")), joint);
    await assert.rejects(grounding.load(path, { branch: "both" }), /branches are token, received "both"/);
    await grounding.save(model, path);
    const [again, token] = [await grounding.load(path), await grounding.load(path, { branch: "token" })];
    assert.deepEqual(again.config, { ...model.config, encoder: { ...model.config.encoder, weightInit: "skip" } });
    assert.deepEqual([bits(again.forward(input())), bits(token.forward(input()))], [joint, joint]);
  });

  it("sees other words and other patches, and not what padding holds", () => {
    const model = new grounding.SimVg(SMALL).eval();
    const base = input();
    const other = { ...base, text: tf.tensor2d([0, 4, 5, 2, 9, 0, 7, 2, 8, 6], [2, 5], "int32") };
    assert.deepEqual(bits(model.forward(other)), bits(model.forward(base)));
    const spoken = { ...base, text: tf.tensor2d([0, 4, 6, 2, 1, 0, 7, 2, 1, 1], [2, 5], "int32") };
    assert.notDeepEqual(bits(model.forward(spoken)), bits(model.forward(base)));
  });

  it("gives boxes in pixels", () => {
    const predictions = { logits: tf.zeros([1, 1, 2]), boxes: tf.tensor3d([[[0.5, 0.5, 0.5, 0.25]]]) };
    assert.deepEqual(grounding.detectionsOf(predictions, [[200, 80]]), [[{ box: [50, 30, 150, 50], score: 0.5 }]]);
    assert.throws(() => grounding.detectionsOf(predictions, []), /there must be 1 sizes/);
  });

  it("leaves no tensor of a model that cannot be", () => {
    const before = tf.memory().numTensors;
    for (const head of [{ embedDim: 9 }, { queries: 0 }, { none: 1 }, 5, null])
      assert.throws(() => new grounding.SimVg({ ...SMALL, head: head as never }), { name: "GroundingError" });
    for (const encoder of [{ embedDim: 9, numHeads: 2 }, { depth: 0 }, { none: 1 }, { imgSize: null }, 5, null])
      assert.throws(() => new grounding.SimVg({ ...SMALL, encoder: encoder as never }), { name: "ModelError" });
    assert.equal(tf.memory().numTensors, before);
  });

  it("refuses a file whose configuration is no model's, or of more weights than it holds, and makes none", async () => {
    const model = new grounding.SimVg(SMALL);
    const state = await nn.stateOf(model);
    const before = tf.memory().numTensors;
    const refused = async (config: unknown, rule: RegExp): Promise<void> => {
      await safetensors.write(path, state, { format: "fovea-simvg-1", config: JSON.stringify(config) });
      await assert.rejects(grounding.load(path), rule, JSON.stringify(config));
      assert.equal(tf.memory().numTensors, before);
    };
    const { encoder, head } = model.config;
    for (const large of [{ vocabSize: 8e6 }, { depth: 1e9 }, { textPositions: 1e300 }])
      await refused({ encoder: { ...encoder, ...large }, head }, /must hold the \d\S* weights of its configuration/);
    await refused({ encoder, head: { ...head, queries: 1e9 } }, /weights of its configuration/);
    await refused({ encoder: 5, head }, /options must be an object, received 5/);
    await refused({ encoder, head: null }, /options must be an object/);
    await refused({ encoder, head: { ...head, embedDim: 9 } }, /embedDim must be a multiple/);
    await refused({ encoder, head: { ...head, branches: "all" } }, /branches must be/);
    await refused({ encoder: { ...encoder, imgSize: null }, head }, /imgSize must be a number or \[height, width\]/);
    model.dispose();
  });

  it("refuses files of another kind", async () => {
    await safetensors.write(path, new Map());
    await assert.rejects(grounding.load(path), /must be a model that grounding\.save wrote/);
    await safetensors.write(path, new Map(), { format: "fovea-simvg-1", config: "[" });
    await assert.rejects(grounding.load(path), /must hold a configuration/);
    for (const place of [join(folder, "none"), folder, null, 5])
      await assert.rejects(grounding.load(place as string), /grounding\.load: the file must exist/);
  });
});
