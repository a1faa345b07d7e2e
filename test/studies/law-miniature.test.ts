import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as law from "../../kernel/law";
import { shrunk } from "../../kernel/studies/law-miniature/representations.ts";
import { checkLawMiniature } from "../../kernel/studies/law-miniature/settings.ts";
import { byBenchmark } from "../../kernel/studies/law-miniature/trainer.ts";
import { logProbability, Words } from "../../kernel/studies/law-miniature/words.ts";
import { studies } from "../models/names.ts";

describe("words of the law in miniature", () => {
  const learnt = (reading: string, question: string, answer: string) => ({
    name: "crowd/train/0",
    category: "cat",
    reading,
    questions: [{ benchmark: "count" as const, question, answer }],
  });
  const words = new Words({
    told: [learnt("red cat ; blue mug", "is the cat left of the mug?", "yes")],
    train: [],
    items: [],
  });
  const column = (values: Float32Array, row: number, word: string): number =>
    values[row * words.size + words.of(word)[0]];

  it("are counted, and weighted by their place, so that order is kept", () => {
    const ask = (question: string) => ({ question, answer: "yes" });
    const { counts, places, answers } = words.batch([0], [[ask("is the cat the mug?"), ask("is the mug the cat?")]]);
    assert.equal(column(counts, 0, "the"), 2);
    for (const word of ["is", "cat", "mug"]) assert.equal(column(counts, 0, word), column(counts, 1, word));
    assert.ok(Math.abs(column(places, 0, "cat") - 2 / 5) < 1e-6 && Math.abs(column(places, 1, "cat") - 4 / 5) < 1e-6);
    assert.deepEqual([...answers], [words.of("yes")[0], words.of("yes")[0]]);
  });

  it("tell a scene with a row an object and zeros after them; unknown words are left out", () => {
    const rows = words.scenes(["red cat ; blue zebra"], 3);
    const sums = [0, 1, 2].map((row) =>
      rows.subarray(row * words.size, (row + 1) * words.size).reduce((a, b) => a + b),
    );
    assert.deepEqual(sums, [2, 1, 0]);
    assert.equal(column(rows, 0, "red"), 1);
  });

  it("have log-probabilities that stay finite", () => {
    assert.ok(Math.abs(logProbability(Float32Array.of(0, 0), 1) + Math.log(2)) < 1e-12);
    assert.equal(logProbability(Float32Array.of(1e4, 0), 1), -1e4);
  });
});

describe("a lower resolution", () => {
  it("gives squares their mean color, also at a border that cuts them", () => {
    const picture = { data: Uint8Array.of(0, 10, 20, 30, 50, 100), width: 3, height: 2, channels: 1 } as never;
    assert.deepEqual([...shrunk(picture, 2).data], [23, 23, 60, 23, 23, 60]);
    assert.equal(shrunk(picture, 1), picture);
  });
});

describe("settings of the law in miniature", () => {
  const refused = (change: Partial<studies.LawMiniatureSettings>, rule: RegExp): void =>
    assert.throws(() => checkLawMiniature("here", { ...studies.LAW_MINIATURE, ...change }), rule);

  it("have at least thirteen representations, and are refused with rule and value", () => {
    checkLawMiniature("here", studies.LAW_MINIATURE);
    assert.ok(studies.LAW_MINIATURE.representations.length >= 13);
    refused({ asked: 0 }, /here: asked must be a whole number of at least 1, received 0/);
    refused({ references: ["mae-vit"] }, /references must be the first representations/);
    refused({ merge: 3 }, /grid must be a multiple of merge 3, received 8/);
    refused({ split: "train" as never }, /split must be val or test/);
    refused({ told: 4 }, /as many training pictures and told scenes as a batch has/);
  });
});

describe("the table of the law in miniature", () => {
  const names = studies.LAW_MINIATURE.representations.slice(0, 2).map(({ name }) => name);
  const runOf = (representation: string, seed: number, score: number): studies.LawMiniatureRun => ({
    representation,
    seed,
    scores: byBenchmark(() => score),
    likelihood: byBenchmark(() => -1),
    loss: { connector: 1, together: 1 },
    seconds: 1,
  });
  const study: studies.LawMiniatureStudy = {
    settings: {
      ...studies.LAW_MINIATURE,
      representations: studies.LAW_MINIATURE.representations.slice(0, 2),
    },
    identity: "",
    device: "wasm",
    baselines: { chance: byBenchmark(() => 0), majority: byBenchmark(() => 0), told: byBenchmark(() => 0) },
    // The third seed is not finished: only the first two count.
    runs: [
      runOf(names[0], 1, 10),
      runOf(names[1], 1, 20),
      runOf(names[0], 2, 30),
      runOf(names[1], 2, 40),
      runOf(names[0], 3, 90),
    ],
    measured: names.map((representation, i) => ({
      representation,
      a: byBenchmark(() => 0.5 + i / 10),
      likelihood: byBenchmark(() => -1),
      pck: [50 + i, 20, 1],
      confusions: 5,
      reciprocal: 6,
      cka: 1,
      knn: 1,
      gw: -1,
      logme: 0,
      parameters: 7,
    })),
    seconds: 5,
    finished: false,
  };

  it("is read by law.parseTable, with means over the finished seeds", () => {
    const table = law.parseTable(studies.lawMiniatureTable(study), { extra: [...studies.lawMiniaturePredictors] });
    assert.deepEqual(table.encoders, names);
    assert.equal(table.benchmarks.length, 8);
    const row = table.rows.find(({ encoder, benchmark }) => encoder === names[1] && benchmark === "reading");
    assert.equal(row?.score, 30);
    assert.equal(row?.predictors.a, 0.6);
    assert.equal(row?.predictors.c, 51);
    assert.equal(row?.predictors.c01, 1);
  });

  it("is refused before a seed is finished; scores are summarized with their intervals", () => {
    assert.throws(() => studies.lawMiniatureTable({ ...study, measured: [] }), /a seed must be finished/);
    assert.throws(
      () => studies.lawMiniatureTable({ ...study, measured: [{ ...study.measured[0], pck: null as never }] }),
      /lawMiniatureTable: study\.measured\[0\]\.pck must be an array of numbers, received null/,
    );
    const [first] = studies.summarizeLawMiniature(study);
    assert.equal(first.seeds, 3);
    assert.ok(Math.abs(first.all.mean - 130 / 3) < 1e-9 && (first.all.half as number) > 0);
  });
});
