import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as law from "../../kernel/law";

const source = "Example et al., table 3";
const MEASURED = "encoder,a,c\nclip,0.5,40.25\ndino,0.25,55\n";
const expected = [
  { encoder: "clip", benchmark: "mmb", predictors: { a: 0.5, c: 40.25 }, score: 61.5 },
  { encoder: "clip", benchmark: "vqa", predictors: { a: 0.5, c: 40.25 }, score: 50 },
  { encoder: "dino", benchmark: "mmb", predictors: { a: 0.25, c: 55 }, score: 58.25 },
  { encoder: "dino", benchmark: "vqa", predictors: { a: 0.25, c: 55 }, score: null },
];
const WIDE = "encoder,mmb,vqa\nclip,61.5,50\nunmeasured,1,2\ndino,58.25,-\n";
const LONG =
  "encoder,benchmark,score\nclip,mmb,61.5\nclip,vqa,50\nunmeasured,mmb,1\nunmeasured,vqa,2\ndino,mmb,58.25\ndino,vqa,\n";
const MARKDOWN = `| encoder | mmb | vqa |
| :-- | --: | --- |
| clip | **61.5** | 50 |
| unmeasured | 1 | *2* |
| \`dino\` | 58.25 | - |
`;
const comma = (text: string): string => text.replaceAll(",", ";").replaceAll(".", ",");

describe("law.parseScores puts one's own predictors beside published scores", () => {
  const forms: [string, string, Partial<law.ScoresOptions>][] = [
    ["one column a benchmark", WIDE, {}],
    ["one row a score", LONG, {}],
    ["a table of a Markdown page", MARKDOWN, {}],
    ["a Markdown table with CRLF", MARKDOWN.replaceAll("\n", "\r\n"), {}],
    ["semicolons and decimal commas", comma(WIDE), {}],
    ["decimal commas of the predictors", WIDE, { measured: comma(MEASURED) }],
    ["decimal commas in both", comma(WIDE), { measured: comma(MEASURED) }],
    ["another name of the encoders' column", WIDE.replace("encoder", "Model"), { encoder: "Model" }],
    ["other columns, which benchmarks leaves out", WIDE.replace(/^.+$/gm, "$&,ViT-L"), { benchmarks: ["mmb", "vqa"] }],
    ["one A for each benchmark", WIDE, { measured: "encoder,c,a_mmb,a_vqa\nclip,40.25,0.5,0.5\ndino,55,0.25,0.25\n" }],
  ];
  for (const [name, text, more] of forms) {
    it(name, () => {
      const table = law.parseScores(text, { measured: MEASURED, source, ...more });
      assert.deepEqual(table.rows, expected);
      assert.deepEqual([table.source, table.omitted, table.benchmarks], [source, ["unmeasured"], ["mmb", "vqa"]]);
    });
  }

  it("gives law.fit the same as a table that has everything", () => {
    const { rows } = law.publishedTable();
    const scores = ["encoder,benchmark,score", ...rows.map((row) => `${row.encoder},${row.benchmark},${row.score}`)];
    const of = new Map(rows.map((row) => [`${row.encoder} ${row.benchmark}`, row.predictors]));
    const benchmarks = [...new Set(rows.map(({ benchmark }) => benchmark))];
    const encoders = [...new Set(rows.map(({ encoder }) => encoder))];
    const measured = [
      ["encoder", "c", ...benchmarks.map((name) => `a_${name}`)],
      ...encoders.map((encoder) => [
        encoder,
        of.get(`${encoder} ${benchmarks[0]}`)!.c,
        ...benchmarks.map((name) => of.get(`${encoder} ${name}`)!.a),
      ]),
    ];
    const table = law.parseScores(scores.join("\n"), { measured: measured.join("\n"), source });
    const r2 = Object.values(law.fit(table).benchmarks).map((one) => one.r2);
    assert.deepEqual(
      r2,
      Object.values(law.fit(law.publishedTable()).benchmarks).map((one) => one.r2),
    );
  });

  const wrong: [string, string, Partial<law.ScoresOptions>, RegExp][] = [
    ["no source", WIDE, { source: " " }, /source must say who published the scores, received " "/],
    [
      "predictors that are no text",
      WIDE,
      { measured: 5 as never },
      /measured must be CSV text of predictors, received 5/,
    ],
    [
      "a score that is no number",
      WIDE.replace("50", "50±2"),
      {},
      /row 2, column vqa must be a decimal number.* received "50±2"/,
    ],
    ["an encoder twice", `${WIDE}clip,1,2\n`, {}, /once per benchmark, received "clip, mmb"/],
    ["a benchmark that is no column", WIDE, { benchmarks: ["gqa"] }, /row 1 must name a column gqa/],
    ["no common encoder", WIDE, { measured: "encoder,a,c\nx,1,2\n" }, /measured must have a row of one of x/],
    ["predictors without C", WIDE, { measured: "encoder,a\nclip,1\n" }, /law\.parseScores: row 1 must name a column c/],
    ["an unknown option", WIDE, { column: "x" } as never, /options are measured, source, .* received "column"/],
  ];
  for (const [name, text, more, rule] of wrong)
    it(`refuses ${name}`, () =>
      assert.throws(() => law.parseScores(text, { measured: MEASURED, source, ...more }), rule));
});
