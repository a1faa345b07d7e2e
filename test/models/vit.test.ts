import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { assertClose, below, checkFunction, checkModule, goldenFile, tensorOf } from "../nn/golden.ts";
import { onEveryDevice } from "../nn/devices.ts";
import { nn, tf, train, type Tensor } from "../nn/names.ts";
import * as safetensors from "../../kernel/safetensors/index.ts";
import { rotaryTables, turn } from "../../kernel/models/vit/rotary.ts";
import { models } from "./names.ts";

const GOLDEN = new URL("golden/", import.meta.url);
const timm = goldenFile("vit-timm", GOLDEN);
const theirs = goldenFile("vit-transformers", GOLDEN);
const configs = JSON.parse(readFileSync(new URL("vit-configs.json", GOLDEN), "utf8")) as Record<string, object>;

const SMALL = { imgSize: 12, patchSize: 4, embedDim: 8, depth: 2, numHeads: 2, mlpRatio: 2 } as const;
type Vit = InstanceType<typeof models.VisionTransformer>;
type Config = models.VitConfig;

/** Cases of timm: configuration, and what is compared. */
const CASES: [name: string, config: Config, call: (model: Vit, x: Tensor) => Tensor][] = [
  ["plain", { numClasses: 3 }, (model, x) => model.forward(x)],
  ["registers", { initValues: 0.5, regTokens: 2, noEmbedClass: true }, (model, x) => model.forwardFeatures(x)],
  ["shrunk", { imgSize: 20 }, (model, x) => model.forwardFeatures(x)],
  ["clip", { preNorm: true, actLayer: "quick-gelu", normEps: 1e-5 }, (model, x) => model.forward(x)],
  ["siglip", { classToken: false, globalPool: "map" }, (model, x) => model.forward(x)],
  [
    "aimv2",
    {
      classToken: false,
      fcNorm: false,
      globalPool: "avg",
      qkvBias: false,
      projBias: false,
      normLayer: "rms",
      normEps: 1e-5,
      embedNorm: true,
      mlpLayer: "swiglu",
    },
    (model, x) => model.forward(x),
  ],
  ["packed", { mlpLayer: "swiglu-packed", qkNorm: true, globalPool: "avg" }, (model, x) => model.forward(x)],
  ["distilled", { distToken: true, numClasses: 2 }, (model, x) => model.forward(x)],
];

onEveryDevice("vision transformers like timm's", () => {
  for (const [name, config, call] of CASES)
    it(`${name}: output and every gradient`, () => {
      const make = (): Vit => new models.VisionTransformer({ ...SMALL, ...config }).eval();
      checkModule(timm, name, make, call, { tolerance: 2e-5 });
    });

  for (const name of ["overlapping", "uneven", "tiles"])
    it(`a convolution, ${name}: output and every gradient`, () => {
      const options = {
        overlapping: { kernel: 3, stride: 2, padding: 1 },
        uneven: { kernel: [3, 2], stride: [1, 3], padding: [0, 1] },
        tiles: { kernel: 2, stride: 2 },
      }[name] as nn.Conv2dOptions;
      checkModule(
        timm,
        `conv-${name}`,
        () => new nn.Conv2d(2, 3, options),
        (conv, x) => conv.forward(x),
      );
    });

  it("rotary positions of neighbouring features, scaled to another grid", () => {
    const settings = { theta: 10_000, coordinates: "index", layout: "interleaved" } as const;
    checkFunction(timm, "rotary", (q) => {
      const tables = rotaryTables(tf.zeros([1, 2, 3, 1]), { ...settings, headDim: 8, reference: [4, 4], prefix: 0 });
      return turn(q, tables);
    });
  });

  it("intermediates in depth order, with prefix tokens and the final norm", () => {
    const model = new models.VisionTransformer({ ...SMALL, regTokens: 1 }).eval();
    const golden = below(timm, "intermediates/");
    models.loadVitState(model, below(golden, "p."));
    const x = tensorOf(golden.get("x0")!);
    const options = { indices: [-1, 0], norm: true, returnPrefixTokens: true };
    const { final, intermediates, prefixTokens } = model.forwardIntermediates(x, options);
    assertClose(final!, golden.get("final")!, 1e-5, "final tokens");
    assert.equal(intermediates.length, 2);
    intermediates.forEach((map, i) => assertClose(map, golden.get(`spatial.${i}`)!, 1e-5, `map ${i}`));
    prefixTokens!.forEach((part, i) => assertClose(part, golden.get(`prefix.${i}`)!, 1e-5, `prefix ${i}`));
  });
});

/** Output of transformers' model of a case. */
const outputOf = (name: string, model: Vit, x: Tensor): Tensor =>
  ["clip", "siglip", "vit-classes"].includes(name) ? model.forward(x) : model.forwardFeatures(x);

describe("vision transformers like transformers'", () => {
  before(() => nn.start("wasm"));

  for (const name of Object.keys(configs))
    it(`${name}: loaded from its folder, output and gradient`, async () => {
      const folder = mkdtempSync(join(tmpdir(), "fovea-vit-"));
      writeFileSync(join(folder, "config.json"), JSON.stringify(configs[name]));
      await safetensors.write(join(folder, "model.safetensors"), below(theirs, `${name}/p.`));
      const { model, report } = await models.loadVit(folder);
      rmSync(folder, { recursive: true });
      assert.deepEqual([report.missing, report.unexpected], [[], []]);
      const golden = below(theirs, `${name}/`);
      const x = new nn.Parameter(golden.get("x0")!.shape, () => golden.get("x0")!.data as Float32Array);
      assertClose(outputOf(name, model, x.value), golden.get("y")!, 2e-5, `${name} output`);
      const dy = tensorOf(golden.get("dy")!);
      const loss = (): Tensor => tf.sum(tf.mul(outputOf(name, model, x.value), dy));
      const { gradients } = train.lossAndGradients(loss, new Map([["x", x]]));
      assertClose(gradients.get("x")!, golden.get("dx0")!, 5e-5, `${name} gradient`);
    });

  for (const name of Object.keys(configs))
    it(`${name}: written under the names that it was read from`, async () => {
      const stored = below(theirs, `${name}/p.`);
      const folder = mkdtempSync(join(tmpdir(), "fovea-vit-"));
      writeFileSync(join(folder, "config.json"), JSON.stringify(configs[name]));
      await safetensors.write(join(folder, "model.safetensors"), stored);
      const { model, report } = await models.loadVit(folder);
      await models.saveVit(model, join(folder, "written.safetensors"), { names: report.names });
      const { tensors } = await safetensors.read(join(folder, "written.safetensors"));
      rmSync(folder, { recursive: true });
      const kept = [...stored.keys()].filter((key) => !report.ignored.includes(key)).sort();
      const bare = (key: string): string => key.replace(/^vit\./, "");
      const written = [...tensors.keys()].filter((key) => !key.endsWith("mask_token")).sort();
      if (name !== "dinov3") assert.deepEqual(written, kept.map(bare).sort());
      for (const key of kept) assert.deepEqual(tensors.get(bare(key))?.shape, stored.get(key)?.shape, key);
    });
});

describe("models.loadVit", () => {
  before(() => nn.start());

  async function folderOf(config: object | string | null, tensors = below(timm, "plain/p.")): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), "fovea-vit-"));
    if (config !== null)
      writeFileSync(join(folder, "config.json"), typeof config === "string" ? config : JSON.stringify(config));
    await safetensors.write(join(folder, "model.safetensors"), tensors);
    return folder;
  }

  const TIMM = {
    architecture: "vit_tiny_patch16_224",
    num_classes: 3,
    global_pool: "token",
    model_args: { img_size: 12, patch_size: 4, embed_dim: 8, depth: 2, num_heads: 2, mlp_ratio: 2 },
  };

  it("reads a folder of timm, and a bare file with a configuration", async () => {
    const golden = below(timm, "plain/");
    const folder = await folderOf(TIMM);
    for (const loaded of [
      await models.loadVit(folder),
      await models.loadVit(join(folder, "model.safetensors"), { config: SMALL }),
    ]) {
      assert.deepEqual([loaded.report.names, loaded.model.config.numClasses], ["timm", 3]);
      assertClose(loaded.model.forward(tensorOf(golden.get("x0")!)), golden.get("y")!, 2e-5, "logits");
    }
    rmSync(folder, { recursive: true });
  });

  it("writes shards with an index above a size, and reads them from folder and index", async () => {
    const folder = await folderOf(TIMM);
    const { model } = await models.loadVit(folder);
    const path = join(folder, "model.safetensors");
    const index = await models.saveVit(model, path, { maxShardBytes: 2000 });
    assert.equal(index, join(folder, "model.safetensors.index.json"));
    assert.ok(!existsSync(path) && readdirSync(folder).length > 4);
    const golden = below(timm, "plain/");
    for (const again of [await models.loadVit(folder), await models.loadVit(index, { config: SMALL })]) {
      assert.deepEqual([again.report.names, again.model.config.numClasses], ["timm", 3]);
      assertClose(again.model.forward(tensorOf(golden.get("x0")!)), golden.get("y")!, 2e-5, "logits");
    }
    rmSync(
      join(
        folder,
        readdirSync(folder).find((name) => /^model-/.test(name))!,
      ),
    );
    const count = tf.memory().numTensors;
    await assert.rejects(models.loadVit(folder), /cannot be opened \(ENOENT\)/);
    assert.equal(tf.memory().numTensors, count);
    await assert.rejects(models.saveVit(model, path, { maxShards: 2 } as never), /received "maxShards"/);
    rmSync(folder, { recursive: true });
  });

  it("resamples positions for another picture size on request", async () => {
    const folder = await folderOf(TIMM);
    const { model } = await models.loadVit(folder, { config: { imgSize: 20 }, resample: true });
    assert.deepEqual(model.posEmbed?.shape, [1, 26, 8]);
    await assert.rejects(
      models.loadVit(folder, { config: { imgSize: 20 } }),
      /mis-shaped: pos_embed \[1,10,8\] for \[1,26,8\]/,
    );
    rmSync(folder, { recursive: true });
  });

  it("keeps initial values where the file has none, when that is allowed", async () => {
    const tensors = below(timm, "plain/p.");
    tensors.delete("blocks.1.mlp.fc1.weight");
    const folder = await folderOf(TIMM, tensors);
    await assert.rejects(models.loadVit(folder), /missing: blocks\.1\.mlp\.fc1\.weight/);
    const { model, report } = await models.loadVit(folder, { strict: false });
    assert.deepEqual(report.missing, ["blocks.1.mlp.fc1.weight"]);
    const drawn = await model.namedParameters().get("blocks.1.mlp.fc1.weight")!.read();
    assert.ok(drawn.some((value) => value !== 0) && drawn.every((value) => Math.abs(value) < 0.2));
    rmSync(folder, { recursive: true });
  });

  const ONE: safetensors.SafetensorsTensor = { dtype: "F32", shape: [1], data: new Float32Array(1) };
  const BAD: [name: string, config: object | string | null, message: RegExp][] = [
    ["no configuration", null, /config\.json must lie beside the weights/],
    ["no JSON", "{", /config\.json must hold JSON/],
    ["a list", "[]", /config\.json must hold a JSON object/],
    ["another model", { model_type: "bert" }, /model_type must be vit, .*received "bert"/],
    ["a name of Object", { model_type: "constructor" }, /model_type must be vit, .*received "constructor"/],
    ["another activation", { model_type: "vit", hidden_act: "mish" }, /hidden_act must be .*received "mish"/],
    ["a text as size", { model_type: "vit", hidden_size: "8" }, /hidden_size must be a number, received "8"/],
    ["an unknown architecture of timm", { architecture: "resnet50" }, /names are .*received "resnet50"/],
    [
      "an argument that is not computed",
      { architecture: "vit_tiny_patch16_224", model_args: { block_fn: "parallel" } },
      /model_args of timm that are read are .*received "block_fn"/,
    ],
  ];
  for (const [name, config, message] of BAD)
    it(`refuses ${name}, and leaves no tensor`, async () => {
      const folder = await folderOf(config);
      const count = tf.memory().numTensors;
      await assert.rejects(models.loadVit(folder), message);
      assert.equal(tf.memory().numTensors, count);
      rmSync(folder, { recursive: true });
    });

  it("refuses weights of another architecture, naming them, and a missing file", async () => {
    const folder = await folderOf({ ...TIMM, model_args: { ...TIMM.model_args, reg_tokens: 2, init_values: 1e-5 } });
    const count = tf.memory().numTensors;
    await assert.rejects(models.loadVit(folder), /missing: reg_token, .*blocks\.0\.ls1\.gamma.*mis-shaped: pos_embed/);
    assert.equal(tf.memory().numTensors, count);
    const residual = new Map(["conv1.weight", "layer1.0.bn1.weight"].map((name) => [name, ONE]));
    await safetensors.write(join(folder, "model.safetensors"), residual);
    await assert.rejects(models.loadVit(folder), /names must be those of timm or transformers/);
    assert.equal(tf.memory().numTensors, count);
    rmSync(folder, { recursive: true });
    await assert.rejects(models.loadVit(folder), /model\.safetensors must exist/);
  });
});
