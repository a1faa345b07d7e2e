import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { RawImage } from "../../kernel/data/image.ts";
import type { Interpolation } from "../../kernel/encoders";
import { resample } from "../../kernel/encoders/preprocess/resample";
import { parseSafetensors } from "../../kernel/safetensors/safetensors";
import { maxAbsDiff } from "./golden.ts";

/** Resized by Pillow 12, see golden/make_pillow.py. */
const { tensors } = parseSafetensors(readFileSync(join(import.meta.dirname, "golden", "pillow.safetensors")));
const picture = (name: string): RawImage => {
  const { data, shape } = tensors.get(name)!;
  return { data: data as Uint8Array, width: shape[1], height: shape[0], channels: 3 };
};
const image = picture("source");
const hard = picture("source-hard");

describe("resample equals Pillow", () => {
  for (const [name, { shape, data }] of tensors) {
    if (name.startsWith("source")) continue;
    it(`${name}: every level`, () => {
      const [height, width] = shape;
      const result = resample(
        name.includes(".hard-") ? hard : image,
        width,
        height,
        name.split(".")[0] as Interpolation,
      );
      assert.equal(maxAbsDiff(result.data, data as Uint8Array), 0);
    });
  }

  it("a window holds the same pixels as the whole", () => {
    const whole = resample(image, 61, 75, "bicubic");
    const part = resample(image, 61, 75, "bicubic", { left: 7, top: 11, width: 20, height: 30 });
    for (let y = 0; y < 30; y++) {
      const row = whole.data.subarray(3 * ((11 + y) * 61 + 7), 3 * ((11 + y) * 61 + 27));
      assert.deepEqual(part.data.subarray(60 * y, 60 * (y + 1)), row);
    }
  });
});
