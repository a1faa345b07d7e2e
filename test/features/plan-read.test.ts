/** A plan of many parts, read as one: by scores, teachers, batches and the gallery. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as world from "../../kernel/data/world";
import * as data from "../../kernel/data";
import * as encoders from "../../kernel/encoders";
import * as features from "../../kernel/features";
import * as law from "../../kernel/law";
import * as nn from "../../kernel/nn";
import * as sak from "../../kernel/sak";
import { parseNpy } from "../../kernel/data/npy";
import { readFile } from "../../kernel/platform/files";
import { GALLERY_MIME, readGallery } from "../../kernel/protocol";
import { gallery } from "../../kernel/view/gallery";

const ENCODER = "zoo/untrained-hybrid";
let folder: string;
let pictures: string;
let encoder: encoders.Encoder;
let plan: features.ExtractionPlan;
let merged: features.FeatureFolder;

before(async () => {
  await nn.start("native");
  folder = mkdtempSync(join(tmpdir(), "fovea-plan-read-"));
  await world.writeSpair(join(folder, "spair"), { categories: ["bird", "fish"], images: 6, pairs: 8 });
  pictures = join(folder, "spair", "JPEGImages", "bird");
  encoder = await encoders.load(ENCODER, { device: "cpu" });
  plan = await made("tensors", { source: join(folder, "spair", "JPEGImages"), indices: [-2, -1] });
  await features.merge(plan, { out: join(folder, "merged") });
  merged = await features.open(join(folder, "merged"));
});
after(async () => {
  await encoder.dispose();
  rmSync(folder, { recursive: true });
});

async function made(name: string, options: Omit<features.PlanOptions, "encoder" | "output">) {
  const output = join(folder, name, "plan.json");
  const own = await features.plan({ encoder: ENCODER, output, picturesPerPart: 1, batchSize: 2, ...options });
  for (let part = own.parts - 1; part >= 0; part--) await features.extractPart(own, part, { encoder });
  return own;
}

describe("features.open of a plan", () => {
  it("reads many parts as the merged folder", async () => {
    assert.ok(plan.parts >= 6, `${plan.parts} parts`);
    const parts = await features.open(plan.path);
    assert.deepEqual(parts.paths, merged.paths);
    assert.deepEqual(parts.run.hash, merged.run.hash);
    for (const path of parts.paths) assert.deepEqual(await parts.features(path, 2), await merged.features(path, 2));
    const batch = await features.batches(parts, { shuffle: false, batchSize: 7 }).batch(0, 0);
    const other = await features.batches(merged, { shuffle: false, batchSize: 7 }).batch(0, 0);
    assert.deepEqual(batch, other);
  });

  it("serves a C score, a teacher of a distillation, and the gallery", async () => {
    const parts = await features.open(plan.path);
    const { pairs } = data.spair.read(join(folder, "spair"));
    assert.deepEqual(await law.cScore(parts, pairs), await law.cScore(merged, pairs));
    const batches = (teacher: string) =>
      sak.batches({
        images: join(folder, "spair", "JPEGImages"),
        preprocess: encoder.info.preprocess,
        teachers: { one: { folder: teacher, indices: [-2 + encoder.info.depth] } },
        batchSize: 4,
      });
    const [own, expected] = [await batches(plan.path), await batches(join(folder, "merged"))];
    assert.deepEqual((await own.batch(0, 0)).teachers, (await expected.batch(0, 0)).teachers);
    const shown = async (source: features.FeatureFolder) => {
      const view = await gallery(source, { pictures: join(folder, "spair", "JPEGImages") });
      const payload = readGallery(JSON.parse(JSON.stringify(view.bundle[GALLERY_MIME])));
      return { ...payload, view: "", folder: "" };
    };
    assert.deepEqual(await shown(parts), await shown(merged));
  });

  it("refuses a plan with a damaged or missing part, and one of another format", async () => {
    const broken = await made("broken", { source: pictures });
    const first = join(broken.folder, "000000", "000000000");
    const file = readdirSync(first).find((name) => name.endsWith(".safetensors")) as string;
    truncateSync(join(first, file), 100);
    rmSync(join(broken.folder, "000000", "000000001"), { recursive: true });
    await assert.rejects(
      features.open(broken.path),
      /every part of .*plan\.json must be whole \(extract --plan makes 0-1\)/,
    );
    const vectors = await made("vectors", { source: pictures, format: "embeddings" });
    await assert.rejects(features.open(vectors.path), /must have the format safetensors, received "embeddings"/);
    await assert.rejects(features.open(join(folder, "none.json")), /the plan must be a file \(ENOENT\)/);
  });
});

describe("a merged plan in Theia's layout", () => {
  it("has the mean and the deviation of all parts, whatever the parts", async () => {
    const statistics = new Map<string, number[][]>();
    for (const [name, picturesPerPart] of [
      ["ones", 1],
      ["twos", 2],
      ["all", 100],
    ] as const) {
      const maps = await made(name, { source: pictures, format: "theia", dtype: "f16", picturesPerPart });
      const out = join(folder, name, "out");
      await features.merge(maps, { out });
      const model = basename(readdirSync(join(out, "pictures"))[0]);
      const read = async (kind: string): Promise<number[]> => [
        ...parseNpy(await readFile(join(out, `imagenet_${kind}_${model}.npy`))).data,
      ];
      const found = [await read("mean"), await read("var")];
      statistics.set(name, found);
      const columns = await channelsOf(join(out, "pictures", model), model);
      columns.forEach((values, c) => {
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
        // Single precision of the files.
        const isNear = (a: number, b: number): boolean => Math.abs(a - b) <= 2 ** -23 * Math.max(Math.abs(b), 1e-6);
        assert.ok(isNear(found[0][c], mean), `mean ${c} of ${name}: ${found[0][c]}, not ${mean}`);
        const deviation = Math.sqrt(squares / (values.length - 1));
        assert.ok(isNear(found[1][c], deviation), `deviation ${c} of ${name}: ${found[1][c]}, not ${deviation}`);
      });
      await sak.readTheiaNorm(out, model);
    }
    assert.equal(statistics.size, 3);
  });

  /** All numbers of each channel, as the samples have them. */
  async function channelsOf(place: string, model: string): Promise<number[][]> {
    const columns: number[][] = [];
    for await (const { map } of sak.readTheia(place, model))
      map.data.forEach((value, at) => (columns[at % map.channels] ??= []).push(value));
    return columns;
  }
});
