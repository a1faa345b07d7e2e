import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, describe, it } from "node:test";
import { answers } from "../../../kernel/tasks/index.ts";
import { installPlatform, platform } from "../../../kernel/platform/index.ts";
import { letterOf } from "../../../kernel/tasks/answers/vlmeval/run.ts";

const golden = (name: string): string => fileURLToPath(new URL(`golden/${name}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "fovea-kit-"));
after(() => rmSync(folder, { recursive: true }));
const put = (name: string, text: string | Uint8Array): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

const PICTURE = "iVBORw0KGgo".repeat(9);
const questions: answers.KitQuestion[] = [
  {
    index: "0",
    question: "is there a cat?",
    image: PICTURE,
    options: { A: "yes", B: "no" },
    answer: "A",
    category: "existence",
    l2Category: "objects",
    split: "test",
  },
  {
    index: "1",
    question: 'which "sign" & <letters>?',
    image: PICTURE,
    options: { A: "x" },
    answer: "A",
    category: "reading",
    split: "test",
  },
  {
    index: "2",
    question: "two\nlines\tand a tab",
    options: { A: "red", B: "blue" },
    answer: "B",
    category: "color",
    split: "test",
  },
  {
    index: "3",
    question: "übergroß 猫",
    options: { A: "yes", B: "no" },
    answer: "B",
    category: "existence",
    split: "test",
  },
];

describe("VLMEvalKit's questions", () => {
  it("come back as they were written", async () => {
    const path = join(folder, "questions.tsv");
    await answers.writeQuestions(path, questions);
    assert.deepEqual(readFileSync(path, "utf8").split("\n")[0].split("\t"), [
      "index",
      "image",
      "question",
      "A",
      "B",
      "answer",
      "category",
      "l2-category",
      "split",
    ]);
    assert.deepEqual(await answers.readQuestions(path), questions);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes(".part")),
      [],
    );
  });

  it("take the picture of the question whose index stands for it", async () => {
    const path = put("shared.tsv", `index\timage\tquestion\n7\t${PICTURE}\ta?\n8\t7\tb?\n`);
    assert.equal((await answers.readQuestions(path))[1].image, PICTURE);
    await assert.rejects(
      answers.readQuestions(put("stray.tsv", "index\timage\tquestion\n8\t7\tb?\n")),
      /must be base64 or the index/,
    );
  });

  it("are refused without index or question, and with an index twice", async () => {
    await assert.rejects(
      answers.readQuestions(put("a.tsv", "index\tq\n1\tx\n")),
      /TaskError|each row must have question/,
    );
    await assert.rejects(
      answers.readQuestions(put("b.tsv", "index\tquestion\n1\tx\n1\ty\n")),
      /each index must stand once, received "1"/,
    );
    await assert.rejects(answers.readQuestions(put("c.tsv", "index\tquestion\n")), /a header and a row/);
    await assert.rejects(answers.readQuestions(join(folder, "none.tsv")), /must be readable/);
    await assert.rejects(answers.readQuestions(put("d.txt", "x")), /must end in/);
    await assert.rejects(answers.writeQuestions(join(folder, "e.tsv"), []), /there must be a question/);
  });

  it("are not written where they could not be read again", async () => {
    const refused: [unknown, RegExp][] = [
      [null, /questions must be a list/],
      [[null], /each question must be an object/],
      [[{ question: "?" }], /each question must have index/],
      [[{ index: "", question: "?" }], /each question must have index/],
      [[{ index: 1, question: "?" }], /each question must have index/],
      [[{ index: "1" }], /each question must have question/],
      [[{ index: "1", question: "?", answer: 2 }], /answer of question 1 must be text/],
      [[{ index: "1", question: "?", options: null }], /choices of question 1 must be an object/],
      [[{ index: "1", question: "?", options: { A: 1 } }], /choices of question 1 must be text/],
      [[{ index: "1", question: "?", options: { a: "x" } }], /must have letters A\.\.Z, received "a"/],
    ];
    for (const [list, rule] of refused)
      await assert.rejects(answers.writeQuestions(join(folder, "f.tsv"), list as never), rule);
    assert.ok(!readdirSync(folder).some((name) => name.startsWith("f.tsv")));
    await assert.rejects(answers.writeQuestions(null as never, questions), /the place must be a file, received null/);
  });

  it("are refused from a pipe or a folder, and not half written on a full disk", async () => {
    const [pipe, place] = [join(folder, "pipe.tsv"), join(folder, "folder.tsv")];
    execFileSync("mkfifo", [pipe]);
    mkdirSync(place);
    await assert.rejects(answers.readQuestions(pipe), /the file must be a plain one/);
    await assert.rejects(answers.readPredictions(pipe), /the file must be a plain one/);
    await assert.rejects(answers.readQuestions(place), { name: "TaskError" });
    const node = platform();
    const writeFile = (path: string): Promise<never> => {
      writeFileSync(path, "half");
      return Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" }));
    };
    installPlatform(Object.create(node, { files: { value: { ...node.files, writeFile } } }) as typeof node);
    try {
      await assert.rejects(answers.writeQuestions(join(folder, "full.tsv"), questions), /disk must have room/);
    } finally {
      installPlatform(node);
    }
    assert.ok(!readdirSync(folder).some((name) => name.startsWith("full.tsv")));
  });

  it("are many, and none is compared with all others", { timeout: 120_000 }, async () => {
    const many = Array.from({ length: 60_000 }, (_, i) => ({
      index: String(i),
      question: "?",
      options: { A: "x", B: "y" },
      answer: i % 2 ? "A" : "B",
      category: `ability ${i}`,
      split: "test",
    }));
    await answers.writeQuestions(join(folder, "many.tsv"), many);
    const [score] = answers.scorePredictions(many, new Map(many.map(({ index }) => [index, "A"])));
    assert.equal(score.overall, 0.5);
    await assert.rejects(answers.writeQuestions(join(folder, "g.tsv"), [...many, many[3]]), /stand once, received "3"/);
  });
});

describe("VLMEvalKit's predictions", () => {
  const expected = new Map([
    ["0", "A. yes"],
    ["1", "(A)"],
    ["2", "blue."],
    ["3", ""],
  ]);

  for (const name of ["shared.xlsx", "inline.xlsx"])
    it(`are read from ${name} of openpyxl`, async () =>
      assert.deepEqual(await answers.readPredictions(golden(name), questions), expected));

  it("are read from TSV and from both forms of JSON", async () => {
    const records = [...expected].map(([index, prediction]) => ({ index: Number(index), prediction }));
    const columns = { index: { 0: 0, 1: 1, 2: 2, 3: 3 }, prediction: [...expected.values()] };
    assert.deepEqual(await answers.readPredictions(put("p.json", JSON.stringify(records)), questions), expected);
    assert.deepEqual(await answers.readPredictions(put("q.json", JSON.stringify(columns)), questions), expected);
    const tsv = put("p.tsv", "\tindex\tprediction\n0\t0.0\tA. yes\n1\t1\t(A)\n2\t2\tblue.\n3\t3\t\n");
    assert.deepEqual(await answers.readPredictions(tsv, questions), expected);
  });

  it("are refused for other questions", async () => {
    const few = put("few.tsv", "index\tprediction\n0\tA\n");
    await assert.rejects(answers.readPredictions(few, 5 as never), /questions must be a list/);
    await assert.rejects(answers.readPredictions(few, questions), /each question must have a prediction, received "1"/);
    await assert.rejects(
      answers.readPredictions(golden("shared.xlsx"), questions.slice(0, 3)),
      /must be for these 3 questions, received "3"/,
    );
    const other = questions.map((one) => ({ ...one, question: "another?" }));
    await assert.rejects(answers.readPredictions(golden("shared.xlsx"), other), /must be the one that was asked/);
    await assert.rejects(answers.readPredictions(put("none.tsv", "index\tanswer\n0\tA\n")), /a column prediction/);
  });

  it("are refused where a row has no index or no prediction", async () => {
    const gaps: [string, RegExp][] = [
      ['[{"index":1,"prediction":"A"},{"index":2}]', /each row of the table must have a column prediction, .*index/],
      ['[{"index":1,"prediction":"A"},{"prediction":"B"}]', /each row of the table must have a column index/],
      ['[{"index":1,"prediction":"A"},{"index":null,"prediction":"B"}]', /each row must have an index/],
      ['[{"index":1,"prediction":"A"},{"index":1,"prediction":"B"}]', /each index must stand once, received "1"/],
    ];
    const deep = "[".repeat(20_000) + "]".repeat(20_000);
    gaps.push([`[{"index":1,"prediction":${deep}}]`, /must not be nested so deep/]);
    for (const [json, rule] of gaps) await assert.rejects(answers.readPredictions(put("gap.json", json)), rule);
    await assert.rejects(answers.readPredictions(put("gap.tsv", "index\tprediction\n1\tA\n\tB\n")), /have an index/);
  });

  it("spreadsheets that are broken are refused with a typed error", async () => {
    const bytes = readFileSync(golden("shared.xlsx"));
    const sheet = bytes.indexOf("xl/worksheets/sheet1.xml") + 30;
    const wrong: [name: string, bytes: Uint8Array][] = [
      ["empty", new Uint8Array(0)],
      ["text", new TextEncoder().encode("index,prediction\n")],
      ["cut", bytes.subarray(0, bytes.length / 2)],
      ["head", bytes.subarray(200)],
      ["flipped", bytes.map((byte, at) => (at > sheet && at < sheet + 100 ? byte ^ 0x5a : byte))],
    ];
    for (const [name, content] of wrong)
      await assert.rejects(answers.readPredictions(put(`${name}.xlsx`, content)), { name: "TaskError" }, name);
  });

  it("are scored by letter or text, by split and ability", async () => {
    const scores = answers.scorePredictions(questions, expected);
    assert.deepEqual(scores, [
      { split: "test", overall: 0.75, abilities: { objects: 1, color: 1, existence: 0.5, reading: 1 }, questions: 4 },
    ]);
    const open = [
      { index: "a", question: "?", answer: "Two cats" },
      { index: "b", question: "?", answer: "3" },
    ];
    assert.equal(
      answers.scorePredictions(
        open,
        new Map([
          ["a", " two  cats. "],
          ["b", "4"],
        ]),
      )[0].overall,
      0.5,
    );
    const single = questions.map((one) => ({ ...one, options: { A: "yes" }, answer: "A" }));
    assert.throws(() => answers.scorePredictions(single, expected), /more than one answer/);
    assert.throws(() => answers.scorePredictions(single.slice(0, 2), expected), /more than one answer/);
    assert.equal(answers.scorePredictions(single.slice(0, 1), expected)[0].questions, 1, "one question has one answer");
    assert.throws(() => answers.scorePredictions(questions, new Map()), /must have a prediction/);
    const stray = questions.map((one, i) => ({ ...one, answer: i === 2 ? "blue" : "A" }));
    assert.throws(
      () => answers.scorePredictions(stray, expected),
      /the answer of question 2 must be a letter of its choices, received "blue"/,
    );
    assert.throws(() => answers.scorePredictions(questions, {} as never), /predictions must be a Map/);
    assert.throws(() => answers.scorePredictions(null as never, expected), /questions must be a list/);
    const numbers = new Map([...expected.keys()].map((index) => [index, 1]));
    assert.throws(() => answers.scorePredictions(questions, numbers as never), /prediction of question 0 must be text/);
  });

  it("a letter is found where one is named, and none where it is not", () => {
    const options = { A: "cat", B: "a dog", C: "Answer" };
    const cases: [string, string | null][] = [
      ["B", "B"],
      ["B. a dog", "B"],
      ["(C)", "C"],
      ["The answer is B.", "B"],
      ["Answer: (A)", "A"],
      ["A dog", "B"],
      ["cat", "A"],
      ["D", null],
      ["A cat or B", null],
      ["no idea", null],
      ["", null],
      ["The answer is a dog", "B"],
      ["the answer is A dog.", "B"],
      ["Answer: a small dog", null],
      ["The answer is a", null],
      ["The ANSWER IS (C)", "C"],
      ["The answer is B because of the ears", "B"],
      ["My answer to this: the answer is C.", "C"],
      ["Answer", "C"],
      ["a", null],
    ];
    for (const [text, letter] of cases) assert.equal(letterOf(text, options), letter, text);
    // A letter alone is the letter, also where it is the text of another choice.
    assert.equal(letterOf("The answer is A.", { A: "B", B: "A" }), "A");
  });
});

describe("a run in VLMEvalKit's folders", () => {
  const at = new Date("2026-08-01T09:30:00Z");
  const full = new Map([
    ["0", "A"],
    ["1", "A"],
    ["2", "A"],
    ["3", "B"],
  ]);

  it("has predictions, scores and status.json, and gets more data sets", async () => {
    const run = { model: "fovea-tiny", dataset: "World", questions, at };
    const begun = await answers.writeRun(folder, { ...run, predictions: new Map([["0", "A"]]) });
    assert.equal(begun.folder, join(folder, "fovea-tiny", "T20260801-093000"));
    const status = (): { datasets: Record<string, Record<string, unknown>> } & Record<string, unknown> =>
      JSON.parse(readFileSync(begun.status, "utf8")) as never;
    assert.equal(begun.scores, null);
    assert.deepEqual([status().datasets["World"].status, status().datasets["World"].predicted], ["infer", 1]);
    const done = await answers.writeRun(folder, { ...run, predictions: full });
    assert.equal(
      readFileSync(done.scores!, "utf8"),
      "split,Overall,objects,color,existence,reading\ntest,0.75,1,0,1,1\n",
    );
    await answers.writeRun(folder, { ...run, dataset: "Other", predictions: full, format: "json" });
    const { schema_version, eval_id, model_name, created_at, datasets } = status();
    assert.deepEqual(
      [schema_version, eval_id, model_name, created_at],
      ["1.0", "T20260801-093000", "fovea-tiny", at.toISOString()],
    );
    assert.deepEqual(Object.keys(datasets), ["World", "Other"]);
    assert.deepEqual(datasets["World"].metrics, { Overall: 0.75 });
    for (const name of ["fovea-tiny_World.tsv", "fovea-tiny_Other.json"])
      assert.deepEqual(await answers.readPredictions(join(done.folder, name), questions), full);
    assert.ok(readdirSync(done.folder).every((name) => !name.endsWith(".part")));
  });

  it("refuses names that leave the folder, and a status that is none", async () => {
    const run = { model: "m", dataset: "d", questions, predictions: full, at };
    await assert.rejects(answers.writeRun(folder, { ...run, model: "../m" }), /names must be letters/);
    await assert.rejects(answers.writeRun(folder, { ...run, dataset: ".." }), /names must be letters/);
    const { status } = await answers.writeRun(folder, run);
    const wrong: [object, RegExp][] = [
      [{ formt: "json" }, /options are model, dataset, .* received "formt"/],
      [{ format: "csv" }, /format must be tsv or json/],
      [{ at: new Date(NaN) }, /at must be a date/],
      [{ at: "today" }, /at must be a date/],
      [{ model: null }, /names must be letters/],
      [{ questions: null }, /questions must be a list/],
      [{ predictions: null }, /predictions must be a Map/],
      [{ questions: questions.map((one) => ({ ...one, answer: "Z" })) }, /must be a letter of its choices/],
    ];
    const elsewhere = join(folder, "elsewhere");
    for (const [more, rule] of wrong)
      await assert.rejects(answers.writeRun(elsewhere, { ...run, ...more }), (error: Error) => {
        return error.name === "TaskError" && rule.test(error.message);
      });
    await assert.rejects(answers.writeRun(elsewhere, null as never), /options must be an object/);
    await assert.rejects(answers.writeRun(null as never, run), /the place must be a folder/);
    assert.ok(!readdirSync(folder).includes("elsewhere"), "nothing is written before all is checked");
    writeFileSync(status, "[");
    const before = readdirSync(join(folder, "m", "T20260801-093000"));
    const other = { ...run, dataset: "other" };
    await assert.rejects(answers.writeRun(folder, other), /status\.json must hold JSON/);
    for (const text of ["[]", "null", '{"datasets":5}']) {
      writeFileSync(status, text);
      await assert.rejects(answers.writeRun(folder, other), /status\.json must hold an object/);
    }
    writeFileSync(status, `{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`);
    await assert.rejects(answers.writeRun(folder, other), { name: "TaskError" });
    assert.deepEqual(readdirSync(join(folder, "m", "T20260801-093000")), before, "nothing is written beside it");
  });
});
