import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Facet, FeatureMap } from "../../kernel/encoders/index.ts";
import { golden, images, load, maxAbsDiff } from "./golden.ts";

/** Attention of separate operators by both exporters, scaled on the logits or on q and k, and the fused standard one. */
const MODELS = ["vit.ts14", "vit.ts17", "vit.dynamo", "vit.dynamo23", "vit.fused", "dinov2.scrambled", "dinov2.dynamo"];
const MORE = [
  "deit.dynamo",
  "dinov2reg.dynamo",
  "clip.ts17",
  "siglip.dynamo",
  "beit.ts17",
  "dinov2.ts17",
  "clip.dynamo",
];

/** `[B, P + N, C]` with its prefix tokens again. */
function whole(map: FeatureMap): Float32Array {
  const { data, dims } = map.prefixTokens!;
  const [prefix, spatial] = [dims[1] * dims[2], map.dims[1] * map.dims[2]];
  return Float32Array.from(
    Array.from({ length: map.batch }, (_, b) => [
      ...data.subarray(b * prefix, (b + 1) * prefix),
      ...map.data.subarray(b * spatial, (b + 1) * spatial),
    ]).flat(),
  );
}

/** softmax(q kᵀ / √D) of two heads of 16 channels; q and k `[N, 32]` of one image. */
function attend(q: Float32Array, k: Float32Array, head: number): Float32Array {
  const count = q.length / 32;
  const result = new Float32Array(count * count);
  for (let i = 0; i < count; i++) {
    const row = result.subarray(i * count, (i + 1) * count);
    for (let j = 0; j < count; j++)
      for (let d = head * 16; d < head * 16 + 16; d++) row[j] += q[i * 32 + d] * k[j * 32 + d];
    const top = Math.max(...row);
    const sum = row.reduce((total, logit) => total + Math.exp((logit - top) / 4), 0);
    row.forEach((logit, j) => (row[j] = Math.exp((logit - top) / 4) / sum));
  }
  return result;
}

describe("attention equals PyTorch's (torch 2.13, eager)", () => {
  for (const model of [...MODELS, ...MORE])
    it(`${model}: probabilities of every block within 1e-4`, async () => {
      const tensors = await golden(model.split(".")[0]);
      const encoder = await load(model);
      const maps = await encoder.attention(images, { batchSize: 1 });
      assert.equal(maps.length, 3);
      for (const map of maps) {
        const { data, shape } = tensors.get(`attentions.${map.layer}`)!;
        assert.deepEqual(map.dims, shape);
        assert.ok(maxAbsDiff(map.data, data) < 1e-4, `layer ${map.layer}`);
      }
      const row = maps[0].row(1, 1, 0);
      assert.equal(row.length, 16);
      assert.throws(() => maps[0].row(0, 2, 0), /image, head and token must lie in 2, 2, /);
      await encoder.dispose();
    });

  for (const model of MODELS)
    it(`${model}: query, key and value of every block`, async () => {
      const tensors = await golden(model.split(".")[0]);
      const encoder = await load(model);
      const take = async (facet: Facet): Promise<FeatureMap[]> =>
        (await encoder.forwardIntermediates(images, { facet, outputFmt: "NLC", returnPrefixTokens: true }))
          .intermediates;
      const [queries, keys, values] = [await take("query"), await take("key"), await take("value")];
      for (const layer of [0, 1, 2]) {
        assert.deepEqual(queries[layer].dims, [2, 16, 32]);
        assert.ok(maxAbsDiff(whole(values[layer]), tensors.get(`values.${layer}`)!.data) < 1e-4, `value ${layer}`);
        const [q, k] = [whole(queries[layer]), whole(keys[layer])];
        const { data } = tensors.get(`attentions.${layer}`)!;
        const size = data.length / 4;
        for (const head of [0, 1]) {
          const expected = data.subarray(head * size, (head + 1) * size);
          const found = attend(q.subarray(0, q.length / 2), k.subarray(0, k.length / 2), head);
          assert.ok(maxAbsDiff(found, expected) < 1e-4, `layer ${layer}, head ${head}`);
        }
      }
      await encoder.dispose();
    });

  it("windowed attention is refused, as its tokens are not those of the grid", async () => {
    const sam = await load("sam.dynamo");
    await assert.rejects(
      sam.attention(images, { indices: [0] }),
      /layer 0 must attend over 64 tokens \(windowed attention does not\)/,
    );
    await assert.rejects(
      sam.forwardIntermediates(images, { indices: [0], facet: "key" }),
      /layer 0 must cover 8 x 8 patches and 0 prefix/,
    );
    await sam.dispose();
  });

  it("a network without attention says so", async () => {
    const net = await load("resnet.ts17");
    await assert.rejects(net.attention(images), /layer 0 of resnet.ts17 shows no attention/);
    await assert.rejects(
      net.forwardIntermediates(images, { facet: "lock" as never }),
      /facet must be token, query, key, value/,
    );
    await net.dispose();
  });
});
