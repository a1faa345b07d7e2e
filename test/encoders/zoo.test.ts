import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { RawImage } from "../../kernel/data/image.ts";
import { encoders } from "../../kernel/encoders/index.ts";
import { readSafetensors, type SafetensorsTensor } from "../../kernel/nn/index.ts";
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

describe("the zoo's encoders equal PyTorch", () => {
  const names = encoders.list();

  it("ships encoders, each with golden tensors", () => {
    assert.ok(names.length > 0, "kernel/zoo holds no model.onnx");
    const missing = names.filter((name) => !existsSync(join(FOLDER, `${name.slice(4)}.safetensors`)));
    assert.deepEqual(missing, []);
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
