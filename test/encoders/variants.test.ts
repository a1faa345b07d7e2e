import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { golden, images, load, maxAbsDiff } from "./golden.ts";

/** Made by test/onnx/golden/make_variants.py: outputs of the blocks of torch 2.13, by hooks. */
const MODELS: [model: string, prefix: number, reductions: number[]][] = [
  ["sam.ts17", 0, [4, 4, 4]],
  ["sam.dynamo", 0, [4, 4, 4]],
  ["swin.ts17", 0, [2, 2, 4, 4]],
  ["timmswin.ts17", 0, [2, 2, 4, 4]],
  ["timmswin.dynamo", 0, [2, 2, 4, 4]],
  ["convnext.ts17", 0, [4, 4, 8, 8]],
  ["convnext.dynamo", 0, [4, 4, 8, 8]],
  ["resnet.ts17", 0, [4, 4, 8, 8, 16, 16, 32, 32]],
  ["tinyvit.ts17", 0, [8, 16, 32]],
  ["dinov3.ts17", 3, [8, 8]],
  ["aimv2.ts17", 0, [8, 8]],
  ["aimv2.dynamo", 0, [8, 8]],
  ["eva02.dynamo", 1, [8, 8]],
];

const CONVOLUTIONAL = /convnext|resnet/;

describe("windowed, hierarchical, convolutional and rotary models equal PyTorch", () => {
  for (const [model, prefix, reductions] of MODELS)
    it(`${model}: every block within 1e-4, reductions ${reductions.join(", ")}`, async () => {
      const tensors = await golden(model.split(".")[0]);
      const encoder = await load(model);
      assert.equal(encoder.info.prefixTokens, prefix);
      assert.deepEqual(
        encoder.featureInfo.map((layer) => layer.reduction),
        reductions,
      );
      const outputFmt = CONVOLUTIONAL.test(model) ? "NCHW" : "NLC";
      const { intermediates } = await encoder.forwardIntermediates(images, { outputFmt, intermediatesOnly: true });
      assert.equal(intermediates.length, tensors.size);
      for (const map of intermediates) {
        const { data, shape } = tensors.get(`blocks.${map.layer}`)!;
        const size = data.length / shape[0];
        const first = prefix * map.channels;
        const expected = Float32Array.from([...data.subarray(first, size), ...data.subarray(size + first)]);
        assert.equal(map.channels, encoder.featureInfo[map.layer].channels);
        assert.ok(maxAbsDiff(map.data, expected) < 1e-4, `layer ${map.layer}: ${maxAbsDiff(map.data, expected)}`);
      }
      await encoder.dispose();
    });

  it("a final norm of other channels than the layer's is refused", async () => {
    const swin = await load("swin.ts17");
    const { final } = await swin.forwardIntermediates(images, { indices: [0], stopEarly: true });
    assert.deepEqual(final.dims, [2, 256, 12], "final is then without norm");
    await assert.rejects(
      swin.forwardIntermediates(images, { norm: true }),
      /the final norm takes 24 channels, use norm: false, received 12/,
    );
    await swin.dispose();
  });
});

/** Largest difference over the largest value. */
function relative(a: Float32Array, b: Float32Array): number {
  return maxAbsDiff(a, b) / b.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
}

/** Tolerances from fp32: 11 bits of half precision, and the error of 8 bits, which onnxruntime in Python has too. */
const CONVERTED: [model: string, tolerance: number][] = [
  ["vit.dynamo23", 1e-5],
  ["vit.extended", 1e-5],
  ["vit.fused", 1e-5],
  ["vit.fp16", 5e-3],
  ["vit.int8", 0.15],
  ["vit.qdq", 0.25],
];

describe("optimised, half-precision and quantised graphs stay near PyTorch", () => {
  for (const [model, tolerance] of CONVERTED)
    it(`${model}: every block and the final norm within ${tolerance} of the largest value`, async () => {
      const tensors = await golden("vit");
      const encoder = await load(model);
      const options = { outputFmt: "NLC", returnEmbeddings: true } as const;
      const { intermediates, final, embeddings } = await encoder.forwardIntermediates(images[0], options);
      const spatial = (name: string): Float32Array => tensors.get(name)!.data.subarray(32, 17 * 32);
      assert.equal(embeddings!.layer, -1);
      for (const map of [embeddings!, ...intermediates])
        assert.ok(
          relative(map.data, spatial(`hidden_states.${map.layer + 1}`)) < tolerance,
          `layer ${map.layer}: ${relative(map.data, spatial(`hidden_states.${map.layer + 1}`))}`,
        );
      assert.ok(relative(final!.data, spatial("normed")) < tolerance, "final");
      await encoder.dispose();
    });

  const REFUSED: [model: string, reason: RegExp][] = [
    ["vit.qoperator", /no features can be taken from the graph: it is quantized in QOperator form/],
    ["vit.nchwc", /no features can be taken from the graph: its layout was changed to NCHWc/],
    ["hiera.ts17", /no features can be taken from the graph: its tokens are sorted by window/],
    [
      "xcit.ts17",
      /all blocks must see the same class and register tokens \(class attention is not read\), received "block 2"/,
    ],
  ];
  for (const [model, reason] of REFUSED)
    it(`${model} is refused with the reason`, () => assert.rejects(load(model), reason));
});
