import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import * as encoders from "../../kernel/encoders/index.ts";
import { readPreprocess } from "../../kernel/encoders/preprocess/config.ts";
import { mergePreprocess } from "../../kernel/encoders/preprocess/config.ts";

const MODEL = join(import.meta.dirname, "..", "onnx", "golden", "vit.ts17.onnx");
const folder = mkdtempSync(join(tmpdir(), "fovea-preprocess-"));
after(() => rmSync(folder, { recursive: true }));

const own = {
  image_processor_type: "CLIPImageProcessor",
  size: { shortest_edge: 36 },
  do_center_crop: true,
  crop_size: { height: 32, width: 32 },
  image_mean: [0.1, 0.2, 0.3],
  image_std: [0.4, 0.5, 0.6],
  resample: 3,
};
const NAMED = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const merge = (given: object | string | undefined, found: object | null = own) =>
  mergePreprocess(given, found, [32, 32], "test");

describe("preprocess options", () => {
  it("override the model's own key by key", () => {
    const plan = merge(undefined);
    assert.deepEqual(plan.mean, [0.1, 0.2, 0.3]);
    assert.deepEqual(merge({ resize: "letterbox" }), { ...plan, resize: "letterbox" });
    assert.deepEqual(merge({ mean: [0, 0, 0] }), { ...plan, mean: [0, 0, 0] });
    assert.deepEqual(merge("half"), { ...plan, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });
    assert.deepEqual(merge("imagenet").std, [0.229, 0.224, 0.225]);
    const all = { resize: "stretch", interpolation: "bilinear", mean: [0, 0, 0], std: [1, 1, 1] };
    const odd = { ...own, do_rescale: false };
    assert.deepEqual(merge(all, odd), { ...merge(undefined, odd), ...all }, "also those that are most of a plan");
    assert.deepEqual(merge({ mean: undefined, resize: undefined }), plan, "undefined is absent");
    assert.deepEqual(merge({ input_size: [3, 32, 32], mean: [1, 1, 1] }).mean, [1, 1, 1]);
  });

  it("take the size that is asked for where neither graph nor configuration has one", () => {
    const free = (given: object | string, size?: number | [number, number]) =>
      mergePreprocess(given, null, null, "test", size);
    assert.deepEqual(free("imagenet", 48), free({ ...NAMED, inputSize: 48 }));
    assert.deepEqual(
      [free("clip", [48, 32]).inputSize, free("clip", [48, 32]).resizeTo],
      [
        [48, 32],
        [48, 32],
      ],
    );
    assert.deepEqual(
      free({ inputSize: 64 }, 48).inputSize,
      [64, 64],
      "an own size stays, and is resized by the caller",
    );
    assert.throws(
      () => free("imagenet"),
      /^EncoderError: test: inputSize must be given.*--input-size 224 .*the option inputSize: 224 beside preprocess/,
    );
    assert.deepEqual(mergePreprocess("imagenet", null, [32, 32], "test", 48).inputSize, [32, 32]);
  });

  it("are those of ImageNet in the template that an encoder without any prints, which works as it stands", () => {
    const message = ((): string => {
      try {
        mergePreprocess(undefined, null, null, "encoders.load");
      } catch (error) {
        return (error as Error).message;
      }
      return "";
    })();
    const [head, template] = message.split(", or {");
    assert.equal(
      head,
      "encoders.load: preprocess must be given, or preprocessor_config.json lie beside the model. " +
        'Give --preprocess imagenet on the command line, or the option preprocess: "imagenet", "clip" or "half"',
    );
    const printed = `{${template.replace(/, received .*$/, "")}`.replaceAll(/(\w+): /g, '"$1": ');
    const options = JSON.parse(printed) as object;
    assert.deepEqual(options, {
      inputSize: 224,
      resize: "shortest-edge",
      resizeTo: 256,
      interpolation: "bicubic",
      ...NAMED,
    });
    const plan = mergePreprocess(options, null, null, "encoders.load");
    assert.deepEqual([plan.inputSize, plan.resizeTo, plan.mean], [[224, 224], [256, 256], NAMED.mean]);
    for (const name of ["imagenet", "clip", "half"]) assert.deepEqual(merge(name, null).inputSize, [32, 32]);
  });

  it("with an unknown key or name are errors", () => {
    assert.throws(() => merge({ rezise: "letterbox" }), /preprocess may have inputSize, .* only, received "rezise"/);
    assert.throws(
      () => merge("imagenets"),
      /preprocess must be imagenet, clip, half or an object, received "imagenets"/,
    );
    assert.throws(
      () => merge(undefined, null),
      /the option preprocess: "imagenet", "clip" or "half", or \{ inputSize: 224/,
    );
  });

  it("with values out of reach of any picture are refused", () => {
    const timm = (more: object) => () => readPreprocess({ input_size: [3, 32, 32], ...more }, null, "test");
    assert.throws(
      timm({ crop_mode: "constructor" }),
      /crop_mode must be center, squash, border, received "constructor"/,
    );
    assert.throws(timm({ crop_pct: 1e-300 }), /crop_pct must be a share of 0\.01\.\.4, received 1e-300/);
    assert.throws(() => readPreprocess({ ...own, resample: "__proto__" }, null, "test"), /resample must be Pillow's/);
    let deep: unknown = [];
    for (let i = 0; i < 20_000; i++) deep = [deep];
    assert.throws(() => readPreprocess({ image_mean: [0, 0, 0], size: deep }, null, "test"), /must name a size/);
    assert.throws(() => readPreprocess({ ...own, resample: "constructor" }, null, "test"), /resample must be/);
  });

  it("of processors with rules of their own are refused by name", () => {
    const read = (more: object) => () => readPreprocess({ ...own, ...more }, null, "test");
    for (const name of ["MobileViT", "PoolFormer", "Pixtral", "DeepseekVL", "Janus"]) {
      assert.throws(
        read({ image_processor_type: `${name}ImageProcessor` }),
        new RegExp(`received "${name}ImageProcessor"`),
      );
      assert.throws(
        read({ image_processor_type: `${name}ImageProcessorFast` }),
        /the processor is not followed, as it/,
      );
    }
    for (const name of ["DeepseekOcr2", "Glm5Next", "GraniteDocling", "Idefics", "LayoutLMv2", "VitPose"])
      assert.throws(read({ image_processor_type: `${name}ImageProcessor` }), /the processor is not followed, as it/);
    for (const key of ["do_grayscale", "crop_to_patches", "do_thumbnail"]) {
      assert.throws(read({ [key]: true }), new RegExp(`${key} of a processor is not followed`));
      assert.equal(read({ [key]: false })().resize, "shortest-edge");
    }
    // A processor that was not compared may give any key a meaning: MiniCPM-V cuts tiles by these.
    const tiles = { image_processor_type: "MiniCPMV4_6ImageProcessor", max_slice_nums: 9, slice_mode: true };
    assert.throws(read(tiles), /max_slice_nums of a processor is not followed.*received 9/);
    assert.throws(read({ ...tiles, max_slice_nums: null }), /slice_mode of a processor is not followed/);
    assert.throws(read({ image_processor_type: "OtherImageProcessor", crop_pct: 0.9 }), /crop_pct of a processor/);
    assert.throws(read({ image_processor_type: "AriaImageProcessor" }), /it chooses a size by the picture/);
    assert.equal(read({ image_processor_type: "OtherImageProcessor", data_format: "x" })().resize, "shortest-edge");
    assert.equal(read({ image_processor_type: "FlavaImageProcessorFast", codebook_size: 1 })().resize, "shortest-edge");
    const detr = { image_processor_type: "DetrImageProcessor", size: { shortest_edge: 800, longest_edge: 1333 } };
    assert.throws(read({ ...detr, do_pad: true }), /it chooses a size by the picture/);
    const bare = { image_processor_type: "SuperPointImageProcessor", size: { height: 32, width: 32 } };
    assert.throws(() => readPreprocess(bare, null, "test"), /must say image_mean, or do_normalize/);
    assert.throws(read({ do_flip_channel_order: true }), /do_flip_channel_order of a processor is not followed/);
    const complete = { resize: "stretch", interpolation: "bicubic", mean: [0, 0, 0], std: [1, 1, 1] };
    assert.equal(merge(complete, { ...own, image_processor_type: "JanusImageProcessor" }).resize, "stretch");
  });

  it("are found in the files of transformers 5, timm and open_clip, with or without a byte order mark", async () => {
    const files: [string, object][] = [
      ["processor_config.json", { processor_class: "P", image_processor: own }],
      ["config.json", { architecture: "vit", pretrained_cfg: { input_size: [3, 32, 32], mean: [0.1, 0.2, 0.3] } }],
      ["open_clip_config.json", { model_cfg: {}, preprocess_cfg: { size: 32, mean: [0.1, 0.2, 0.3], std: [1, 1, 1] } }],
    ];
    for (const [name, content] of files) {
      const place = mkdtempSync(join(folder, "model-"));
      cpSync(MODEL, join(place, "model.onnx"));
      writeFileSync(join(place, name), `\uFEFF${JSON.stringify(content)}`);
      const encoder = await encoders.load(place, { device: "cpu" });
      assert.deepEqual(encoder.info.preprocess.mean, [0.1, 0.2, 0.3], name);
      await encoder.dispose();
    }
  });
});
