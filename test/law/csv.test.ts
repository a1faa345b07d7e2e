import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as law from "../../kernel/law/index.ts";

const LONG = "encoder,benchmark,a,c,score\nclip,vqa,0.5,40.25,61.5\ndino,vqa,0.25,55,NA\n";
const expected = [
  { encoder: "clip", benchmark: "vqa", predictors: { a: 0.5, c: 40.25 }, score: 61.5 },
  { encoder: "dino", benchmark: "vqa", predictors: { a: 0.25, c: 55 }, score: null },
];
const comma = (text: string): string => text.replaceAll(",", ";").replaceAll(".", ",");

describe("law.parseTable reads what spreadsheets write", () => {
  const forms: [string, string][] = [
    ["commas and points", LONG],
    ["a byte order mark and CRLF", `\uFEFF${LONG.replaceAll("\n", "\r\n")}`],
    ["semicolons and points", LONG.replaceAll(",", ";")],
    ["semicolons and decimal commas", comma(LONG)],
    ["tabs and decimal commas", comma(LONG).replaceAll(";", "\t")],
    ["a first line sep=;", `sep=;\n${comma(LONG)}`],
    ["a quoted sep line under a byte order mark", `\uFEFF"sep=|"\r\n${LONG.replaceAll(",", "|")}`.replace('|"', "|")],
    ["quoted cells", LONG.replaceAll("clip", '"clip"').replace("0.5", '"0.5"')],
    ["a quoted header with semicolons", comma(LONG).replace(/[a-z]+/g, '"$&"')],
    ["a quoted header with tabs", LONG.replaceAll(",", "\t").replace(/[a-z]+/g, '"$&"')],
    ["NaN in place of NA", LONG.replace("NA", "NaN")],
    ["an empty score", LONG.replace("NA", "")],
  ];
  for (const [name, text] of forms) it(name, () => assert.deepEqual(law.parseTable(text).rows, expected));

  const wrong: [string, string, RegExp][] = [
    ["a column twice", LONG.replace(/$/gm, ",c").replace(/\n,c$/, "\n"), /must name each column once, received "c"/],
    ["binary digits", LONG.replace("0.5", "0b11"), /row 2, column a must be a finite decimal number, received "0b11"/],
    ["hexadecimal digits", LONG.replace("0.5", "0x32"), /row 2, column a .* received "0x32"/],
    ["infinity", LONG.replace("0.5", "Infinity"), /row 2, column a .* received "Infinity"/],
    ["a missing predictor", LONG.replace("0.5", "NA"), /row 2, column a .* received "NA"/],
    ["digits in groups", LONG.replace("0.5", '"1,000"'), /row 2, column a .* received "1,000"/],
    ["a point among decimal commas", comma(LONG).replace("40,25", "1.234"), /row 2, column c .* received "1.234"/],
    ["rows of unequal length", comma(LONG).replace(";40,25", ""), /must be CSV, .*expect 5, got 4 on line 2/],
    ["no column of a predictor", "encoder,perf_x\na,1\n", /row 1 must name a column a_x, received "encoder,perf_x"/],
    ["a row below sep=", `sep=;\n${comma(LONG).replace("0,5", "x")}`, /row 3, column a .* received "x"/],
  ];
  for (const [name, text, rule] of wrong) it(`refuses ${name}`, () => assert.throws(() => law.parseTable(text), rule));
});
