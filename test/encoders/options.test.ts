import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Encoder } from "../../kernel/encoders/index.ts";
import { golden, images, load, maxAbsDiff } from "./golden.ts";

/** `[B, 16, 32]` tokens as `[B, 32, 16]`. */
function channelsFirst(data: Float32Array): Float32Array {
  return data.map((_, i) => data[Math.floor(i / 512) * 512 + (i % 16) * 32 + (Math.floor(i / 16) % 32)]);
}

describe("forwardIntermediates has timm's meaning (timm 1.0 goldens)", () => {
  let encoder: Encoder;
  before(async () => void (encoder = await load("timm.ts17")));
  after(() => encoder.dispose());

  it("returns every block by default, NCHW, without prefix tokens", async () => {
    const tensors = await golden("timm");
    const { intermediates, final } = await encoder.forwardIntermediates(images);
    assert.deepEqual(
      intermediates.map((map) => map.layer),
      [0, 1, 2],
    );
    for (const map of intermediates) {
      assert.deepEqual(map.dims, [2, 32, 4, 4]);
      assert.equal(map.prefixTokens, undefined);
      assert.ok(maxAbsDiff(map.data, channelsFirst(tensors.get(`spatial.${map.layer}`)!.data)) < 1e-4);
    }
    assert.equal(final!.format, "NLC");
    assert.deepEqual(final!.prefixTokens!.dims, [2, 3, 32]);
    const whole = tensors.get("final")!.data;
    assert.ok(maxAbsDiff(final!.data.subarray(0, 512), whole.subarray(96, 608)) < 1e-4);
    assert.ok(maxAbsDiff(final!.prefixTokens!.data.subarray(0, 96), whole.subarray(0, 96)) < 1e-4);
  });

  it("applies the final norm to each intermediate with norm", async () => {
    const tensors = await golden("timm");
    const { intermediates } = await encoder.forwardIntermediates(images, { norm: true });
    for (const map of intermediates) assert.ok(maxAbsDiff(map.data, tensors.get(`normed.${map.layer}`)!.data) < 1e-4);
  });

  it("hands out prefix tokens apart, NLC holding what NCHW holds", async () => {
    const tensors = await golden("timm");
    const options = { returnPrefixTokens: true, outputFmt: "NLC", indices: [1] } as const;
    const { intermediates } = await encoder.forwardIntermediates(images, options);
    assert.ok(maxAbsDiff(intermediates[0].data, tensors.get("spatial.1")!.data) < 1e-4);
    assert.deepEqual(intermediates[0].prefixTokens!.dims, [2, 3, 32]);
    assert.ok(maxAbsDiff(intermediates[0].prefixTokens!.data, tensors.get("prefix.1")!.data) < 1e-4);
  });

  it("keeps depth order and collapses duplicates", async () => {
    const layers = async (indices: number[] | number): Promise<number[]> =>
      (await encoder.forwardIntermediates(images[0], { indices, intermediatesOnly: true })).intermediates.map(
        (map) => map.layer,
      );
    assert.deepEqual(await layers([2, -3, 0, 2]), [0, 2]);
    assert.deepEqual(await layers([-1, 2]), [2]);
    assert.deepEqual(await layers(2), [1, 2]);
  });

  it("norm on the last block is the final output", async () => {
    const { intermediates, final } = await encoder.forwardIntermediates(images, {
      indices: 1,
      norm: true,
      outputFmt: "NLC",
    });
    assert.deepEqual(intermediates[0].data, final!.data);
  });

  it("stopEarly gives the same values, and final of the last visited block", async () => {
    const whole = await encoder.forwardIntermediates(images, { indices: [0, 1], norm: true, outputFmt: "NLC" });
    const cut = await encoder.forwardIntermediates(images, {
      indices: [0, 1],
      norm: true,
      outputFmt: "NLC",
      stopEarly: true,
    });
    cut.intermediates.forEach((map, i) => assert.ok(maxAbsDiff(map.data, whole.intermediates[i].data) < 1e-5));
    assert.equal(cut.final!.layer, 1);
    assert.deepEqual(cut.final!.data, cut.intermediates[1].data);
  });

  it("leaves final out with intermediatesOnly", async () => {
    assert.ok(!("final" in (await encoder.forwardIntermediates(images, { intermediatesOnly: true }))));
  });

  it("gives the same values for any batch size, and reports progress", async () => {
    const seen: { done: number; total: number }[] = [];
    const five = [images[0], images[1], images[0], images[1], images[0]];
    const { intermediates } = await encoder.forwardIntermediates(five, {
      indices: 1,
      batchSize: 2,
      onProgress: (step) => seen.push(step),
    });
    const one = await encoder.forwardIntermediates(images[1], { indices: 1 });
    assert.deepEqual(seen, [
      { done: 2, total: 5 },
      { done: 4, total: 5 },
      { done: 5, total: 5 },
    ]);
    assert.equal(intermediates[0].batch, 5);
    assert.ok(maxAbsDiff(intermediates[0].image(3).data, one.intermediates[0].data) < 1e-5);
    assert.ok(maxAbsDiff(intermediates[0].tokens(-1), intermediates[0].tokens(0)) < 1e-5);
  });

  it("stops between batches when its signal is aborted", async () => {
    const stop = new AbortController();
    const run = encoder.forwardIntermediates([...images, ...images], {
      batchSize: 1,
      signal: stop.signal,
      onProgress: () => stop.abort(new Error("enough")),
    });
    await assert.rejects(run, /enough/);
  });

  it("leaves the event loop alive while the model runs", async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await encoder.forwardIntermediates(
      Array.from({ length: 256 }, () => images[0]),
      { batchSize: 256 },
    );
    clearInterval(timer);
    assert.ok(turns > 3, `${turns} turns`);
  });

  it("names the legal range of layers", async () => {
    const run = (indices: number | number[]): Promise<unknown> => encoder.forwardIntermediates(images, { indices });
    await assert.rejects(run([3]), {
      name: "EncoderError",
      message: "encoders.Encoder.forwardIntermediates: layer 3 is out of range, legal layers are -3..2, received 3",
    });
    await assert.rejects(run([-4]), /layer -4 is out of range/);
    await assert.rejects(run([0.5]), /layer 0.5 is out of range/);
    await assert.rejects(run([]), /indices must name at least one layer/);
    await assert.rejects(run(4), /the number of last layers must be 1..3, received 4/);
    await assert.rejects(encoder.forwardIntermediates(images, { batchSize: 0 }), /batchSize must be/);
    await assert.rejects(
      encoder.forwardIntermediates(images, { outputFmt: "NHWC" as never }),
      /outputFmt must be NCHW or NLC/,
    );
  });
});

describe("an encoder", () => {
  it("tells what it is", async () => {
    const encoder = await load("timm.dynamo", { name: "tiny <ViT>" });
    const { info } = encoder;
    assert.deepEqual(
      { depth: info.depth, patch: info.patchSize, prefix: info.prefixTokens, channels: info.channels, grid: info.grid },
      { depth: 3, patch: 8, prefix: 3, channels: 32, grid: [4, 4] },
    );
    assert.deepEqual(encoder.featureInfo[2], { layer: 2, channels: 32, reduction: 8 });
    const bundle = encoder[Symbol.for("Jupyter.display") as never] as unknown as () => Record<string, string>;
    const shown = bundle.call(encoder);
    assert.match(shown["text/plain"], /Encoder tiny <ViT>[\s\S]*device\s+cpu[\s\S]*32 x 32 pixels[\s\S]*blocks\s+3/);
    assert.match(shown["text/html"], /tiny &lt;ViT&gt;/);
    await encoder.dispose();
    await encoder.dispose();
    await assert.rejects(encoder.forwardIntermediates(images), {
      name: "EncoderError",
      message: 'encoders.Encoder.forwardIntermediates: the encoder is disposed, received "tiny <ViT>"',
    });
  });

  it("embeds images when the graph has image_embeds, and says so when not", async () => {
    const clip = await load("clip.dynamo");
    const { data, dims } = await clip.embed(images);
    assert.deepEqual(dims, [2, 24]);
    assert.ok(maxAbsDiff(data, (await golden("clip")).get("image_embeds")!.data) < 1e-4);
    await assert.rejects(
      clip.embedText("a fish"),
      /encoders.Encoder.embedText: the encoder's folder must hold text.onnx/,
    );
    await clip.dispose();
    const vit = await load("vit.ts17");
    await assert.rejects(
      vit.embed(images),
      /encoders.Encoder.embed: vit.ts17 needs an output image_embeds, received \[last_hidden_state\]/,
    );
    await vit.dispose();
  });

  it("refuses norm where the graph has no final norm", async () => {
    const beit = await load("beit.ts17");
    assert.equal(beit.info.hasFinalNorm, false);
    await assert.rejects(beit.forwardIntermediates(images, { norm: true }), /has no final norm/);
    await beit.dispose();
  });
});
