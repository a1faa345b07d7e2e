import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Encoder } from "../../kernel/encoders/index.ts";
import * as encoders from "../../kernel/encoders/index.ts";
import * as features from "../../kernel/features/index.ts";
import { nn, sak, tf } from "./names.ts";

const GOLDEN = join(import.meta.dirname, "golden", "theia");
const MODEL = "facebook/DINOv2-base";
const SHARDS = join(GOLDEN, "world", "facebook_DINOv2-base");
const expected = JSON.parse(readFileSync(join(GOLDEN, "expected.json"), "utf8")) as Record<
  string,
  { rows: number[]; cls: number[] | null }
>;

const collect = async (folder: string, model: string): Promise<sak.TheiaSample[]> => {
  const samples: sak.TheiaSample[] = [];
  for await (const sample of sak.readTheia(folder, model)) samples.push(sample);
  return samples;
};

describe("Theia's layout", () => {
  let folder: string;
  let dino: Encoder;
  const images = features.worldPictures({ count: 5, size: 64 });
  before(async () => {
    await nn.start("native");
    folder = mkdtempSync(join(tmpdir(), "fovea-theia-"));
    dino = await encoders.load("zoo/dino-hybrid", { device: "cpu" });
    const out = join(folder, "features");
    await features.extract({ encoder: dino, images, out, indices: ["stem", 1], progress: false });
  });
  after(async () => {
    await dino.dispose();
    rmSync(folder, { recursive: true });
  });

  it("is read as Python wrote it, with class tokens, long names and other files beside", async () => {
    const samples = await collect(SHARDS, MODEL);
    assert.deepEqual(
      samples.map(({ key }) => key),
      Object.keys(expected),
    );
    for (const { key, map, classToken } of samples) {
      assert.deepEqual([...map.data], expected[key].rows);
      assert.deepEqual([[...map.grid], map.channels], [[2, 3], 4]);
      assert.deepEqual(classToken && [...classToken], expected[key].cls);
    }
    const norm = await sak.readTheiaNorm(GOLDEN, MODEL);
    const row = norm.apply(tf.tensor([[[1.5, 1, 2, 2]]]), 0).dataSync();
    assert.deepEqual([...row], [1, 1, 0, -2]);
  });

  it("is written from stored features and read back, with their mean and deviation", async () => {
    const stored = await features.open(join(folder, "features"));
    const out = join(folder, "theia");
    const options = { out, dataset: "world", model: MODEL, level: "stem", samplesPerShard: 2, dtype: "f32" } as const;
    const shards = await sak.writeTheia(stored, options);
    assert.deepEqual(
      shards.map((path) => path.slice(out.length)),
      [0, 1, 2].map((i) => `/world/facebook_DINOv2-base/world_train-00000${i}-train.tar`),
    );
    const samples = await collect(join(out, "world", "facebook_DINOv2-base"), MODEL);
    assert.deepEqual(
      samples.map(({ key }) => key),
      stored.paths,
    );
    const all: number[] = [];
    for (const { key, map } of samples) {
      assert.deepEqual(map.data, (await stored.features(key, "stem")).data);
      for (let i = 0; i < map.data.length; i += map.channels) all.push(map.data[i]);
    }
    const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
    const deviation = Math.sqrt(all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (all.length - 1));
    const { channels } = samples[0].map;
    const norm = await sak.readTheiaNorm(out, MODEL);
    const one = new Float32Array(channels).fill(mean + 2 * deviation);
    const first = norm.apply(tf.tensor(one, [1, 1, channels]), 0).dataSync()[0];
    assert.ok(Math.abs(first - 2) < 1e-3, `${first}`);
    const again = join(folder, "again");
    await sak.writeTheia(stored, { ...options, out: again });
    for (const path of shards)
      assert.ok(readFileSync(path).equals(readFileSync(join(again, path.slice(out.length)))), path);
    assert.ok(readdirSync(out, { recursive: true }).every((name) => !String(name).endsWith(".part")));
  });

  it("serves as a teacher", async () => {
    const out = join(folder, "half");
    await sak.writeTheia(join(folder, "features"), { out, dataset: "world", model: "dino" });
    const byKey = new Map((await collect(join(out, "world", "dino"), "dino")).map(({ key, map }) => [key, map]));
    const maps = (paths: readonly string[]): features.PlainFeatureMap[] => {
      const some = paths.map((path) => byKey.get(path)!);
      const data = Float32Array.from(some.flatMap((map) => [...map.data]));
      return [{ ...some[0], data }];
    };
    const source = await sak.batches({
      images,
      preprocess: dino.info.preprocess,
      teachers: { dino: { maps } },
      batchSize: 2,
    });
    const { paths, teachers } = await source.batch(0, 0);
    const stored = await features.open(join(folder, "features"));
    const exact = (await stored.maps(paths, [1]))[0].data;
    const most = exact.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    assert.ok(teachers.dino[0].data.every((value, i) => Math.abs(value - exact[i]) <= most / 1000));
  });

  it("is refused where it is damaged or another thing, by name", async () => {
    const broken = mkdtempSync(join(folder, "broken-"));
    await assert.rejects(collect(broken, MODEL), /sak\.readTheia: the folder must hold tars/);
    const name = "world_train-000000-train.tar";
    copyFileSync(join(SHARDS, name), join(broken, name));
    const bytes = readFileSync(join(broken, name));
    writeFileSync(join(broken, name), bytes.subarray(0, 900));
    await assert.rejects(collect(broken, MODEL), /world_train-000000-train\.tar must be a whole tar/);
    writeFileSync(join(broken, name), "not a tar".repeat(200));
    await assert.rejects(collect(broken, MODEL), /must be a whole tar/);
    assert.deepEqual(await collect(SHARDS, "another"), []);
    writeFileSync(join(broken, "imagenet_mean_x.npy"), "nothing");
    await assert.rejects(
      sak.readTheiaNorm(broken, "x"),
      /sak\.readTheiaNorm: .*imagenet_mean_x\.npy must be a NumPy file/,
    );
    const stored = await features.open(join(folder, "features"));
    const options = { out: join(folder, "no"), dataset: "d", model: "m" };
    const seen: number[] = [];
    const stop = new AbortController();
    const onProgress = ({ done }: { done: number }) => void (seen.push(done) === 2 && stop.abort(new Error("enough")));
    const halfway = { ...options, out: join(folder, "stopped"), onProgress, signal: stop.signal };
    await assert.rejects(sak.writeTheia(stored, halfway), /enough/);
    assert.deepEqual(seen, [1, 2]);
    await assert.rejects(sak.writeTheia(stored, { ...options, samplesPerShard: 0 }), /samplesPerShard must be/);
    await assert.rejects(sak.writeTheia(stored, { ...options, dtype: "int8" as never }), /dtype must be f16 or f32/);
    await assert.rejects(sak.writeTheia(stored, { ...options, level: 0 }), /stored layers are stem, 1, received 0/);
    const images = ["a.b.png", "a.png", "a.jpg"].map((one) => ({
      name: one,
      picture: { data: new Uint8Array(3 * 64 * 64).fill(one.length), width: 64, height: 64, channels: 3 as const },
    }));
    const extract = (out: string, some: typeof images): Promise<unknown> =>
      features.extract({ encoder: dino, images: some, out: join(folder, out), progress: false });
    await extract("dots", images.slice(0, 1));
    await assert.rejects(
      sak.writeTheia(join(folder, "dots"), options),
      /no dot but that of its extension, received "a\.b\.png"/,
    );
    await extract("twice", images.slice(1));
    await assert.rejects(sak.writeTheia(join(folder, "twice"), options), /names without extension must differ/);
  });
});
