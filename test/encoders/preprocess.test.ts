import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { RawImage } from "../../kernel/data/image.ts";
import type { Preprocess } from "../../kernel/encoders";
import { preprocessImage } from "../../kernel/encoders/preprocess/preprocess";
import { readPreprocess } from "../../kernel/encoders/preprocess/config";
import { resizePlan } from "../../kernel/encoders/preprocess/config.ts";
import { parseSafetensors } from "../../kernel/safetensors/safetensors";
import { maxAbsDiff } from "./golden.ts";

const FOLDER = join(import.meta.dirname, "golden");
/** By transformers 5.23 (Pillow processors) and timm 1.0 transforms, see golden/make_preprocess.py. */
const { tensors } = parseSafetensors(readFileSync(join(FOLDER, "preprocess.safetensors")));
const configs = JSON.parse(readFileSync(join(FOLDER, "preprocess.json"), "utf8")) as Record<string, object>;

describe("preprocessing equals the Python reference", () => {
  for (const [key, { data }] of tensors) {
    const [name, shape] = key.split(".");
    if (name === "source") continue;
    it(`${name}, ${shape} picture: within 2 grey levels`, () => {
      const plan = readPreprocess(configs[name], null, "test");
      const { data: pixels, shape: size } = tensors.get(`source.${shape}`)!;
      const image = { data: pixels as Uint8Array, width: size[1], height: size[0], channels: 3 as const };
      const result = new Float32Array(3 * plan.inputSize[0] * plan.inputSize[1]);
      preprocessImage(image, plan, result);
      const level = Math.max(...plan.std.map((std) => plan.rescale / std));
      assert.ok(
        maxAbsDiff(result, data as Float32Array) < 2.01 * level,
        `${maxAbsDiff(result, data as Float32Array) / level} levels`,
      );
    });
  }
});

describe("processors of transformers with a rule that a key shows", () => {
  // Made by golden/make_processors.py with transformers 5.23.
  const made = parseSafetensors(readFileSync(join(FOLDER, "processors.safetensors"))).tensors;
  const read = JSON.parse(readFileSync(join(FOLDER, "processors.json"), "utf8")) as Record<string, object>;
  const { data: pixels, shape } = made.get("source")!;
  const image = { data: pixels as Uint8Array, width: shape[1], height: shape[0], channels: 3 as const };
  for (const [name, config] of Object.entries(read))
    it(`${name}: within 2 grey levels`, () => {
      const plan = readPreprocess(config, null, "test");
      const result = new Float32Array(3 * plan.inputSize[0] * plan.inputSize[1]);
      preprocessImage(image, plan, result);
      const level = Math.max(...plan.std.map((std) => plan.rescale / std));
      const expected = made.get(name)!;
      assert.deepEqual(expected.shape, [1, 3, ...plan.inputSize]);
      assert.ok(maxAbsDiff(result, expected.data as Float32Array) < 2.01 * level);
    });
});

describe("geometry maps points between picture and model input", () => {
  const image = { data: new Uint8Array(3 * 200 * 100), width: 200, height: 100, channels: 3 as const };
  const plan = (options: object): Preprocess => readPreprocess({ inputSize: 50, ...options }, null, "test");
  const place = (options: object) => preprocessImage(image, plan(options), new Float32Array(3 * 50 * 50));

  it("shortest edge: the centre is kept, the sides are cut", () => {
    const geometry = place({ resize: "shortest-edge" });
    assert.deepEqual(geometry.toModel([100, 50]), [25, 25]);
    assert.deepEqual(geometry.toImage([0, 0]), [50, 0]);
    assert.deepEqual(geometry.toImage([50, 50]), [150, 100]);
    assert.deepEqual(geometry.modelSize, [50, 50]);
  });

  it("letterbox: all of it is kept", () => {
    const geometry = place({ resize: "letterbox" });
    assert.deepEqual(geometry.toModel([0, 0]), [0, 12]);
    assert.deepEqual(geometry.toModel([200, 100]), [50, 37]);
    assert.deepEqual(place({ resize: "letterbox", align: "top-left" }).toModel([0, 0]), [0, 0]);
  });

  it("stretch: corner to corner", () => {
    const geometry = place({ resize: "stretch" });
    assert.deepEqual(geometry.toModel([200, 100]), [50, 50]);
    assert.deepEqual([geometry.scaleX, geometry.scaleY], [0.25, 0.5]);
  });

  it("fills what a letterbox leaves free", () => {
    const values = new Float32Array(3 * 50 * 50);
    preprocessImage(image, plan({ resize: "letterbox", fill: 255 }), values);
    assert.equal(values[0], 1);
    assert.equal(values[25 * 50], -1);
  });
});

describe("shortest_edge without a centre crop, as transformers has it", () => {
  const config = (size: object): object => ({
    image_processor_type: "X",
    resample: 3,
    size,
    do_center_crop: false,
    do_normalize: false,
  });
  const picture = (width: number, height: number): RawImage => ({
    data: new Uint8Array(3 * width * height),
    width,
    height,
    channels: 3,
  });
  const prepared = (plan: Preprocess, image: RawImage) =>
    preprocessImage(image, plan, new Float32Array(3 * plan.inputSize[0] * plan.inputSize[1]));

  it("the shape is kept where the input has room for it", () => {
    const plan = readPreprocess(config({ shortest_edge: 32 }), null, "test");
    assert.deepEqual(prepared(plan, picture(60, 60)).toModel([60, 60]), [32, 32]);
    // get_resize_output_image_size(default_to_square=False): int(32 * 100 / 75) = 42.
    const wide = resizePlan("test", plan, [32, 42]);
    const geometry = prepared(wide, picture(100, 75));
    assert.deepEqual(geometry.modelSize, [42, 32]);
    assert.deepEqual(geometry.toModel([100, 75]).map(Math.round), [42, 32]);
  });

  it("a picture of another shape is refused, with the size that it needs", () => {
    const plan = readPreprocess(config({ shortest_edge: 32 }), null, "test");
    assert.throws(() => prepared(plan, picture(100, 75)), {
      name: "ImageError",
      message:
        /takes 32 x 32 only where this picture becomes 32 x 42; load it with that inputSize.*received "75 x 100"/,
    });
  });

  it("crop_pct says how much is cut, and nothing of 384 pixels and more (ConvNextImageProcessor)", () => {
    const small = readPreprocess({ size: { shortest_edge: 224 }, crop_pct: 0.875, resample: 3 }, null, "test");
    assert.deepEqual([small.resize, small.resizeTo, small.inputSize], ["shortest-edge", [256, 256], [224, 224]]);
    const large = readPreprocess({ size: { shortest_edge: 384 }, crop_pct: 1, resample: 3 }, null, "test");
    assert.deepEqual([large.resize, large.inputSize], ["stretch", [384, 384]]);
  });
});

describe("a preprocessing configuration that makes no sense is refused", () => {
  const read =
    (config: object, graph: [number, number] | null = null) =>
    () =>
      readPreprocess(config, graph, "encoders.load");
  const cases: [string, object, RegExp][] = [
    ["no size", {}, /inputSize must be given, .* --input-size 224/],
    ["a size of nothing", { inputSize: 0 }, /preprocess.inputSize must be a side or \[height, width\]/],
    [
      "a filter that is none",
      { inputSize: 8, interpolation: "cubic" },
      /interpolation must be nearest, lanczos, bilinear/,
    ],
    ["two means", { inputSize: 8, mean: [0, 0] }, /preprocess.mean must be three numbers, received \[0, 0\]/],
    ["a deviation of zero", { inputSize: 8, std: [1, 0, 1] }, /preprocess.std must be positive/],
    ["a number of no filter", { size: 8, resample: 9 }, /Pillow's number of a filter, 0..5, received 9/],
  ];
  for (const [name, config, message] of cases) it(name, () => assert.throws(read(config), message));

  it("a size that the graph does not take", () => {
    assert.throws(
      read({ inputSize: 24 }, [32, 32]),
      /the graph takes pictures of 32 x 32 only, preprocessing must agree, received \[24, 24\]/,
    );
  });
});
