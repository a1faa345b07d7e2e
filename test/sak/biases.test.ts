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
    assert.equal(second.weights, sak.sakParameters({ stem, teachers: ["a"] }).adapters + 4 * 2 * 128);
    assert.match(found[DISPLAY]()["text/plain"], /taken/);
    const beside = await sak.selectTeachers(teachers, splits, { ...options, start: ["untrained"], most: 1 });
    assert.deepEqual(beside.teachers, ["untrained", "parts"]);
    assert.ok(beside.steps[0].gains[0].gain.mean > 20);
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
