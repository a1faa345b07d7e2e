import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { golden, images, load, maxAbsDiff } from "./golden.ts";

const MODELS: [model: string, golden: string, prefix: number][] = [
  ["vit.ts14", "vit", 1],
  ["vit.ts17", "vit", 1],
  ["vit.dynamo", "vit", 1],
  ["deit.ts17", "deit", 2],
  ["deit.dynamo", "deit", 2],
  ["dinov2.ts17", "dinov2", 1],
  ["dinov2.dynamo", "dinov2", 1],
  ["dinov2.scrambled", "dinov2", 1],
  ["dinov2reg.dynamo", "dinov2reg", 4],
  ["clip.ts17", "clip", 1],
  ["clip.dynamo", "clip", 1],
  ["siglip.ts17", "siglip", 0],
  ["siglip.dynamo", "siglip", 0],
  ["beit.ts17", "beit", 1],
];

/** `[B, P + N, C]` of PyTorch without its prefix tokens. */
function spatial(whole: Float32Array, prefix: number): Float32Array {
  const parts = [0, 1].map((b) => whole.subarray((b * (prefix + 16) + prefix) * 32, (b + 1) * (prefix + 16) * 32));
  return Float32Array.from([...parts[0], ...parts[1]]);
}

describe("forwardIntermediates equals PyTorch's hidden states", () => {
  for (const [model, name, prefix] of MODELS)
    it(`${model}: every block, prefix tokens, final norm, within 1e-4`, async () => {
      const tensors = await golden(name);
      const encoder = await load(model);
      assert.equal(encoder.info.prefixTokens, prefix);
      assert.deepEqual(encoder.info.grid, [4, 4]);
      const { intermediates, final } = await encoder.forwardIntermediates(images, {
        outputFmt: "NLC",
        returnPrefixTokens: true,
      });
      assert.equal(intermediates.length, 3);
      for (const map of intermediates) {
        const state = tensors.get(`hidden_states.${map.layer + 1}`)!.data;
        assert.ok(maxAbsDiff(map.data, spatial(state, prefix)) < 1e-4, `layer ${map.layer}`);
        if (prefix)
          assert.ok(maxAbsDiff(map.prefixTokens!.data.subarray(0, prefix * 32), state.subarray(0, prefix * 32)) < 1e-4);
      }
      const normed = tensors.get("normed");
      if (normed) assert.ok(maxAbsDiff(final!.data, spatial(normed.data, prefix)) < 1e-4, "final norm");
      await encoder.dispose();
    });
});
