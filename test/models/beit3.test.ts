import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { onEveryDevice } from "../nn/devices.ts";
import { assertClose, below, checkModule, goldenFile } from "../nn/golden.ts";
import * as safetensors from "../../kernel/safetensors";
import { models } from "./names.ts";
import { SMALL_BEIT3 } from "./small.ts";
import { nn, type Tensor, tf } from "../nn/names.ts";

const golden = goldenFile("beit3", new URL("golden/", import.meta.url));

const sizeOf = (module: nn.Module): number =>
  [...module.namedParameters().values()].reduce((sum, { size }) => sum + size, 0);

const joined = ({ object, image, text }: models.Beit3Output): Tensor =>
  tf.concat([tf.expandDims(object, 1), image, text], 1);

onEveryDevice("a multimodal encoder like PyTorch", () => {
  for (const name of ["beit3", "beit3-masked"])
    it(`${name}: every token and every gradient`, () => {
      checkModule(
        golden,
        name,
        () => new models.Beit3(SMALL_BEIT3).eval(),
        (model, pixels, text, textMask, masked) => joined(model.forward({ pixels, text, textMask, masked })),
        { tolerance: 3e-5 },
      );
    });
});

describe("numbers of a multimodal encoder's parameters", () => {
  before(() => nn.start("native"));

  const count = (name: models.Beit3Preset, overrides?: models.Beit3Config): number =>
    models.beit3Parameters(models.beit3Config(name, overrides));
  const SIMVG = { patchSize: 32, imgSize: 640 };

  it("equal those of the published shapes", () => {
    assert.equal(count("beit3_base_patch16_224"), 220_987_392);
    assert.equal(count("beit3_base_patch16_224", SIMVG), 222_913_536);
    assert.equal(count("beit3_large_patch16_224", SIMVG), 675_270_656);
    assert.equal(count("beit3_large_patch16_224"), 672_702_464);
    assert.equal(count("beit3_base_patch16_224", { depth: 13 }) - count("beit3_base_patch16_224"), 14_191_104);
  });

  it("are those of the module", () => {
    const model = new models.Beit3(SMALL_BEIT3);
    assert.equal(sizeOf(model), models.beit3Parameters(SMALL_BEIT3));
    model.dispose();
  });
});

describe("files of a multimodal encoder", () => {
  const folder = mkdtempSync(join(tmpdir(), "beit3-"));
  const path = join(folder, "model.safetensors");
  before(() => nn.start("native"));
  after(() => rmSync(folder, { recursive: true }));

  const square: models.Beit3Config = { ...SMALL_BEIT3, imgSize: 12 };
  const write = async (change: (tensors: Map<string, safetensors.SafetensorsTensor>) => void): Promise<void> => {
    const model = new models.Beit3(square);
    const state = await nn.stateOf(model);
    const named = new Map([...state].map(([name, tensor]) => [`beit3.${name}`, tensor]));
    change(named);
    await safetensors.write(path, named);
    model.dispose();
  };

  it("come back under BEiT-3's names, with a report of what is ignored", async () => {
    const model = new models.Beit3(square);
    await models.saveBeit3(model, path);
    const { tensors } = await safetensors.read(path);
    assert.ok(tensors.has("beit3.encoder.layers.1.self_attn.inner_attn_ln.A.weight"));
    assert.ok(tensors.has("beit3.encoder.layers.0.ffn.B.ffn_layernorm.bias"));
    assert.ok(tensors.has("beit3.vision_embed.proj.weight") && tensors.has("beit3.text_embed.weight"));
    tensors.set("mlm_head.weight", { dtype: "F32", shape: [1], data: Float32Array.of(1) });
    await safetensors.write(path, tensors);
    const loaded = await models.loadBeit3(path, { config: { numHeads: 2 } });
    assert.deepEqual(loaded.report.ignored, ["mlm_head.weight"]);
    assert.deepEqual([loaded.report.missing, loaded.report.unexpected, loaded.report.resampled], [[], [], []]);
    assert.deepEqual({ ...loaded.model.config, weightInit: "normal" }, model.config);
    assert.deepEqual(await nn.stateOf(loaded.model), await nn.stateOf(model));
  });

  it("fit another patch and picture size, resampled as PyTorch does", async () => {
    await write((tensors) => {
      tensors.set("beit3.vision_embed.proj.weight", golden.get("kernel")!);
      tensors.set("beit3.encoder.embed_positions.A.weight", golden.get("places")!);
    });
    const config = { numHeads: 2, patchSize: 8, imgSize: [16, 24] } as const;
    const { model, report } = await models.loadBeit3(path, { config, resample: true });
    assert.deepEqual(report.resampled, ["vision_embed.proj.weight", "encoder.embed_positions.A.weight"]);
    assertClose(model.visionEmbed.proj.weight.value, golden.get("kernel-32")!, 1e-6, "kernel");
    assertClose(model.encoder.embedPositions.A.weight.value, golden.get("places-resized")!, 1e-6, "positions");
    await assert.rejects(models.loadBeit3(path, { config }), /mis-shaped: .*vision_embed\.proj\.weight/);
  });

  it("are refused with the names of what is wrong", async () => {
    await write((tensors) => tensors.delete("beit3.encoder.layers.1.ffn.A.fc2.bias"));
    await assert.rejects(
      models.loadBeit3(path, { config: { numHeads: 2 } }),
      /missing: encoder\.layers\.1\.ffn\.A\.fc2\.bias/,
    );
    const loose = await models.loadBeit3(path, { config: { numHeads: 2 }, strict: false });
    assert.deepEqual(loose.report.missing, ["encoder.layers.1.ffn.A.fc2.bias"]);
    await write((tensors) => tensors.delete("beit3.vision_embed.cls_token"));
    for (const place of [path, folder])
      await assert.rejects(models.loadBeit3(place), /models\.loadBeit3: the file must have vision_embed\.cls_token/);
    for (const place of [join(folder, "none"), null])
      await assert.rejects(models.loadBeit3(place as string), /models\.loadBeit3: the file or folder must exist/);
  });

  it("are refused before anything is made of sizes that they do not hold", async () => {
    const before = tf.memory().numTensors;
    const refused = async (name: string, shape: number[], rule: RegExp): Promise<void> => {
      const data = new Float32Array(shape.reduce((product, side) => product * side, 1));
      await write((tensors) => tensors.set(`beit3.${name}`, { dtype: "F32", shape, data }));
      await assert.rejects(models.loadBeit3(path, { config: { numHeads: 2 } }), rule);
      await assert.rejects(models.loadBeit3(path, { config: { numHeads: 2 }, strict: false }), rule);
    };
    await refused("encoder.embed_positions.B.weight", [2e7, 0], /must hold the 1600\d+ weights of its shapes/);
    await refused("text_embed.weight", [], /text_embed\.weight of .* must have 2 sides, received \[\]/);
    await refused("vision_embed.proj.weight", [8, 48], /must have 4 sides/);
    await write(() => {});
    for (const config of [null, 5, { imgSize: null }, { imgSize: {} }, { width: 3 }])
      await assert.rejects(models.loadBeit3(path, { config: config as never }), { name: "ModelError" });
    assert.equal(tf.memory().numTensors, before);
  });

  it("refuses inputs that do not fit", () => {
    const model = new models.Beit3(SMALL_BEIT3);
    const pixels = tf.zeros([1, 3, 8, 12]);
    const call = (length: number, picture = pixels) =>
      model.forward({ pixels: picture, text: tf.zeros([1, length], "int32"), textMask: tf.ones([1, length]) });
    assert.throws(() => call(8), /text must be \[B, L\], L in 1\.\.7/);
    assert.throws(() => call(0), /text must be \[B, L\], L in 1\.\.7/);
    assert.throws(() => call(3, tf.zeros([1, 3, 12, 8])), /pixels must be \[1, 3, 8, 12\]/);
    const encode = (L: number, tokens = 7) =>
      model.encode(tf.zeros([1, tokens, model.config.embedDim]), tf.zeros([1, L], "int32"), tf.ones([1, L]));
    assert.throws(() => encode(8), /models\.Beit3\.encode: text must be \[B, L\], L in 1\.\.7/);
    assert.throws(() => encode(3, 6), /models\.Beit3\.encode: image must be \[1, 7, \d+\], received \[1, 6, \d+\]/);
    assert.throws(() => new models.Beit3({ imgSize: 225 }), /imgSize must be multiples of patchSize/);
    assert.throws(() => new models.Beit3({ depth: 1e12 }), /models\.Beit3: parameters must fit into/);
    assert.throws(() => models.beit3Parameters({ width: 3 } as never), /received "width"/);
    assert.ok(below(golden, "beit3/").size);
  });
});
