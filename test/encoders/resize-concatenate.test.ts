import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RawImage } from "../../kernel/data/image.ts";
import * as encoders from "../../kernel/encoders";
import { golden, images, load, maxAbsDiff } from "./golden.ts";

describe("inputSize runs a model on pictures of another size", () => {
  it("vit.ts17 at 48 x 32: equal to transformers with interpolate_pos_encoding, within 1e-4", async () => {
    const tensors = await golden("vit-48x32");
    const tall: RawImage = { data: new Uint8Array(tensors.get("image")!.data), width: 32, height: 48, channels: 3 };
    const encoder = await load("vit.ts17", { inputSize: [48, 32] });
    assert.deepEqual(encoder.info.grid, [6, 4]);
    const { intermediates, embeddings } = await encoder.forwardIntermediates(tall, {
      outputFmt: "NLC",
      returnEmbeddings: true,
    });
    for (const map of [embeddings!, ...intermediates]) {
      const expected = tensors.get(`hidden_states.${map.layer + 1}`)!.data.subarray(32);
      assert.ok(maxAbsDiff(map.data, expected) < 1e-4, `layer ${map.layer}: ${maxAbsDiff(map.data, expected)}`);
    }
    await encoder.dispose();
  });

  it("the own size changes nothing", async () => {
    const [own, asked] = [await load("vit.ts17"), await load("vit.ts17", { inputSize: 32 })];
    const run = async (encoder: typeof own) => (await encoder.forwardIntermediates(images)).final.data;
    assert.deepEqual(await run(asked), await run(own));
    await Promise.all([own.dispose(), asked.dispose()]);
  });

  it("a graph that fixes its number of tokens is refused", async () => {
    await assert.rejects(load("vit.dynamo", { inputSize: 48 }), {
      name: "EncoderError",
      message: "encoders.load: the graph fixes its number of tokens, inputSize must be 32 x 32, received [48, 48]",
    });
  });

  it("a size of nothing is refused", () =>
    assert.rejects(load("vit.ts17", { inputSize: 0 }), /preprocess.inputSize must be/));
});

describe("concatenate joins encoders on one grid", () => {
  it("unit length before and after, channels side by side", async () => {
    const [a, b] = [await load("vit.ts17"), await load("siglip.ts17")];
    const one = (await a.forwardIntermediates(images, { indices: 1 })).intermediates[0];
    const two = (await b.forwardIntermediates(images, { indices: 1, outputFmt: "NLC" })).intermediates[0];
    const both = encoders.concatenate([one, two]);
    assert.deepEqual(both.dims, [2, 16, 64]);
    assert.equal(both.encoder, "vit.ts17 + siglip.ts17");
    const [x, y] = [one.tokens(1).subarray(5 * 32, 6 * 32), two.tokens(1).subarray(5 * 32, 6 * 32)];
    const unit = (row: Float32Array): number[] => [...row].map((value) => value / Math.hypot(...row) / Math.SQRT2);
    assert.ok(maxAbsDiff(both.tokens(1).subarray(5 * 64, 6 * 64), [...unit(x), ...unit(y)]) < 1e-6);
    assert.throws(() => encoders.concatenate([one, two.image(0)]), /maps must be of the same 2 images, received 1/);
    assert.throws(() => encoders.concatenate([]), /at least one feature map/);
    const sam = await load("sam.ts17");
    const [fine] = (await sam.forwardIntermediates(images, { indices: 1 })).intermediates;
    assert.throws(() => encoders.concatenate([one, fine]), /maps must share the grid 4 x 4, .*received "8 x 8"/);
    await Promise.all([a, b, sam].map((encoder) => encoder.dispose()));
  });
});
