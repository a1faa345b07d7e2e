import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { phrasesFor } from "../../kernel/data/world/language/refer.ts";
import * as world from "../../kernel/data/world/index.ts";
import { groundingScore } from "../../kernel/studies/grounding/study.ts";
import { kindOf, lengthOf } from "../../kernel/studies/grounding/phrases.ts";
import { nn } from "../nn/names.ts";
import { models, studies } from "../models/names.ts";
import { tableOf } from "../bench/grounding-study.mjs";

const folder = mkdtempSync(join(tmpdir(), "fovea-grounding-study-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const NAMES = ["token alone", "DWBD", "two-stage DWBD", "decoder branch"];

/** The short study, shorter still. */
const TINY: studies.GroundingStudySettings = {
  ...studies.GROUNDING_SHORT,
  size: 32,
  images: { train: 4, asked: 3 },
  batchSize: 4,
  steps: 5,
  seeds: 2,
  methods: studies.groundingMethods().filter(({ name }) => NAMES.includes(name)),
};

describe("a study of grounding", () => {
  before(() => nn.start("native"));

  it("trains every method from every seed, goes on where it was stopped, and gives the same figures again", async () => {
    const stop = new AbortController();
    const done: string[] = [];
    const options = { settings: TINY, folder };
    const first = await studies.groundingStudy({
      ...options,
      signal: stop.signal,
      onRun: ({ method, seed }) => void done.push(`${seed} ${method}`),
      // In the middle of the second run.
      onStep: ({ method }, { step }) => {
        if (method === "DWBD" && step === 3) stop.abort();
      },
    });
    assert.deepEqual([done, first.finished, first.runs.length], [["1 token alone"], false, 1]);
    const steps: string[] = [];
    const study = await studies.groundingStudy({
      ...options,
      onStep: ({ method, seed, stage }, { step }) => void steps.push(`${seed} ${method} ${stage} ${step}`),
    });
    assert.equal(steps[0], "1 DWBD both 4", "from the checkpoint");
    assert.deepEqual(
      steps.slice(2, 7),
      [1, 2, 3, 1, 2].map((step, i) => `1 two-stage DWBD ${i < 3 ? "decoder" : "both"} ${step}`),
    );
    assert.deepEqual([study.finished, study.runs.length], [true, 8]);
    assert.deepEqual(
      study.runs.map(({ weight }) => weight === null),
      [true, false, false, true, true, false, false, true],
    );
    const again = await studies.groundingStudy({ settings: { ...TINY, seeds: 1 }, folder: join(folder, "again") });
    assert.deepEqual(
      again.runs.map(({ method, seed, score }) => ({ method, seed, score })),
      study.runs.slice(0, 4).map(({ method, seed, score }) => ({ method, seed, score })),
    );
    const [own] = readdirSync(folder).filter((name) => name.startsWith("study-"));
    assert.deepEqual(readdirSync(join(folder, own)), ["study.json"], "checkpoints are gone");
    const stored = JSON.parse(readFileSync(join(folder, own, "study.json"), "utf8")) as studies.GroundingStudy;
    assert.deepEqual([stored.runs.length, stored.finished], [8, true]);
    assert.ok(study.parameters["token alone"] === study.parameters["DWBD"]);
    assert.ok(study.parameters["decoder branch"] > study.parameters["DWBD"]);
    assert.ok(study.chance >= 0 && study.chance <= 100);

    const summaries = studies.summarizeGrounding(study);
    assert.deepEqual(
      summaries.map(({ method, seeds }) => [method, seeds]),
      NAMES.map((name) => [name, 2]),
    );
    const mean = (study.runs[0].score.all + study.runs[4].score.all) / 2;
    assert.ok(Math.abs(summaries[0].all.mean - mean) < 1e-9 && summaries[0].all.half !== null);
    const table = tableOf({ studies }, study, "native", false);
    assert.equal(table.title, "Teaching the token branch");
    assert.deepEqual(
      table.rows.map(({ method }: { method: string }) => method),
      NAMES,
    );
    assert.deepEqual(
      table.more.at(-1)?.rows.map(({ difference }: { difference: string }) => difference),
      ["DWBD - token alone", "two-stage DWBD - DWBD", "decoder branch - DWBD"],
    );
    const part = tableOf({ studies }, first, "native", false);
    assert.match(`${part.title}. ${part.note}`, /a part of the study.*1 of 8 runs were made: this is a part/s);
    assert.equal(part.more.length, 2, "no differences of one method");
  });

  it("has the mean weight of the same updates, wherever it was stopped", async () => {
    const methods = TINY.methods.filter(({ name }) => name === "DWBD");
    const settings = { ...TINY, steps: 12, seeds: 1, methods };
    const whole = await studies.groundingStudy({ settings, folder: join(folder, "whole") });
    for (const last of [11, 12]) {
      const stop = new AbortController();
      const options = { settings, folder: join(folder, `stopped-${last}`) };
      const onStep = (_: unknown, { step }: { step: number }): void => (step === last ? stop.abort() : undefined);
      const first = await studies.groundingStudy({ ...options, signal: stop.signal, onStep });
      assert.equal(first.runs.length, 0);
      const { runs, identity } = await studies.groundingStudy(options);
      assert.ok(runs[0].weight !== null && runs[0].weight === whole.runs[0].weight, `stopped after ${last}`);
      assert.deepEqual(readdirSync(join(options.folder, `study-${identity}`)), ["study.json"]);
    }
  });

  it("starts from an encoder with its words, and is another study where its weights are others", async () => {
    const methods = TINY.methods.filter(({ name }) => name === "token alone");
    const encoder = join(folder, "encoder");
    cpSync("kernel/zoo/phrase-beit3", encoder, { recursive: true });
    const settings = { ...TINY, encoder, size: 36, steps: 1, seeds: 1, methods };
    const study = await studies.groundingStudy({ settings, folder });
    assert.equal(study.finished, true);
    const { model } = await models.loadBeit3(encoder);
    model.visionEmbed.clsToken.assign(new Float32Array(model.visionEmbed.clsToken.size));
    await models.saveBeit3(model, join(encoder, "model.safetensors"));
    model.dispose();
    assert.notEqual((await studies.groundingStudy({ settings, folder })).identity, study.identity);
    rmSync(join(encoder, "tokenizer.json"));
    await assert.rejects(
      studies.groundingStudy({ settings, folder }),
      /studies\.groundingStudy: the encoder's folder must hold tokenizer\.json/,
    );
  });

  it("tells kinds and lengths of the world's own phrases apart", () => {
    const all = Array.from({ length: 40 }, (_, seed) => world.crowd(seed, { size: 96 })).flatMap((scene) => {
      const objects = world.factsOf(scene, world.render(scene));
      return objects.flatMap(({ id }) => phrasesFor(id, objects, scene.size, { parts: true }));
    });
    const kinds = new Set(all.map(kindOf));
    assert.deepEqual(
      [...studies.phraseKinds].filter((kind) => !kinds.has(kind)),
      [],
    );
    const lengths = new Set(all.map(lengthOf));
    assert.deepEqual(
      [...studies.phraseLengths].filter((length) => !lengths.has(length)),
      [],
    );
    for (const [phrase, kind, length] of [
      ["the cat", "category", "2 words"],
      ["the red cat", "color or texture", "3 words"],
      ["the red object", "color or texture", "3 words"],
      ["the largest red cat", "place or size", "4 words"],
      ["the object with a tail", "part", "5 to 7 words"],
      ["the cat left of the dog", "relation", "5 to 7 words"],
      ["the cat left of the red striped dog", "relation", "8 words and more"],
    ])
      assert.deepEqual([kindOf(phrase), lengthOf(phrase)], [kind, length]);
  });

  it("scores groups by their own phrases", () => {
    const sample = (phrase: string, correct: boolean) => ({ expression: { phrase }, correct }) as never;
    const score = groundingScore([
      sample("the cat", true),
      sample("the dog", false),
      sample("the red cat", true),
      sample("the cat above the dog", false),
    ]);
    assert.deepEqual(score, {
      all: 50,
      byKind: { category: 50, "color or texture": 100, relation: 0 },
      byLength: { "2 words": 50, "3 words": 100, "5 to 7 words": 0 },
    });
  });

  it("refuses settings that cannot be", async () => {
    const refused = (change: Partial<studies.GroundingStudySettings>, rule: RegExp): Promise<void> =>
      assert.rejects(studies.groundingStudy({ settings: { ...TINY, ...change }, folder }), rule);
    await refused({ steps: 0 }, /studies\.groundingStudy: steps must be a whole number of at least 1, received 0/);
    await refused({ objects: 1.5 }, /objects must be a whole number of at least 1, received 1\.5/);
    await refused({ learningRate: NaN }, /learningRate must be above 0/);
    await refused({ split: "train" as never }, /split must be val or test/);
    await refused({ methods: [TINY.methods[0], TINY.methods[0]] }, /different names/);
    await refused({ images: null as never }, /groundingStudy: settings\.images must be an object, received null/);
    await refused({ methods: [{ name: "a" } as never] }, /settings\.methods\[0\]\.stages must be an array/);
    const [first] = TINY.methods;
    await refused({ methods: [{ ...first, stages: [{ ...first.stages[0], share: 0.5 }] }] }, /add up to 1/);
    const half = { ...first.stages[0], share: 0.5 };
    await refused({ methods: [{ ...first, stages: [half, half] }] }, /stages of token alone must have different names/);
    await refused({ methods: [{ ...first, stages: [{ ...first.stages[0], name: "../../x" }] }] }, /names of letters/);
    await refused({ methods: [{ ...first, stages: [{ share: 1 } as never] }] }, /stages\[0\]\.name must be a text/);
  });
});
