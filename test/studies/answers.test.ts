import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as world from "../../kernel/data/world";
import * as encoders from "../../kernel/encoders";
import { AnswerWriter, answerBatches, batchOf } from "../../kernel/tasks/answers/sequences.ts";
import { nn, tf } from "../nn/names.ts";
import { models, studies, tasks } from "../models/names.ts";
import { halfToFloat } from "../../kernel/numeric/index.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-answers-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const PICTURES = { encoder: "zoo/clip-vit", indices: [-1, -3], pool: 2, perType: 1 } as const;

/** The short study, shorter still. */
const TINY: studies.AnswerSettings = {
  ...studies.ANSWERS_SHORT,
  indices: [-1, -3],
  images: { train: 16, asked: 6 },
  batchSize: 4,
  questions: 2,
  steps: [4, 3],
  seeds: 1,
  methods: studies.answerMethods(4).filter(({ name }) => ["projector", "VCE + Dual-LoRA"].includes(name)),
};

describe("features of pictures with questions", () => {
  const options = { ...PICTURES, split: "val", count: 5, folder: join(folder, "val") } as const;

  it("are the means of the encoder's tokens by squares, in half precision", async () => {
    const pictures = await tasks.answers.loadPictures(options);
    const { image } = world.quiz(3, { split: "val", perType: 1 });
    const encoder = await encoders.load(PICTURES.encoder);
    const { intermediates } = await encoder.forwardIntermediates(image, { indices: [-3], outputFmt: "NLC" });
    await encoder.dispose();
    // Cell (1, 2) of the 8 x 8 grid: rows 2 and 3, columns 4 and 5 of 16 x 16.
    const tokens = [36, 37, 52, 53].map((at) => intermediates[0].data.subarray(at * 128, (at + 1) * 128));
    const kept = halfToFloat(pictures.bits(3, 1)).subarray(10 * 128, 11 * 128);
    kept.forEach((value, c) => {
      const mean = tokens.reduce((sum, token) => sum + token[c], 0) / 4;
      assert.ok(Math.abs(value - mean) <= 2e-3 * Math.max(1, Math.abs(mean)), `${value} for ${mean}`);
    });
    assert.deepEqual(pictures.texts[3].questions, world.quiz(3, { split: "val", perType: 1 }).questions);
  });

  it("are computed once, and not again for fewer pictures", async () => {
    const files = readdirSync(options.folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".safetensors"))
      .map((name) => join(options.folder, name));
    const written = files.map((file) => statSync(file).mtimeMs);
    const [first, again] = [
      await tasks.answers.loadPictures(options),
      await tasks.answers.loadPictures({ ...options, count: 2 }),
    ];
    assert.deepEqual(
      files.map((file) => statSync(file).mtimeMs),
      written,
    );
    assert.deepEqual(again.bits(1, 0), first.bits(1, 0));
    assert.equal(again.count, 2);
  });

  it("lie beside those of other options, and are computed again where a file holds others", async () => {
    const coarse = await tasks.answers.loadPictures({ ...options, pool: 4, count: 1 });
    assert.deepEqual(coarse.grid, [4, 4]);
    const [own, other] = readdirSync(options.folder)
      .map((name) => join(options.folder, name, "features-00000.safetensors"))
      .sort((a, b) => statSync(b).size - statSync(a).size);
    copyFileSync(own, other);
    const repaired = await tasks.answers.loadPictures({ ...options, pool: 4, count: 1 });
    assert.deepEqual(repaired.bits(0, 0), coarse.bits(0, 0));
    for (const [name, wrong] of [
      ["count must be a whole number of at least 1, received 0", { count: 0 }],
      ["indices must name at least one block, each once", { indices: [-1, -1] }],
      ["the levels' grids must be equal and multiples of pool 3", { pool: 3 }],
    ] as const)
      await assert.rejects(tasks.answers.loadPictures({ ...options, ...wrong }), new RegExp(name));
  });
});

describe("sequences of questions", () => {
  before(() => nn.start("native"));

  it("end each question with its answer, after the words before and after the picture", async () => {
    const { tokenizer, model } = await models.load("zoo/reading-llama");
    model.dispose();
    const writer = new AnswerWriter(tokenizer);
    const pictures = await tasks.answers.loadPictures({
      ...PICTURES,
      split: "val",
      count: 5,
      folder: join(folder, "val"),
    });
    const source = answerBatches(pictures, writer, { batchSize: 2, questions: 3, seed: 1 });
    const batch = await source.batch(0, 1);
    assert.deepEqual(await source.batch(0, 1), batch);
    assert.notDeepEqual((await source.batch(1, 1)).ids, batch.ids);
    assert.equal(batch.answers.length, 6);
    for (const { place, word, type } of batch.answers) {
      const row = Math.floor(place / batch.length);
      const { questions } = pictures.texts[batch.pictures[row]];
      assert.equal(batch.ids[place + 1], word);
      assert.deepEqual(
        [...batch.ids.subarray(row * batch.length, row * batch.length + 2)],
        [...writer.ids("objects"), ...writer.ids(";")],
      );
      const asked = questions.filter((one) => {
        const ids = writer.ids(one.question);
        return one.type === type && ids.every((id, i) => batch.ids[place - ids.length + 1 + i] === id);
      });
      assert.deepEqual(
        asked.map((one) => writer.ids(one.answer)),
        [[word]],
      );
    }
  });

  it("hold the reading where the model is told", async () => {
    const { tokenizer, model } = await models.load("zoo/reading-llama");
    model.dispose();
    const writer = new AnswerWriter(tokenizer);
    const text = { questions: world.quiz(1).questions, reading: "column1 row2 size3 red plain cat with ear" };
    const told = batchOf([writer.sequence(0, text, [0], true)]);
    assert.deepEqual([...told.ids.subarray(1, 9)], writer.ids(text.reading));
    assert.ok(!told.ids.includes(writer.ids("[UNK]")[0]) || text.reading === "");
  });
});

/** A study with what it saw on the way. */
async function study(name: string, signal?: AbortSignal, stopAt = Infinity) {
  const losses: number[] = [];
  const stop = new AbortController();
  const found = await studies.answerStudy({
    settings: TINY,
    folder: join(folder, name),
    signal: signal ?? stop.signal,
    onStep: (_, { loss }) => {
      losses.push(loss);
      if (losses.length === stopAt) stop.abort();
    },
  });
  return { found, losses };
}

describe("a study of answers", () => {
  before(() => nn.start("native"));

  it("gives the same figures for the same seeds, leaves no tensor, and goes on where it was stopped", async () => {
    const before = tf.memory().numTensors;
    const whole = await study("whole");
    assert.equal(tf.memory().numTensors, before);
    assert.ok(whole.found.finished);
    // Twice a first stage of 4 updates and a second one of 3.
    assert.equal(whole.losses.length, 14);
    const questions = TINY.types.length;
    assert.deepEqual(
      whole.found.runs.map(({ method }) => method),
      ["projector", "VCE + Dual-LoRA"],
    );
    assert.ok(whole.found.runs.every(({ score }) => score.questions > questions && score.questions <= 6 * questions));

    // Stopped in the second stage of the first method.
    const stopped = await study("stopped", undefined, 6);
    assert.ok(!stopped.found.finished);
    const rest = await study("stopped");
    assert.deepEqual([...stopped.losses, ...rest.losses], whole.losses);
    const plain = (one: studies.AnswerStudy): unknown =>
      one.runs.map(({ method, seed, score }) => [method, seed, score]);
    assert.deepEqual(plain(rest.found), plain(whole.found));

    const again = await study("whole");
    assert.deepEqual(again.losses, []);
    assert.deepEqual(again.found, whole.found);
  });

  it("hands out a trained model, its gates and its levels by question type", async () => {
    const [, dual] = TINY.methods;
    const options = { settings: TINY, folder: join(folder, "whole"), method: dual.name, seed: 1 };
    const model = await studies.openAnswers(options);
    const run = JSON.parse(
      readFileSync(
        join(
          options.folder,
          readdirSync(options.folder).find((name) => name.startsWith("study-"))!,
          "study.json",
        ),
        "utf8",
      ),
    ) as studies.AnswerStudy;
    const stored = run.runs.find(({ method }) => method === dual.name)?.score;
    assert.deepEqual(await model.score(), stored);
    const types = Object.keys(stored!.byType).sort();
    const levels = model.levelWeights();
    assert.deepEqual(levels.map(({ type }) => type).sort(), types);
    for (const { weights } of levels) assert.ok(Math.abs(weights.reduce((sum, one) => sum + one, 0) - 1) < 1e-5);
    const gates = await model.gateActivity();
    assert.deepEqual([...gates.tasks].sort(), types);
    assert.equal(gates.layers.length, 4 * 2);
    for (const { active, mean, inputs } of gates.uses) {
      assert.ok(inputs > 16 && mean.length === 4);
      assert.ok(active.every((share) => share >= 0 && share <= 1) && mean.every((opening) => opening >= 0));
    }
    // Random projections of tokens open a part of the gates, neither none nor all.
    const open = gates.uses
      .flatMap(({ active }) => [...active])
      .reduce((sum, one, _, all) => sum + one / all.length, 0);
    assert.ok(open > 0.1 && open < 0.9, `${open}`);
    model.dispose();
    const plain = await studies.openAnswers({ ...options, method: "projector" });
    assert.throws(() => plain.levelWeights(), /studies\.AnswerModel\.levelWeights: the method must have VCE/);
    assert.throws(() => plain.gateActivity(), /studies\.AnswerModel\.gateActivity: the method must have an adapter/);
    plain.dispose();
    await assert.rejects(studies.openAnswers({ ...options, seed: 2 }), /must have trained VCE \+ Dual-LoRA.*2/);
    await assert.rejects(studies.openAnswers({ ...options, method: "x" }), /methods are projector, VCE \+ Dual-LoRA/);
  });

  it("takes a method from outside: what it builds, its stages, loss and score", async () => {
    const [plain] = TINY.methods;
    const slow: studies.AnswerMethod = {
      ...plain,
      name: "projector, one stage",
      stages: () => [{ name: "only", groups: [{ parameters: "mm_projector", learningRate: 1e-3 }], steps: 2 }],
      loss: (model, batch, sight) => tf.mul(tasks.answers.loss(model, batch, sight), 2),
      score: async (_, asked) => ({ all: asked.length, questions: asked.length, byType: {} }),
    };
    const places: string[] = [];
    const found = await studies.answerStudy({
      settings: { ...TINY, methods: [plain, slow] },
      folder: join(folder, "whole"),
      onStep: ({ method }, { loss }) => void places.push(`${method} ${loss > 0}`),
    });
    assert.deepEqual(places.slice(4), [
      ...new Array<string>(3).fill("projector true"),
      ...new Array<string>(2).fill("projector, one stage true"),
    ]);
    assert.deepEqual(
      found.runs.map(({ method, score }) => [method, score.all === score.questions]),
      [
        ["projector", false],
        ["projector, one stage", true],
      ],
    );
    assert.equal(found.adapterValues["projector, one stage"], 0);
  });

  it("refuses settings that say nothing", async () => {
    const run = (wrong: Partial<studies.AnswerSettings>): Promise<unknown> =>
      studies.answerStudy({ settings: { ...TINY, ...wrong }, folder: join(folder, "wrong") });
    await assert.rejects(run({ seeds: 0 }), /studies\.answerStudy: seeds must be a whole number of at least 1.*0/);
    await assert.rejects(run({ steps: [4, 0] }), /steps\[1\] must be a whole number/);
    await assert.rejects(run({ batchSize: 17 }), /images\.train must fill a batch of 17, received 16/);
    await assert.rejects(run({ types: [] }), /types must be some of existence, count/);
    await assert.rejects(run({ methods: [] }), /methods must be an array of at least one, with different names/);
    await assert.rejects(run({ rates: { ...TINY.rates, adapter: 0 } }), /rates\.adapter must be above 0/);
    await assert.rejects(
      run({ methods: null as never }),
      /answerStudy: settings\.methods must be an array, received null/,
    );
    const open = { settings: { ...TINY, steps: undefined as never }, folder, method: "projector", seed: 1 };
    await assert.rejects(
      studies.openAnswers(open),
      /openAnswers: settings\.steps must be an array, received undefined/,
    );
    await assert.rejects(run({ languageModel: tmpdir() }), /models\.load: the folder must hold config\.json/);
  });
});

describe("means over seeds", () => {
  it("have Student's interval", () => {
    // scipy 1.17 stats.t.interval(0.95, 3, 2.5, stats.sem([1, 2, 3, 4])): 0.445739743239121 .. 4.554260256760879
    const { mean, half } = tasks.seedMean([1, 2, 3, 4]);
    assert.equal(mean, 2.5);
    assert.ok(Math.abs((half ?? NaN) - 2.054260256760879) < 1e-9);
    assert.deepEqual(tasks.seedMean([7]), { mean: 7, half: null });
  });

  it("compare methods seed by seed", () => {
    const score = (all: number) => ({ all, questions: 10, byType: { count: all } });
    const runs = [10, 20, 30].flatMap((all, i) => [
      { method: "projector", seed: i + 1, score: score(all), seconds: 1 },
      { method: "VCE + Dual-LoRA", seed: i + 1, score: score(all + 2), seconds: 1 },
    ]);
    const study = {
      settings: TINY,
      identity: "",
      device: "",
      baselines: [],
      adapterValues: {},
      runs,
      seconds: 6,
      finished: true,
    };
    assert.deepEqual(studies.pairedDifference(study, "VCE + Dual-LoRA", "projector"), { mean: 2, half: 0 });
    assert.deepEqual(
      studies.summarize(study).map(({ method, all, byType }) => [method, all.mean, byType.count?.mean]),
      [
        ["projector", 20, 20],
        ["VCE + Dual-LoRA", 22, 22],
      ],
    );
    assert.throws(() => studies.pairedDifference(study, "LoRA", "projector"), /LoRA and projector must share a seed/);
  });
});
