import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { data } from "../../../kernel/index.ts";
import { nn, tasks } from "../../../kernel/index.ts";

const { augment, batch } = tasks.dense;
type Sample = data.dense.DenseSample;

/** A picture whose red level is its column and whose green level is its row, with labels that follow. */
function sampleOf(width: number, height: number): Sample {
  const pixels = width * height;
  const [column, row] = [(at: number) => at % width, (at: number) => Math.floor(at / width)];
  const image = new Uint8Array(3 * pixels).map((_, i) => [column((i / 3) | 0), row((i / 3) | 0), 128][i % 3]);
  const map = (of: (at: number) => number, channels: 1 | 3 = 1) =>
    ({ data: Float64Array.from({ length: pixels * channels }, (_, i) => of(i)), width, height, channels }) as const;
  const labels = {
    semseg: map((at) => (column(at) < width / 2 ? 0 : 1)),
    boundary: map((at) => (column(at) === 4 ? 1 : 0)),
    normals: map((i) => [0.6, 0, 0.8][i % 3], 3),
    depth: map((at) => 1 + row(at)),
  };
  return { name: "a", image: { data: image, width, height, channels: 3 }, labels };
}

const still = { photometric: false, flip: 0, scale: [1, 1] } as const;
const random = (seed = 1): nn.Prng => new nn.Prng(seed);

describe("augmentation of dense tasks", () => {
  it("leaves picture and labels as they are without scale, flip and distortion", () => {
    const sample = sampleOf(12, 8);
    const { image, labels } = augment(sample, { size: [8, 12], random: random(), ...still });
    assert.deepEqual([...image], [...sample.image.data]);
    for (const task of ["semseg", "boundary", "normals", "depth"] as const)
      labels[task]!.data.forEach((value, i) => assert.ok(Math.abs(value - sample.labels[task]!.data[i]) < 1e-12, task));
  });

  it("mirrors pictures, labels and the x of normals", () => {
    const sample = sampleOf(12, 8);
    const { image, labels } = augment(sample, { size: [8, 12], random: random(), ...still, flip: 1 });
    for (let x = 0; x < 12; x++) {
      assert.equal(image[3 * x], 11 - x);
      assert.equal(labels.boundary!.data[x], 11 - x === 4 ? 1 : 0);
    }
    assert.deepEqual([...labels.normals!.data.subarray(0, 3)], [-0.6, 0, 0.8]);
  });

  it("divides depths by the factor of the size", () => {
    const { labels } = augment(sampleOf(12, 8), { size: [16, 24], random: random(), ...still, scale: [2, 2] });
    assert.equal(labels.depth!.data[0], 0.5);
    assert.equal(labels.depth!.data[15 * 24], 4);
  });

  it("pads around the center with pixels that do not count", () => {
    const { image, labels } = augment(sampleOf(12, 8), { size: [10, 16], random: random(), ...still });
    assert.deepEqual([...image.subarray(0, 3)], [...Float32Array.of(123.675, 116.28, 103.53)]);
    assert.deepEqual([labels.semseg!.data[0], labels.boundary!.data[0], labels.depth!.data[0]], [255, 255, 0]);
    assert.deepEqual([...labels.normals!.data.subarray(0, 3)], [0, 0, 0]);
    assert.equal(image[(1 * 16 + 2) * 3], 0, "the picture begins one row and two columns inside");
    const counted = labels.semseg!.data.filter((value) => value !== 255).length;
    assert.equal(counted, 96);
  });

  it("looks for crops that are not of one class", () => {
    const share = (most: number, seed: number): number => {
      const options = { size: [4, 20] as const, random: random(seed), ...still, mostOfOneClass: most };
      const { data } = augment(sampleOf(80, 4), options).labels.semseg!;
      const ones = data.reduce((sum, value) => sum + value, 0) / data.length;
      return Math.max(ones, 1 - ones);
    };
    const seeds = Array.from({ length: 40 }, (_, i) => i);
    const onesided = (most: number): number => seeds.filter((seed) => share(most, seed) > 0.75).length;
    assert.ok(onesided(1) > 25, `${onesided(1)} of 40 crops are of one class`);
    assert.ok(onesided(0.75) < 15, `${onesided(0.75)} of 40 crops are of one class`);
  });

  it("gives the same picture for the same seed, and other ones for others", () => {
    const run = (seed: number): number[] => [
      ...augment(sampleOf(20, 16), { size: [12, 12], random: random(seed) }).image,
    ];
    assert.deepEqual(run(3), run(3));
    assert.notDeepEqual(run(3), run(4));
    for (let seed = 0; seed < 30; seed++)
      assert.ok(
        run(seed).every((level) => level >= 0 && level <= 255),
        `levels of seed ${seed}`,
      );
  });

  it("refuses sizes and ranges", () => {
    const sample = sampleOf(4, 4);
    assert.throws(() => augment(sample, { size: [0, 4], random: random() }), /size must be a height and a width/);
    assert.throws(() => augment(sample, { size: [4, 4], random: random(), scale: [2, 1] }), /scale must be a range/);
    assert.throws(
      () => augment(sample, { size: [4, 4], random: random(), flip: 2 }),
      /flip must lie in 0..1, received 2/,
    );
  });
});

describe("batches of dense tasks", () => {
  it("have the losses' forms, and fill in for missing labels", async () => {
    await nn.start("cpu");
    const make = (sample: Sample) => augment(sample, { size: [8, 12], random: random(), ...still });
    const full = sampleOf(12, 8);
    const { semseg, boundary, normals } = full.labels;
    const { images, labels } = batch([make(full), make({ ...full, labels: { semseg, boundary, normals } })]);
    assert.deepEqual(images.shape, [2, 3, 8, 12]);
    assert.ok(Math.abs(images.dataSync()[5] - (5 - 123.675) / 58.395) < 1e-6);
    assert.deepEqual([labels.semseg!.dtype, labels.semseg!.shape.join()], ["int32", "2,8,12"]);
    assert.deepEqual(labels.normals!.shape, [2, 3, 8, 12]);
    assert.ok(Math.abs(labels.normals!.dataSync()[2 * 96] - 0.8) < 1e-6);
    const depths = labels.depth!.dataSync();
    assert.ok(depths.slice(0, 96).every((value) => value > 0) && depths.slice(96).every((value) => value === 0));
    for (const tensor of [images, ...Object.values(labels)]) tensor.dispose();
    assert.throws(() => batch([]), /tasks.dense.batch: there must be a sample/);
  });
});
