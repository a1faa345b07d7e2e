import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { parquetReadObjects } from "hyparquet";
import { packTar } from "modern-tar";
import { parseNpy } from "../../kernel/data/npy.ts";
import * as encoders from "../../kernel/encoders/index.ts";
import * as features from "../../kernel/features/index.ts";
import { readTheia } from "../../kernel/sak/theia.ts";
import { maxAbsDiff } from "../encoders/golden.ts";
import { ENCODER, png } from "./material.ts";
import { scalePython } from "./python.mjs";

const python = scalePython();
const skip = python ? false : "no Python with embedding-reader and webdataset: run npm test -- scale";

let folder: string;
let encoder: encoders.Encoder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "fovea-formats-"));
  encoder = await encoders.load(ENCODER, { device: "cpu" });
  mkdirSync(join(folder, "tars"));
  for (let tar = 0; tar < 2; tar++) writeFileSync(join(folder, "tars", `${tar}.tar`), await tarOf(tar));
});
after(async () => {
  await encoder.dispose();
  rmSync(folder, { recursive: true });
});

/** Four pictures, of which the third is none and the last the first again, each with a caption. */
function tarOf(tar: number): Promise<Uint8Array> {
  const entries = Array.from({ length: 4 }, (_, i) => {
    const body = i === 2 ? new TextEncoder().encode("none") : png(seedOf(tar, i));
    const text = new TextEncoder().encode(`caption ${tar}.${i}`);
    return [
      { header: { name: `a.b/${i}.x.png`, size: body.length, mtime: new Date(0) }, body },
      { header: { name: `a.b/${i}.txt`, size: text.length, mtime: new Date(0) }, body: text },
    ];
  });
  return packTar(entries.flat());
}

const seedOf = (tar: number, i: number): number => 10 * tar + (i === 3 ? 0 : i);

async function merged(name: string, options: Partial<features.PlanOptions>): Promise<string> {
  const output = join(folder, name, "plan.json");
  const source = join(folder, "tars", "{0..1}.tar");
  const plan = await features.plan({ source, output, encoder: ENCODER, batchSize: 2, ...options });
  for (let part = 0; part < plan.parts; part++) await features.extractPart(plan, part, { encoder });
  const out = join(folder, name, "merged");
  const { pictures, ok, skipped } = await features.merge(plan, { out });
  assert.deepEqual([pictures, ok, skipped], [8, 6, 2]);
  return out;
}

async function mapOf(seed: number): Promise<encoders.FeatureMap> {
  const { intermediates } = await encoder.forwardIntermediates(png(seed), { indices: [-1], outputFmt: "NLC" });
  return intermediates[0];
}

async function meanOf(seed: number): Promise<Float32Array> {
  const { data, channels } = await mapOf(seed);
  const mean = new Float64Array(channels);
  data.forEach((value, i) => (mean[i % channels] += value / (data.length / channels)));
  return Float32Array.from(mean);
}

function read<T>(...args: string[]): T {
  const script = join(import.meta.dirname, "read_formats.py");
  const { status, stdout, stderr } = spawnSync(python as string, [script, ...args], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout.trim().split("\n").at(-1) as string) as T;
}

const SEEDS = [0, 1].flatMap((tar) => [0, 1, 3].map((i) => seedOf(tar, i)));

describe("embeddings in clip-retrieval's layout", () => {
  for (const [dtype, bytes, tolerance] of [
    ["f32", 4, 1e-5],
    ["f16", 2, 2e-3],
  ] as const)
    it(`are read by embedding-reader, ${dtype}`, { skip }, async () => {
      const out = await merged(`vectors-${dtype}`, { format: "embeddings", dtype });
      type Row = { image_path: string; caption: string; width: number; vector: number[] };
      const { count, dimension, rows } = read<{ count: number; dimension: number; rows: Row[] }>("embeddings", out);
      assert.deepEqual([count, rows.length], [6, 6]);
      for (const [i, seed] of SEEDS.entries()) {
        const mean = await meanOf(seed);
        assert.equal(dimension, mean.length);
        assert.ok(maxAbsDiff(rows[i].vector, mean) < tolerance * Math.max(1, ...mean), `row ${i}`);
      }
      assert.deepEqual(
        rows.map(({ caption }) => caption),
        ["caption 0.0", "caption 0.1", "caption 0.3", "caption 1.0", "caption 1.1", "caption 1.3"],
      );
      assert.match(rows[0].image_path, /0\/a\.b\/0\.x\.png$/);
      assert.equal(rows[0].width, 40);
      const [first] = readdirSync(join(out, "img_emb"));
      assert.equal(readFileSync(join(out, "img_emb", first)).length % 64, (3 * dimension * bytes) % 64);
    });

  it("have one scale a vector in int8, and one cell of a grid may be taken", async () => {
    const out = await merged("vectors-int8", { format: "embeddings", dtype: "int8", pool: "1x1" });
    const name = "000000000";
    const { data, shape } = parseNpy(readFileSync(join(out, "img_emb", `img_emb_${name}.npy`)));
    const bytes = readFileSync(join(out, "metadata", `metadata_${name}.parquet`));
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
    const rows = (await parquetReadObjects({ file })) as { scale: number }[];
    assert.deepEqual([shape[0], rows.length], [3, 3]);
    const mean = await meanOf(0);
    for (let c = 0; c < shape[1]; c++)
      assert.ok(Math.abs(data[c] * rows[0].scale - mean[c]) <= 0.51 * rows[0].scale, `channel ${c}`);
  });
});

describe("maps in Theia's layout", () => {
  it("are read by webdataset, and by sak.readTheia", { skip }, async () => {
    const out = await merged("maps", { format: "theia", dtype: "f16", dataset: "cats" });
    const place = join(out, "cats", readdirSync(join(out, "cats"))[0]);
    const tars = readdirSync(place).sort();
    assert.deepEqual(tars, ["cats_train-000000-train.tar", "cats_train-000001-train.tar"]);
    type Sample = { key: string; shape: number[]; type: string; first: number[] };
    const { samples } = read<{ samples: Sample[] }>("theia", ...tars.map((name) => join(place, name)));
    assert.equal(samples.length, 6);
    for (const [i, seed] of SEEDS.entries()) {
      const map = await mapOf(seed);
      assert.deepEqual([samples[i].shape, samples[i].type], [[map.channels, ...map.grid], "float16"]);
      assert.ok(maxAbsDiff(samples[i].first, map.data.subarray(0, map.channels)) < 2e-2, samples[i].key);
    }
    let count = 0;
    for await (const { map } of readTheia(place, encoder.name)) {
      assert.ok(maxAbsDiff(map.data, (await mapOf(SEEDS[count])).data) < 2e-2);
      count++;
    }
    assert.equal(count, 6);
    const lines = readFileSync(join(out, "manifest.jsonl"), "utf8").trimEnd().split("\n");
    assert.equal(lines.length, 8, "those that failed have their line");
  });

  it("may be cells of the grid", { skip }, async () => {
    const [rows, columns] = encoder.gridOf(encoder.info.depth - 1);
    const out = await merged("cells", { format: "theia", pool: `${rows / 2}x${columns / 2}` });
    const place = join(out, "pictures", readdirSync(join(out, "pictures"))[0]);
    for await (const { map } of readTheia(place, encoder.name)) assert.deepEqual(map.grid, [rows / 2, columns / 2]);
  });
});
