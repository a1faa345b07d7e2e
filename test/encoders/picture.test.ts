import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pictureOf } from "../../kernel/encoders/preprocess/picture.ts";
import type { Preprocess } from "../../kernel/encoders/preprocess/preprocess.ts";

const plan = {
  inputSize: [2, 3],
  mean: [0.1, 0.2, 0.3],
  std: [0.5, 0.25, 0.125],
  rescale: 1 / 255,
} as unknown as Preprocess;

describe("a picture from a model's input", () => {
  it("has the channels of each pixel beside each other, with each channel's mean and deviation undone", () => {
    const bytes = Array.from({ length: 18 }, (_, i) => (i * 47) % 256);
    const planes = Float32Array.from({ length: 18 }, (_, at) => {
      const [channel, pixel] = [Math.floor(at / 6), at % 6];
      return (bytes[3 * pixel + channel]! / 255 - plan.mean[channel]!) / plan.std[channel]!;
    });
    assert.deepEqual(pictureOf(planes, plan), { data: Uint8Array.from(bytes), width: 3, height: 2, channels: 3 });
  });

  it("is cut at black and white", () => {
    const { data } = pictureOf(
      Float32Array.from({ length: 18 }, (_, i) => (i % 2 ? 9 : -9)),
      plan,
    );
    assert.deepEqual(
      [...new Set(data)].sort((a, b) => a - b),
      [0, 255],
    );
  });
});
