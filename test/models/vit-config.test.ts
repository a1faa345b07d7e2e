import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { nn, tf, train, type Tensor } from "../nn/names.ts";
import { models } from "./names.ts";

const SMALL = { imgSize: 12, patchSize: 4, embedDim: 8, depth: 2, numHeads: 2 } as const;
type Config = models.VitConfig;

const countOf = (model: nn.Module): number =>
  [...model.namedParameters().values()].reduce((sum, { size }) => sum + size, 0);

describe("numbers of parameters", () => {
  before(() => nn.start("wasm"));

  // SAK (arXiv 2410.14633): a ViT of patch 16 at 512 pixels with its final norm and without; AIMv2 at 448 pixels.
  const COUNTS: [name: string, overrides: Config, count: number][] = [
    ["vit_small_patch16_224", { imgSize: 512 }, 21_983_616],
    ["vit_small_patch16_224", { imgSize: 512, finalNorm: false }, 21_982_848],
    ["vit_base_patch16_224", { imgSize: 512 }, 86_434_560],
    ["vit_base_patch16_224", { imgSize: 512, finalNorm: false }, 86_433_024],
    ["vit_large_patch16_224", { imgSize: 512 }, 304_149_504],
    ["vit_large_patch16_224", { imgSize: 512, finalNorm: false }, 304_147_456],
    ["aimv2_large_patch14_448", {}, 309_984_256],
    ["aimv2_huge_patch14_448", {}, 682_031_616],
    // Counts that timm 1.0.31 prints for num_classes=0.
    ["deit_small_distilled_patch16_224", {}, 21_666_432],
    ["vit_small_patch14_dinov2", {}, 22_056_192],
    ["vit_base_patch14_reg4_dinov2", {}, 86_582_016],
    ["vit_giant_patch14_dinov2", {}, 1_136_479_232],
    ["vit_base_patch32_clip_quickgelu_224", {}, 87_456_000],
    ["vit_base_patch16_siglip_224", {}, 92_884_224],
    ["vit_so400m_patch14_siglip_378", {}, 428_225_600],
  ];
  for (const [name, overrides, count] of COUNTS)
    it(`${name} ${JSON.stringify(overrides)}: ${count.toLocaleString("en-US")}`, () =>
      assert.equal(models.vitParameters(models.vitConfig(name, overrides)), count));

  const VARIANTS: Config[] = [
    {},
    { numClasses: 3, headBias: false, preNorm: true, qkvBias: false, finalNorm: false },
    { distToken: true, numClasses: 2, regTokens: 3, noEmbedClass: true, initValues: 0.1 },
    { classToken: false, globalPool: "map", normLayer: "rms", embedNorm: true, mlpLayer: "swiglu", projBias: false },
    { mlpLayer: "swiglu-packed", hiddenDim: 12, qkNorm: true, globalPool: "avg", posEmbed: "rotary" },
    { patchStride: 2, imgSize: [12, 16], posEmbed: "learn" },
    {
      stem: [
        { channels: 6, stride: 2 },
        { channels: 6, residual: true },
      ],
      patchSize: 1,
      posEmbed: "sine",
    },
  ];
  for (const variant of VARIANTS)
    it(`equals that of a model made: ${JSON.stringify(variant)}`, () => {
      const model = new models.VisionTransformer({ ...SMALL, ...variant });
      assert.equal(models.vitParameters({ ...SMALL, ...variant }), countOf(model));
      const y = model.eval().forwardFeatures(tf.randomNormal([2, 3, ...model.config.imgSize]));
      const [rows, columns] = model.patchEmbed.gridSize;
      assert.deepEqual(y.shape, [2, model.numPrefixTokens + rows * columns, 8]);
      model.dispose();
    });

  it("names of presets are known, each makes a configuration", () => {
    for (const name of models.vitPresets()) assert.ok(models.vitParameters(models.vitConfig(name)) > 5e6, name);
  });
});

describe("a vision transformer", () => {
  before(() => nn.start("wasm"));

  it("trains a convolutional stem with overlapping patches", async () => {
    nn.manualSeed(3);
    const stem = [
      { channels: 4, stride: 2 },
      { channels: 4, residual: true },
    ];
    const model = new models.VisionTransformer({ ...SMALL, stem, patchSize: 2, patchStride: 1, numClasses: 2 });
    const x = tf.randomNormal([4, 3, 12, 12], 0, 1, "float32", 5);
    const target = tf.tensor([0, 1, 0, 1], [4], "int32");
    const loss = (): Tensor => nn.crossEntropy(model.forward(x), target);
    const before = loss().dataSync()[0];
    const optimizer = new train.AdamW([{ parameters: model.namedParameters() }], { learningRate: 0.02 });
    for (let step = 0; step < 12; step++) {
      const result = train.lossAndGradients(loss, model.namedParameters());
      assert.equal(result.gradients.size, model.namedParameters().size, "every parameter has a gradient");
      optimizer.step(result.gradients);
      train.disposeGradients(result);
    }
    assert.ok(loss().dataSync()[0] < before * 0.8, `${before} must fall`);
  });

  it("drops whole samples in training, later blocks more often, and none in evaluation", () => {
    nn.manualSeed(1);
    const model = new models.VisionTransformer({ ...SMALL, depth: 3, dropPathRate: 0.5 });
    assert.deepEqual(
      model.blocks.map(({ dropPath }) => dropPath.p),
      [0, 0.25, 0.5],
    );
    const x = tf.ones([64, 2, 3]);
    const kept = new nn.DropPath(0.25).forward(x).dataSync();
    const samples = Array.from({ length: 64 }, (_, i) => [...kept.slice(i * 6, i * 6 + 6)]);
    for (const sample of samples) assert.equal(new Set(sample).size, 1, "a sample is dropped as a whole");
    assert.deepEqual([...new Set(kept)].sort(), [0, Math.fround(4 / 3)]);
    const share = samples.filter(([value]) => value === 0).length / 64;
    assert.ok(share > 0.1 && share < 0.4, `${share} dropped`);
    const first = model
      .eval()
      .forward(tf.ones([1, 3, 12, 12]))
      .dataSync();
    assert.deepEqual(model.forward(tf.ones([1, 3, 12, 12])).dataSync(), first);
  });

  it("leaves one tensor a forward", () => {
    const model = new models.VisionTransformer({ ...SMALL, regTokens: 1, posEmbed: "rotary" }).eval();
    const x = tf.ones([1, 3, 8, 16]);
    const count = tf.memory().numTensors;
    model.forwardFeatures(x).dispose();
    model.forwardHead(tf.tidy(() => model.forwardFeatures(x))).dispose();
    assert.equal(tf.memory().numTensors, count + 1);
  });

  const BAD: [config: object, message: RegExp][] = [
    [{ embedDim: 10, numHeads: 4 }, /embedDim must be a multiple of numHeads \(4\), received 10/],
    [{ patchsize: 8 }, /options are .*received "patchsize"/],
    [{ classToken: false }, /globalPool token needs a class token/],
    [{ normLayer: "batch" }, /normLayer must be layer, rms, received "batch"/],
    [{ depth: 0 }, /depth must be a whole number of at least 1, received 0/],
    [{ posEmbed: "rotary", numHeads: 4 }, /heads of a multiple of 4, received 2/],
    [{ imgSize: null }, /imgSize must be an array of numbers, received null/],
    [{ stem: [null] }, /stem\[0\] must be an object, received null/],
    [{ depth: 1e12 }, /models\.VisionTransformer: parameters must fit into [\d.]+ GiB of memory, received /],
    [{ embedDim: 2e9 }, /parameters must fit into/],
    [{ imgSize: 3 }, /imgSize must be at least patchSize \(4\)/],
    [{ dropPathRate: 1 }, /p must lie in \[0, 1\)/],
  ];
  for (const [config, message] of BAD)
    it(`refuses ${JSON.stringify(config)}`, () =>
      assert.throws(() => new models.VisionTransformer({ ...SMALL, ...config }), message));

  it("refuses a picture that patches do not cover, and blocks that are not there", () => {
    const model = new models.VisionTransformer(SMALL);
    assert.throws(
      () => model.forward(tf.ones([1, 3, 10, 12])),
      /whole patches of 4 pixels, 4 apart, received \[10, 12\]/,
    );
    assert.throws(() => model.forward(tf.ones([1, 1, 12, 12])), /the input must be \[B, 3, H, W\]/);
    const x = tf.ones([1, 3, 12, 12]);
    assert.throws(() => model.forwardIntermediates(x, { indices: [2] }), /layer 2 is out of range/);
    assert.throws(() => model.forwardIntermediates(x, { outputFmt: "NHWC" as never }), /outputFmt must be NCHW, NLC/);
    assert.throws(
      () => model.forwardIntermediates(x, { layers: [0] } as never),
      /options are indices, .*received "layers"/,
    );
    assert.throws(() => models.vitConfig("vit_none"), /names are .*received "vit_none"/);
  });
});

describe("weights of another kind", () => {
  before(() => nn.start("wasm"));
  const stored = (model: InstanceType<typeof models.VisionTransformer>) => models.vitState(model);

  it("are reported by name and shape, and change nothing", async () => {
    const model = new models.VisionTransformer(SMALL);
    const tensors = await stored(new models.VisionTransformer({ ...SMALL, regTokens: 1, imgSize: 16 }));
    tensors.delete("blocks.1.attn.qkv.bias");
    const before = await model.patchEmbed.proj.weight.read();
    const complaint =
      /missing: blocks\.1\.attn\.qkv\.bias; unexpected: reg_token; mis-shaped: pos_embed \[1,18,8\] for \[1,10,8\]/;
    assert.throws(() => models.loadVitState(model, tensors), complaint);
    assert.deepEqual(await model.patchEmbed.proj.weight.read(), before);
    const report = models.loadVitState(model, tensors, { strict: false });
    assert.deepEqual([report.names, report.missing], ["timm", ["blocks.1.attn.qkv.bias"]]);
  });

  it("of another picture size fit after resampling, as if the model had resampled them", async () => {
    const small = new models.VisionTransformer(SMALL).eval();
    const large = new models.VisionTransformer({ ...SMALL, imgSize: [16, 20] }).eval();
    models.loadVitState(large, await stored(small), { resample: true });
    const x = tf.randomNormal([1, 3, 16, 20]);
    const [a, b] = [small, large].map((model) => model.forwardFeatures(x).dataSync());
    a.forEach((value, i) => assert.ok(Math.abs(value - b[i]) < 1e-5));
  });

  it("of an unknown spelling, and names without a place, are refused", async () => {
    const model = new models.VisionTransformer({ ...SMALL, qkNorm: true });
    const other = new Map([["conv1.weight", { dtype: "F32", shape: [1], data: new Float32Array(1) } as const]]);
    await assert.rejects(
      models.vitState(model, { names: "bert" as never }),
      /names must be timm, vit, .*received "bert"/,
    );
    await assert.rejects(models.vitState(model, { name: "timm" } as never), /options are names, received "name"/);
    assert.throws(
      () => models.loadVitState(model, new Map(), { prefix: "" } as never),
      /options are strict, names, resample/,
    );
    assert.throws(() => models.loadVitState(model, other as never), /names must be those of timm or transformers/);
    await assert.rejects(
      models.vitState(model, { names: "vit" }),
      /vit has no place .*blocks\.0\.attn\.q_norm\.weight/,
    );
  });
});
