import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as data from "../../kernel/data/index.ts";
import * as encoders from "../../kernel/encoders/index.ts";
import * as features from "../../kernel/features/index.ts";
import { DISPLAY } from "../../kernel/display/describe.ts";
import { sak, tf } from "./names.ts";

const root = mkdtempSync(join(tmpdir(), "fovea-biases-"));
const CLASSES = { semseg: 16 };
const options = { tasks: ["semseg", "saliency", "normals"] as const, classes: CLASSES, seeds: [0, 1] };
let teachers: Record<string, sak.BiasTeacher>;
let splits: sak.BiasData;
const loaded: encoders.Encoder[] = [];

async function writeSplit(split: data.world.Split, count: number): Promise<sak.BiasPictures> {
  const folder = join(root, split);
  await data.world.write(folder, { layout: "dense", split, count, size: 128 });
  return data.dense.read(folder, { split, classes: CLASSES });
}

describe("biases of teachers", () => {
  before(async () => {
    const [train, validation, test] = [
      await writeSplit("train", 40),
      await writeSplit("val", 12),
      await writeSplit("test", 12),
    ];
    splits = { train, validation, test };
    for (const name of ["parts-hybrid", "untrained-hybrid"]) loaded.push(await encoders.load(`zoo/${name}`));
    const out = join(root, "features");
    const images = ["train", "val", "test"].map((split) => join(root, split, "images"));
    const paths = (await Promise.all(images.map((dir) => features.listImages("test", dir)))).flat();
    await features.extract({
      encoder: loaded[0],
      images: paths.map(({ file }) => file),
      indices: ["stem", 2],
      out,
      dtype: "f16",
      progress: false,
    });
    teachers = { parts: { folder: out }, untrained: { encoder: loaded[1], indices: [1] } };
  });
  after(async () => {
    await Promise.all(loaded.map((one) => one.dispose()));
    rmSync(root, { recursive: true });
  });

  it("finds what a teacher is good at, with intervals over seeds", async () => {
    const progress: number[] = [];
    const found = await sak.biases(teachers, splits, {
      ...options,
      reference: "untrained",
      tokens: 80,
      onProgress: ({ done, total }) => void progress.push(done / total),
    });
    const of = (teacher: string, task: string): sak.TeacherScore =>
      found.scores.find((one) => one.teacher === teacher && one.task === task)!;
    const semseg = of("parts", "semseg");
    assert.ok(semseg.score.mean > 2 * of("untrained", "semseg").score.mean, JSON.stringify(found.scores));
    assert.equal(semseg.level, 2);
    assert.ok(semseg.gain!.mean > 100 && semseg.score.half! > 0 && semseg.values.length === 2);
    assert.ok(of("parts", "normals").gain!.mean > 0, "smaller angles are a gain");
    assert.equal(of("untrained", "semseg").gain!.mean, 0);
    assert.equal(found.levels.length, 3 * 3);
    assert.equal(found.similarities.pairs.length, 3);
    const [own] = found.similarities.pairs;
    assert.deepEqual(
      [own.a, own.b],
      [
        { teacher: "parts", level: "stem" },
        { teacher: "parts", level: 2 },
      ],
    );
    for (const { cka, neighbors } of found.similarities.pairs)
      assert.ok(cka.mean > 0 && cka.mean < 1 && neighbors.mean > 0 && neighbors.mean < 1);
    assert.equal(progress.at(-1), 1);
    const text = found[DISPLAY]()["text/plain"];
    assert.match(text, /parts\s.*±.*\(2, \+\d+/);
    assert.match(found.similarities[DISPLAY]()["text/plain"], /parts (stem|2), untrained 1/);
  });

  it("gives the same figures again, and leaves no tensor", async () => {
    const run = (): Promise<sak.Biases> => sak.biases({ parts: teachers.parts }, splits, { ...options, tokens: 20 });
    const first = await run();
    const count = tf.memory().numTensors;
    assert.deepEqual((await run()).scores, first.scores);
    assert.equal(tf.memory().numTensors, count);
    assert.equal(first.scores[0].gain, null);
  });

  it("chooses the teacher of the largest gain first, and stops where nothing is added", async () => {
    const stem = { imgSize: 128, patchSize: 8, embedDim: 128, depth: 4, numHeads: 4 };
    const twice = { ...teachers, copy: teachers.parts };
    const found = await sak.selectTeachers(twice, splits, { ...options, stem });
    assert.match(found.teachers[0], /^(parts|copy)$/);
    assert.equal(found.steps[0].gains[2].teacher, "untrained");
    const second = found.steps[1].gains.find(({ teacher }) => teacher === "copy" || teacher === "parts")!;
    assert.ok(Math.abs(second.gain.mean) < 3, `a copy adds ${second.gain.mean}`);
    assert.equal(second.weights, sak.parameters({ stem, teachers: ["a"] }).adapters + 4 * 2 * 128);
    assert.match(found[DISPLAY]()["text/plain"], /taken/);
    const progress: { done: number; total: number }[] = [];
    const onProgress = (now: { done: number; total: number }): void => void progress.push(now);
    const beside = await sak.selectTeachers(teachers, splits, {
      ...options,
      start: ["untrained"],
      most: 1,
      onProgress,
    });
    assert.ok(progress.every(({ done, total }) => done <= total));
    assert.equal(progress.at(-1)!.done, progress.at(-1)!.total);
    assert.deepEqual(beside.teachers, ["untrained", "parts"]);
    assert.ok(beside.steps[0].gains[0].gain.mean > 20);
  });

  it("takes a teacher's level by the validation pictures, not by those of the test", async () => {
    const [live] = loaded;
    const noisy = new Map<unknown, number>();
    const marked = (pictures: sak.BiasPictures, level: number): sak.BiasPictures => ({
      ...pictures,
      sample: async (i: number) => {
        const sample = await pictures.sample(i);
        noisy.set(sample.image, level);
        return sample;
      },
    });
    const [validation, test] = [marked(splits.validation, 0), marked(splits.test, 2)];
    /** Level 0 is noise on the validation pictures, level 2 on those of the test. */
    const encoder = {
      info: live.info,
      featureInfo: live.featureInfo,
      gridOf: (level: number) => live.gridOf(level),
      forwardIntermediates: async (images: string[], wanted: { indices: number[] }) => {
        const { intermediates } = await live.forwardIntermediates(images, {
          ...wanted,
          outputFmt: "NLC",
          intermediatesOnly: true,
        });
        for (const map of intermediates)
          if (map.layer === noisy.get(images[0])) map.data.forEach((_, i) => (map.data[i] = Math.sin(i * i)));
        return { intermediates };
      },
    };
    const found = await sak.biases(
      { one: { encoder: encoder as never, indices: [0, 2] } },
      { ...splits, validation, test },
      { tasks: ["semseg"], classes: CLASSES, seeds: [0], tokens: 20 },
    );
    assert.equal(found.scores[0].level, 2);
    const [first, last] = found.levels;
    assert.deepEqual([first.level, last.level], [0, 2]);
    assert.equal(found.scores[0].score.mean, last.score.mean);
    assert.ok(first.score.mean > last.score.mean, `${first.score.mean} and ${last.score.mean}`);
  });

  it("takes a further teacher by the lower end of its gain's interval", async () => {
    const taken = async (leastGain: number): Promise<sak.SelectionStep> =>
      (await sak.selectTeachers(teachers, splits, { ...options, start: ["untrained"], leastGain })).steps[0];
    const { mean, half } = (await taken(0)).gains[0].gain;
    assert.ok(half! > 0);
    assert.equal((await taken(mean - 0.9 * half!)).chosen, null);
    assert.equal((await taken(mean - 1.1 * half!)).chosen, "parts");
  });

  it("refuses before it computes what is no teacher, no number of a seed, of neighbors or of teachers", async () => {
    const read = { train: 0 };
    const counted = { ...splits.train, sample: (i: number) => (read.train++, splits.train.sample(i)) };
    const data = { ...splits, train: counted };
    const [encoder] = loaded;
    const folder = join(root, "features");
    const both = [sak.biases, sak.selectTeachers] as const;
    const refused = async (given: unknown, change: object, rule: RegExp): Promise<void> => {
      for (const fn of both)
        await assert.rejects(fn(given as never, data, { ...options, ...change } as never), (error: Error) => {
          assert.match(`${error.name} ${error.message}`, rule);
          return true;
        });
    };
    for (const none of [null, undefined, 5, []]) await refused(none, {}, /SakError.*teachers must be an object/);
    for (const teacher of [null, 5, {}, { encoder, folder }, { encoder, indexes: [1] }, { indices: [1] }])
      await refused({ a: teacher }, {}, /SakError.* a must /);
    for (const teacher of [{ folder: 5 }, { folder: null }, { encoder: null }, { encoder: {} }])
      await refused({ a: teacher }, {}, /SakError.* a must have an? (folder|encoder)/);
    for (const indices of [[1, 1], [], 5, null])
      for (const source of [{ encoder }, { folder }])
        await refused({ a: { ...source, indices } }, {}, /SakError.*indices that name at least one level, each once/);
    for (const seed of [1.5, NaN, -1, Infinity, "1"])
      await refused(teachers, { seeds: [1, seed] }, /a seed must be a whole number of at least 0/);
    for (const seeds of [5, null, [1, 1]]) await refused(teachers, { seeds }, /seeds must be at least one, each once/);
    for (const wrong of [{ ...splits, train: null }, { ...splits, validation: undefined }, null, {}])
      for (const fn of both) await assert.rejects(fn(teachers, wrong as never, options), { name: "SakError" });
    for (const k of [NaN, 0, 1.5, -1])
      await assert.rejects(sak.biases(teachers, data, { ...options, k }), /sak\.biases: k must be a whole number/);
    await assert.rejects(
      sak.biases(teachers, data, { ...options, k: 5000, tokens: 6000 }),
      /sak\.biases: k must be below the number of test tokens, \d+, received 5000/,
    );
    const choose = (change: object): Promise<unknown> =>
      sak.selectTeachers(teachers, data, { ...options, ...change } as never);
    await assert.rejects(choose({ start: ["parts", "parts"] }), /start must name teachers, each once/);
    await assert.rejects(choose({ start: "parts" }), /start must name teachers/);
    for (const most of [1.5, NaN, "1", null]) await assert.rejects(choose({ most }), /most must be a whole number/);
    for (const stem of [5, null, "vit"]) await assert.rejects(choose({ stem }), /stem must be a configuration/);
    await assert.rejects(choose({ levels: [0] }), /levels need a stem/);
    assert.equal(read.train, 0);
  });

  it("refuses what does not fit", async () => {
    const { parts } = teachers;
    const run = (change: object, given: Record<string, sak.BiasTeacher> = { parts }): Promise<unknown> =>
      sak.biases(given, splits, { ...options, ...change });
    await assert.rejects(run({ reference: "dino" }), /reference must be one of parts/);
    await assert.rejects(run({ seeds: [] }), /seeds/);
    await assert.rejects(run({ tasks: ["depth"] }), /labels of semseg/);
    await assert.rejects(run({ classes: {} }), /classes of semseg/);
    await assert.rejects(run({ levels: [1] }), /options are/);
    await assert.rejects(run({}, {}), /there must be a teacher/);
    await assert.rejects(
      run({}, { parts: { folder: join(root, "features"), indices: [1] } }),
      /stored layers are stem, 2/,
    );
    await assert.rejects(run({}, { live: { encoder: loaded[1], indices: [7] } }), /levels of live/);
    const unlabelled = {
      ...splits.train,
      sample: async (i: number) => ({ ...(await splits.train.sample(i)), labels: {} }),
    };
    await assert.rejects(
      sak.biases({ parts }, { ...splits, train: unlabelled }, options),
      /must have a label of semseg/,
    );
    const signal = AbortSignal.abort();
    await assert.rejects(run({ signal }), /abort/i);
    await assert.rejects(sak.selectTeachers({ parts }, splits, { ...options, start: ["parts"] }), /teacher to choose/);
  });
});
