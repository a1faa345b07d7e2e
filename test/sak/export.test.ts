import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as data from "../../kernel/data/index.ts";
import * as encoders from "../../kernel/encoders/index.ts";
import * as safetensors from "../../kernel/safetensors/index.ts";
import { assertSame, runOnnx } from "../models/onnx.ts";
import { models, nn, sak, tf, type Tensor } from "./names.ts";
import { close, make, picture, stir, values } from "./students.ts";

const root = mkdtempSync(join(tmpdir(), "fovea-student-"));
const license = "Apache-2.0";
const CARD: sak.SakCard = {
  teachers: Object.fromEntries(["dino", "clip", "sam"].map((name) => [name, { source: `zoo/${name}`, license }])),
  data: ["the synthetic world,\nseeds 0..99"],
  seeds: [0],
};
const PREPROCESS: encoders.Preprocess = {
  inputSize: [12, 12],
  resize: "stretch",
  resizeTo: [12, 12],
  align: "center",
  interpolation: "bicubic",
  mean: [0.5, 0.5, 0.5],
  std: [0.25, 0.25, 0.25],
  rescale: 1 / 255,
  fill: 0,
  cropRounding: "down",
};
const OPTIONS = { preprocess: PREPROCESS, card: CARD };

function student(options: Partial<sak.SakConfig> = {}): sak.Sak {
  nn.manualSeed(3);
  const model = make({ teachers: ["dino", { name: "clip", width: 6 }, "sam"], ...options });
  stir(model);
  return model;
}

describe("a student written out", () => {
  before(() => nn.start("native"));
  after(() => rmSync(root, { recursive: true }));

  it("equals itself in onnxruntime, with and without heads, at any batch", async () => {
    const model = student();
    model.bypass("sam");
    for (const images of [1, 3]) {
      const x = picture(images);
      const inputs = new Map([["pixel_values", x]]);
      const tasks = model.forward(x);
      const found = await runOnnx(await (await sak.toOnnx(model)).bytes(), inputs, Object.keys(tasks));
      for (const [task, expected] of Object.entries(tasks)) assertSame(found[task], expected, 1e-5, task);
      const { stem, paths } = model.features(x);
      const expected: Record<string, Tensor> = { stem_0: stem[0], stem_1: stem[1], clip_1: paths["clip"][1] };
      const file = await sak.toOnnx(model, { output: "features" });
      assert.deepEqual(
        file.outputs.map(({ name }) => name),
        ["stem_0", "stem_1", "dino_0", "dino_1", "clip_0", "clip_1"],
      );
      const features = await runOnnx(await file.bytes(), inputs, Object.keys(expected));
      for (const [name, one] of Object.entries(expected)) assertSame(features[name], one, 1e-5, name);
    }
  });

  it("is a folder that loads as an encoder with the stem's features", async () => {
    const model = student();
    const folder = join(root, "encoder");
    await sak.save(model, folder, OPTIONS);
    const encoder = await encoders.load(folder);
    try {
      assert.equal(encoder.info.depth, 2);
      const picture = data.world.render(data.world.scene(1, { size: 32 }));
      const { intermediates } = await encoder.forwardIntermediates([picture], {
        outputFmt: "NLC",
        intermediatesOnly: true,
      });
      const { pixelValues } = await encoders.preprocess([picture], PREPROCESS);
      const { stem } = model.features(tf.tensor(pixelValues, [1, 3, 12, 12]));
      close(intermediates[1].data, values(stem[1]), 1e-4);
    } finally {
      await encoder.dispose();
    }
  });

  it("comes back with every prediction, and timm's names for the stem", async () => {
    const model = student();
    const folder = join(root, "whole");
    await sak.save(model, folder, OPTIONS);
    const { tensors } = await safetensors.read(join(folder, "model.safetensors"));
    for (const name of ["patch_embed.proj.weight", "blocks.1.attn.qkv.weight", "pos_embed", "cls_token"])
      assert.ok(tensors.has(name), name);
    assert.ok(![...tensors.keys()].some((name) => /stem|aligners/.test(name)));
    const stem = new models.VisionTransformer({ ...model.config.stem, weightInit: "skip" });
    const report = models.loadVitState(
      stem,
      new Map([...tensors].filter(([name]) => !/^(paths|routers|heads)\./.test(name))),
    );
    assert.deepEqual([report.missing, report.unexpected], [[], []]);
    const again = await sak.load(folder);
    const x = picture();
    for (const [task, expected] of Object.entries(model.forward(x)))
      close(values(again.forward(x)[task]), values(expected), 0);
    assert.deepEqual(readdirSync(folder).sort(), [
      "README.md",
      "card.json",
      "config.json",
      "features.onnx",
      "model.onnx",
      "model.safetensors",
      "preprocessor_config.json",
      "tasks.onnx",
    ]);
    const card = readFileSync(join(folder, "README.md"), "utf8");
    for (const part of [
      "| clip | zoo/clip | Apache-2.0 |",
      "- Seeds: 0.",
      "- Data: the synthetic world, seeds 0..99",
      "semseg (3)",
    ])
      assert.ok(card.includes(part), part);
  });

  it("writes nothing where something is missing", async () => {
    const model = student();
    const folder = join(root, "none");
    const refuse = async (options: object, pattern: RegExp): Promise<void> => {
      await assert.rejects(sak.save(model, folder, { ...OPTIONS, ...options }), pattern);
      assert.ok(!existsSync(folder) && !readdirSync(root).some((name) => name.endsWith(".part")));
    };
    await refuse({ card: { ...CARD, teachers: { dino: CARD.teachers["dino"] } } }, /source and license of clip/);
    await refuse({ card: { ...CARD, seeds: [] } }, /card.seeds/);
    await refuse({ preprocess: { ...PREPROCESS, inputSize: [16, 16] } }, /12 x 12/);
    await refuse({ file: "x" }, /options are/);
    model.setRoutes([{ weights: [1, 0, 0, 0] }]);
    await refuse({}, /weights set by hand/);
    model.setRoutes([]);
    const adapted = student();
    sak.loraStem(adapted, { r: 2, loraAlpha: 4 });
    await assert.rejects(sak.save(adapted, folder, OPTIONS), /must be merged/);
    await assert.rejects(sak.save(model, root, OPTIONS), /must not exist/);
    await assert.rejects(sak.toOnnx(student({ tasks: {} }), { output: "tasks" }), /must have tasks/);
  });

  it("refuses a damaged folder", async () => {
    const folder = join(root, "damaged");
    await assert.rejects(sak.load(folder), /config.json must lie/);
    await sak.save(student({ tasks: {} }), folder, OPTIONS);
    assert.ok(!existsSync(join(folder, "tasks.onnx")));
    const config = readFileSync(join(folder, "config.json"), "utf8");
    writeFileSync(join(folder, "config.json"), config.replace('"sam"', '"other"'));
    await assert.rejects(sak.load(folder), /every tensor/);
    writeFileSync(join(folder, "config.json"), "{");
    await assert.rejects(sak.load(folder), /must hold JSON/);
    writeFileSync(join(folder, "config.json"), '{"model_type":"vit"}');
    await assert.rejects(sak.load(folder), /that of a student/);
  });

  it("refuses a configuration that is no student's, or of more weights than the file holds, and makes none", async () => {
    const folder = join(root, "strange");
    const model = student({ tasks: {} });
    await sak.save(model, folder, OPTIONS);
    const place = join(folder, "config.json");
    const text = readFileSync(place, "utf8");
    const { sak: good } = JSON.parse(text) as { sak: sak.SakConfig };
    const before = tf.memory().numTensors;
    const refused = async (change: object, rule: RegExp): Promise<void> => {
      writeFileSync(place, JSON.stringify({ model_type: "sak", sak: { ...good, ...change } }));
      await assert.rejects(sak.load(folder), (error: Error) => {
        assert.match(`${error.name} ${error.message}`, rule);
        return true;
      });
      assert.equal(tf.memory().numTensors, before);
    };
    for (const stem of [null, 5, "vit", undefined]) await refused({ stem }, /SakError.*stem must be a configuration/);
    for (const teachers of [5, null, undefined, { a: 1 }]) await refused({ teachers }, /teachers must be an array/);
    for (const teachers of [[null], [5]]) await refused({ teachers }, /SakError.*options must be an object/);
    for (const name of ["__proto__", "constructor", "toString"]) {
      await refused({ teachers: [name] }, /a name must consist of/);
      await refused({ tasks: JSON.parse(`{"${name}": 1}`) as object }, /a task's name must consist of/);
    }
    for (const levels of [5, null, {}]) await refused({ levels }, /SakError.*levels must be an array/);
    for (const tasks of [5, null, []]) await refused({ tasks }, /SakError.*tasks must be an object/);
    await refused({ stem: { ...good.stem, embedDim: 8000 } }, /SakError.*must hold every tensor.*\d{6,} weights/);
    await refused({ tasks: { semseg: 1e12 } }, /SakError.*must hold every tensor/);
    for (const wrong of ["null", "5", "[]", '{"model_type":"sak","sak":{}}']) {
      writeFileSync(place, wrong);
      await assert.rejects(sak.load(folder), { name: "SakError" });
    }
    writeFileSync(place, `\uFEFF${text}`);
    assert.deepEqual((await sak.load(folder)).teachers, model.teachers);
    await assert.rejects(sak.load(null as never), /folder must be a path/);
  });
});
