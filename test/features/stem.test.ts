import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import sharp from "sharp";
import type { Encoder } from "../../kernel/encoders/index.ts";
import * as features from "../../kernel/features/index.ts";
import { load } from "../encoders/golden.ts";

describe("the input of the first block as a level", () => {
  let folder: string;
  let encoder: Encoder;
  const images: string[] = [];
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "fovea-stem-"));
    encoder = await load("vit.ts17");
    for (let i = 0; i < 3; i++) {
      const create = { width: 40, height: 32, channels: 3 as const, background: { r: 60 * i, g: 90, b: 200 - 60 * i } };
      images.push(join(folder, `${i}.png`));
      await sharp({ create: { ...create, noise: { type: "gaussian", mean: 128, sigma: 20 } } }).toFile(images[i]);
    }
  });
  after(async () => {
    await encoder.dispose();
    rmSync(folder, { recursive: true });
  });

  const extract = (name: string, indices: features.ExtractOptions["indices"], more = {}) =>
    features.extract({ encoder, images, out: join(folder, name), indices, batchSize: 2, progress: false, ...more });

  it("is written beside blocks, and is what the encoder returns", async () => {
    await extract("both", ["stem", 1]);
    const stored = await features.open(join(folder, "both"));
    assert.deepEqual(
      stored.run.layers.map(({ layer }) => layer),
      [-1, 1],
    );
    const pictures = images.map((path) => readFileSync(path));
    const { embeddings, intermediates } = await encoder.forwardIntermediates(pictures, {
      indices: [1],
      outputFmt: "NLC",
      returnEmbeddings: true,
      batchSize: 2,
    });
    const [block, stem] = await stored.maps(images, [1, "stem"]);
    assert.deepEqual(stem.data, embeddings!.data);
    assert.deepEqual(block.data, intermediates[0].data);
    assert.notDeepEqual(stem.data, block.data);
    assert.deepEqual((await stored.features(images[1], "stem")).data, embeddings!.image(1).data);
  });

  it("is written alone, pooled and in half precision, and read in batches", async () => {
    await extract("alone", ["stem"], { dtype: "f16", pool: 2 });
    const stored = await features.open(join(folder, "alone"));
    assert.deepEqual(
      stored.run.layers.map(({ layer }) => layer),
      [-1],
    );
    const { paths, maps } = await features.batches(stored, { indices: ["stem"], batchSize: 2, seed: 1 }).batch(0, 0);
    assert.equal(maps.length, 1);
    assert.deepEqual(maps[0].image(0).data, (await stored.features(paths[0], "stem")).data);
    const [rows, columns] = encoder.gridOf(0);
    assert.deepEqual([...maps[0].grid], [rows / 2, columns / 2]);
  });

  it("makes another run, while runs without it keep their hash", async () => {
    const hashes = [];
    for (const [name, indices] of [
      ["a", [1]],
      ["b", ["stem", 1]],
      ["c", [1, "stem", "stem"]],
    ] as const)
      hashes.push((await extract(name, indices)).hash);
    assert.equal(hashes[1], hashes[2]);
    assert.notEqual(hashes[0], hashes[1]);
    await assert.rejects(extract("a", ["stem", 1]), /out must be empty or hold a run of the same layers/);
  });

  it("refuses kinds that it has not, by name", async () => {
    await assert.rejects(extract("no", ["stem"], { norm: true }), /norm applies to blocks, not to the stem/);
    await assert.rejects(
      extract("no", ["stem", 0], { facet: "key" }),
      /the stem has no facet but token, received "key"/,
    );
    await assert.rejects(extract("no", []), /indices must name at least one layer/);
    await assert.rejects(extract("no", ["root" as never]), /layer root is out of range/);
    const stored = await features.open(join(folder, "a"));
    assert.throws(() => features.batches(stored, { indices: ["stem"] }), /stored layers are 1, received "stem"/);
    const both = await features.open(join(folder, "both"));
    assert.throws(() => features.batches(both, { indices: [-1] }), /stored layers are stem, 1, received NaN/);
  });
});
