import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { hadamard } from "../../kernel/sak/hadamard.ts";
import * as safetensors from "../../kernel/safetensors/index.ts";
import type { PlainFeatureMap } from "../../kernel/features/index.ts";
import { nn, sak, tf } from "./names.ts";

/** Correlated features far from 0, of unequal scales, whose last channel never changes. */
function features(seed: number, channels: number, tokens = 500): PlainFeatureMap {
  const random = new nn.Prng(seed, "norm");
  const data = new Float32Array(tokens * channels);
  for (let n = 0; n < tokens; n++) {
    const shared = random.normal();
    for (let c = 0; c < channels - 1; c++) data[n * channels + c] = 100 * c + (c + 1) * (random.normal() + 2 * shared);
    data[n * channels + channels - 1] = 7;
  }
  return { data, grid: [tokens, 1], channels };
}

/** Mean and covariance of tokens, in double precision. */
function statistics(data: ArrayLike<number>, channels: number): { mean: number[]; covariance: number[][] } {
  const N = data.length / channels;
  const rows = Array.from({ length: N }, (_, n) => Array.from({ length: channels }, (_, c) => data[n * channels + c]));
  const mean = rows[0].map((_, c) => rows.reduce((sum, row) => sum + row[c], 0) / N);
  const covariance = mean.map((a, i) =>
    mean.map((b, j) => rows.reduce((sum, row) => sum + (row[i] - a) * (row[j] - b), 0) / N),
  );
  return { mean, covariance };
}

const batches = (channels: number): PlainFeatureMap[][] => [1, 2, 3].map((seed) => [features(seed, channels)]);

const all = (maps: PlainFeatureMap[][]): Float32Array => Float32Array.from(maps.flatMap(([{ data }]) => [...data]));

function applied(norm: sak.TeacherNorm, maps: PlainFeatureMap[][], channels: number): ArrayLike<number> {
  const data = all(maps);
  return norm.apply(tf.tensor(data, [1, data.length / channels, channels]), 0).dataSync();
}

describe("normalization of teachers", () => {
  before(() => nn.start("native"));

  it("standardises each channel over all batches; a channel that never changes becomes 0", async () => {
    const maps = batches(5);
    const norm = await sak.TeacherNorm.fit("standardize", () => maps);
    const { mean, covariance } = statistics(applied(norm, maps, 5), 5);
    mean.forEach((value) => assert.ok(Math.abs(value) < 1e-4, `${value}`));
    covariance.forEach((row, i) => assert.ok(Math.abs(row[i] - (i < 4 ? 1 : 0)) < 1e-3, `${row[i]}`));
    assert.ok(covariance[0][1] > 0.5);
  });

  it("gives all channels the variance 1 by a rotation, with phi-s", async () => {
    const maps = batches(12);
    const norm = await sak.TeacherNorm.fit("phi-s", () => maps);
    const rotated = applied(norm, maps, 12);
    const { mean, covariance } = statistics(rotated, 12);
    mean.forEach((value) => assert.ok(Math.abs(value) < 1e-3, `${value}`));
    covariance.forEach((row, i) => assert.ok(Math.abs(row[i] - 1) < 1e-3, `${row[i]}`));
    // A rotation and one factor: distances between tokens keep their proportions.
    const data = all(maps);
    const distance = (values: ArrayLike<number>, a: number, b: number): number =>
      Math.hypot(...Array.from({ length: 12 }, (_, c) => values[a * 12 + c] - values[b * 12 + c]));
    const factor = distance(rotated, 0, 1) / distance(data, 0, 1);
    for (const [a, b] of [
      [3, 700],
      [12, 1400],
    ])
      assert.ok(Math.abs(distance(rotated, a, b) / distance(data, a, b) / factor - 1) < 1e-3);
    const trace = statistics(data, 12).covariance.reduce((sum, row, i) => sum + row[i], 0);
    assert.ok(Math.abs(factor / (1 / Math.sqrt(trace / 12)) - 1) < 1e-3);
  });

  it("changes what the student is compared with, and none leaves it", async () => {
    nn.manualSeed(2);
    const stem = { imgSize: 8, patchSize: 4, embedDim: 8, depth: 1, numHeads: 2 };
    const model = new sak.Sak({ stem, teachers: ["dino"], levels: [0] });
    const map = { ...features(4, 8, 4), grid: [2, 2] as const };
    const batch = { pixels: new Float32Array(192).fill(0.5), shape: [1, 3, 8, 8] as const, teachers: { dino: [map] } };
    const loss = (teacherNorms = {}): number => sak.distillationStep(model, { teacherNorms })(batch).loss.dataSync()[0];
    const raw = loss();
    const fit = (kind: sak.TeacherNormKind): Promise<sak.TeacherNorm> => sak.TeacherNorm.fit(kind, () => [[map]]);
    assert.equal(loss({ dino: await fit("none") }), raw);
    assert.ok(loss({ dino: await fit("standardize") }) < raw / 5);
  });

  it("is written and read to the same bits", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fovea-sak-norm-"));
    for (const kind of ["none", "standardize", "phi-s"] as const) {
      const maps = batches(8);
      const norm = await sak.TeacherNorm.fit(kind, () => maps);
      await norm.save(join(folder, kind));
      const again = await sak.TeacherNorm.load(join(folder, kind));
      assert.equal(again.kind, kind);
      assert.deepEqual(applied(again, maps, 8), applied(norm, maps, 8));
    }
    writeFileSync(join(folder, "other"), safetensors.encode(new Map()));
    await assert.rejects(sak.TeacherNorm.load(join(folder, "other")), /must be written by sak\.TeacherNorm\.save/);
    rmSync(folder, { recursive: true });
  });

  it("refuses features that cannot be normalized", async () => {
    const fit = (kind: sak.TeacherNormKind, maps: PlainFeatureMap[][]): Promise<sak.TeacherNorm> =>
      sak.TeacherNorm.fit(kind, () => maps);
    await assert.rejects(fit("whiten" as never, []), /kind must be none, standardize, phi-s, received "whiten"/);
    await assert.rejects(fit("standardize", []), /there must be features, received 0/);
    await assert.rejects(fit("phi-s", batches(6)), /phi-s needs a width with a known Hadamard matrix, received 6/);
    await assert.rejects(
      fit("standardize", [[features(1, 4)], [features(1, 5)]]),
      /must have 4 channels in every batch/,
    );
    await assert.rejects(fit("standardize", [[features(1, 4)], []]), /every batch must have 1 levels, received 0/);
    const broken = features(1, 4);
    broken.data[6] = Infinity;
    await assert.rejects(fit("standardize", [[broken]]), /features must be finite/);
    const norm = await fit("standardize", batches(4));
    assert.throws(() => norm.apply(tf.zeros([1, 2, 5]), 0), /level 0 must have the measured width, received 5/);
    assert.throws(() => norm.apply(tf.zeros([1, 2, 4]), 1), /level 1 must have the measured width/);
  });

  it("has Hadamard matrices for the widths of vision transformers", () => {
    for (const n of [1, 2, 4, 8, 12, 20, 24, 28, 36, 44, 60, 96, 128, 192, 384, 768]) {
      const H = hadamard("sak.TeacherNorm.fit", n);
      assert.ok(
        H.every((value) => value === 1 || value === -1),
        `${n}: entries`,
      );
      for (const [i, j] of [
        [0, 0],
        [0, n - 1],
        [n >> 1, n - 1],
        [1 % n, n >> 1],
      ]) {
        let sum = 0;
        for (let k = 0; k < n; k++) sum += H[i * n + k] * H[j * n + k];
        assert.equal(sum, i === j ? n : 0, `${n}: rows ${i} and ${j}`);
      }
    }
    for (const n of [28, 36]) {
      const H = hadamard("sak.TeacherNorm.fit", n);
      for (let i = 0; i < n; i++)
        for (let j = 0; j < i; j++) {
          let sum = 0;
          for (let k = 0; k < n; k++) sum += H[i * n + k] * H[j * n + k];
          assert.equal(sum, 0, `${n}: rows ${i} and ${j}`);
        }
    }
    for (const n of [1024, 1152, 1280, 1536]) assert.equal(hadamard("sak.TeacherNorm.fit", n).length, n * n);
    for (const n of [3, 6, 10, 14]) assert.throws(() => hadamard("sak.TeacherNorm.fit", n), /known Hadamard matrix/);
  });
});
