import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { RawImage } from "../../kernel/data/image.ts";
import * as encoders from "../../kernel/encoders";
import type { ZooName } from "../../kernel/encoders";
import { readSafetensors } from "../../kernel/safetensors/safetensors";
import type { SafetensorsTensor } from "../../kernel/safetensors/tensor";
import { maxAbsDiff } from "./golden.ts";

const FOLDER = join(import.meta.dirname, "..", "zoo", "golden");

function imagesOf({ data, shape }: SafetensorsTensor): RawImage[] {
  const [count, height, width] = shape;
  const size = height * width * 3;
  const part = (i: number): Uint8Array => (data as Uint8Array).slice(i * size, (i + 1) * size);
  return Array.from({ length: count }, (_, i) => ({ data: part(i), width, height, channels: 3 }));
}

/** `[B, P + N, C]` without its first P tokens. */
function withoutPrefix({ data, shape }: SafetensorsTensor, prefix: number): Float32Array {
  const [batch, tokens, channels] = shape;
  const size = tokens * channels;
  const parts = Array.from({ length: batch }, (_, b) =>
    (data as Float32Array).subarray(b * size + prefix * channels, (b + 1) * size),
  );
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

/** Refused by the compiler where one of the type is missing here, or one here is none of the type. */
const OFFERED: Record<ZooName, true> = {
  "zoo/category-hybrid": true,
  "zoo/clip-vit": true,
  "zoo/clip-vit-192": true,
  "zoo/dino-hybrid": true,
  "zoo/mae-vit": true,
  "zoo/masks-hybrid": true,
  "zoo/parts-hybrid": true,
  "zoo/parts-pyramid": true,
  "zoo/siglip-hybrid": true,
  "zoo/untrained-hybrid": true,
};

describe("the zoo's encoders equal PyTorch", () => {
  const names = encoders.list();

  it("ships encoders, each with golden tensors", () => {
    assert.ok(names.length > 0, "kernel/zoo holds no model.onnx");
    const missing = names.filter((name) => !existsSync(join(FOLDER, `${name.slice(4)}.safetensors`)));
    assert.deepEqual(missing, []);
  });

  it("offers each in completion", () => {
    assert.deepEqual(Object.keys(OFFERED), names);
  });

  for (const name of names)
    it(`${name}: from pixels to every hidden state, within 1e-4`, async () => {
      const { tensors } = await readSafetensors(join(FOLDER, `${name.slice(4)}.safetensors`));
      const encoder = await encoders.load(name, { device: "cpu" });
      const prefix = encoder.info.prefixTokens;
      const images = imagesOf(tensors.get("image")!);
      const { intermediates, final } = await encoder.forwardIntermediates(images, { outputFmt: "NLC" });
      assert.ok(tensors.has(`hidden_states.${intermediates.length}`), "as many blocks as PyTorch has");
      assert.ok(!tensors.has(`hidden_states.${intermediates.length + 1}`), "no more blocks than PyTorch has");
      for (const map of intermediates) {
        const state = tensors.get(`hidden_states.${map.layer + 1}`)!;
        assert.ok(maxAbsDiff(map.data, withoutPrefix(state, prefix)) < 1e-4, `layer ${map.layer}`);
      }
      const last = tensors.get("last_hidden_state")!;
      assert.ok(maxAbsDiff(final!.data, withoutPrefix(last, prefix)) < 1e-4, "final");
      const embeds = tensors.get("image_embeds");
      if (embeds) {
        const { data } = await encoder.embed(images);
        assert.ok(maxAbsDiff(data, embeds.data as Float32Array) < 1e-4, "image_embeds");
      }
      await encoder.dispose();
    });
});

describe("the zoo's other shapes", () => {
  const gray = (side: number): RawImage => ({
    data: new Uint8Array(side * side * 3).fill(90),
    width: side,
    height: side,
    channels: 3,
  });

  it("zoo/parts-pyramid shows its four stages with their strides and channels", async () => {
    const encoder = await encoders.load("zoo/parts-pyramid", { device: "cpu" });
    const { intermediates } = await encoder.forwardIntermediates(gray(128));
    const stages = encoder.info.blocks.map((block) => block.stage);
    const lasts = stages.flatMap((stage, i) => (stage === stages[i + 1] ? [] : [i]));
    const shapes = [
      [1, 32, 32, 32],
      [1, 64, 16, 16],
      [1, 128, 8, 8],
      [1, 192, 4, 4],
    ];
    assert.deepEqual(
      lasts.map((i) => intermediates[i].dims),
      shapes,
    );
    assert.deepEqual(
      lasts.map((i) => encoder.featureInfo[i].reduction),
      [4, 8, 16, 32],
    );
    await encoder.dispose();
  });

  it("zoo/clip-vit-192 sees 24 x 24 patches", async () => {
    const encoder = await encoders.load("zoo/clip-vit-192", { device: "cpu" });
    const { intermediates } = await encoder.forwardIntermediates(gray(128), { indices: [0] });
    assert.deepEqual(intermediates[0].dims, [1, 128, 24, 24]);
    await encoder.dispose();
  });
});

describe("a contrastive encoder's text tower", () => {
  const towers = encoders
    .list()
    .filter((name) => existsSync(join(FOLDER, "..", "..", "..", "kernel", name, "text.onnx")));

  for (const name of towers)
    it(`${name}: texts and images share a space`, async () => {
      const encoder = await encoders.load(name, { device: "cpu" });
      const texts = ["a fish", "A  FISH", "a car", "a fish and a word that nobody knows"];
      const { data, dims } = await encoder.embedText(texts, { batchSize: 2 });
      assert.equal(dims[0], 4);
      const dot = (i: number, j: number): number =>
        data.subarray(i * dims[1], (i + 1) * dims[1]).reduce((sum, x, c) => sum + x * data[j * dims[1] + c], 0);
      assert.ok(Math.abs(dot(0, 0) - 1) < 1e-4, "of unit length");
      assert.ok(Math.abs(dot(0, 1) - 1) < 1e-4, "case and spaces do not matter");
      assert.ok(dot(0, 2) < 0.99, "words do");
      const one = await encoder.embedText("a car");
      assert.ok(maxAbsDiff(one.data, data.subarray(2 * dims[1], 3 * dims[1])) < 1e-5, "padding does not");
      await assert.rejects(
        encoder.embedText([3 as never]),
        /encoders.Encoder.embedText: texts must be text, received 3/,
      );
      await encoder.dispose();
      await assert.rejects(encoder.embedText("a car"), /the encoder is disposed/);
    });
});
