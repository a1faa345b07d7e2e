/** Spreadsheets from outside: what a cell may leave out, and files that are small but cost much. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readSheet } from "../../../kernel/tasks/answers/vlmeval/xlsx.ts";
import { xlsxOf } from "./xlsx.ts";

const read = (sheet: string, shared?: string): Promise<string[][]> => readSheet(xlsxOf(sheet, shared), "test");

describe("a spreadsheet", () => {
  it("has empty cells of every kind, closed or self-closing", async () => {
    const kinds = ['t="s"', 't="b"', 't="str"', 't="n"', 't="inlineStr"', ""];
    const empty = kinds.flatMap((kind) => [
      `<c ${kind}/>`,
      `<c ${kind}></c>`,
      `<c ${kind}><v></v></c>`,
      `<c ${kind}><v/></c>`,
    ]);
    const [row] = await read(`<row><c t="b"><v>0</v></c>${empty.join("")}</row>`, "<si><t>zero</t></si>");
    assert.deepEqual(row, ["False", ...empty.map(() => "")]);
  });

  it("has texts of several runs without hints, beside elements whose names begin alike", async () => {
    const shared =
      "<si><r><t>a &amp; </t></r><rPh sb='0'><t>hint</t></rPh><phoneticPr/><r><t xml:space='preserve'>b</t></r></si><si/>";
    const sheet =
      '<rowBreaks/><cols/><row r="1"><c r="B1" t="s"><v>0</v></c><c t="s"><v>1</v></c><c><f>x</f><v>7</v></c></row><row/>';
    assert.deepEqual(await read(sheet, shared), [["", "a & b", "", "7"]]);
  });

  it("is read where its files are stored as they are, and refused by any other method", async () => {
    const sheet = "<row><c><v>7</v></c></row>";
    assert.deepEqual(await readSheet(xlsxOf(sheet, "", 0), "test"), [["7"]]);
    await assert.rejects(readSheet(xlsxOf(sheet, "", 1), "test"), /must be stored or deflated, received 1/);
  });

  it("is refused where a shared string is none, a column too far, or an element does not end", async () => {
    const refused: [string, RegExp][] = [
      ['<row><c t="s"><v>1</v></c></row>', /shared strings are 0\.\.0, received "1"/],
      ['<row><c t="s"><v>length</v></c></row>', /shared strings are/],
      ['<row><c r="XFE1"><v>1</v></c></row>', /at most 16384 columns/],
      ["<row><c>", /element row must end/],
      ["<row><c></row>", /element c must end/],
    ];
    for (const [sheet, rule] of refused)
      await assert.rejects(
        read(sheet, "<si><t>zero</t></si>"),
        (error: Error) => error.name === "TaskError" && rule.test(error.message),
      );
    assert.equal((await read('<row><c r="XFD1"><v>1</v></c></row>'))[0].length, 16_384);
  });

  it(
    "is refused at once where elements do not end, or many cells or bytes are packed in few",
    // The bound only ends a reader that never would.
    { timeout: 120_000 },
    async () => {
      for (const name of ["c", "t", "rPh", "v", "si", "row"]) {
        const many = `<${name}>`.repeat(40_000);
        await read(`<row><c t="inlineStr">${many}</c></row>`).catch((error: Error) =>
          assert.equal(error.name, "TaskError"),
        );
        await read(`<row>${many}</row>`).catch((error: Error) => assert.equal(error.name, "TaskError"));
        await read("<row/>", many).catch((error: Error) => assert.equal(error.name, "TaskError"));
      }
      for (const last of ["<v>1</v>", ""])
        await assert.rejects(read(`<row><c r="XFD1">${last}</c></row>`.repeat(5000)), /at most 10000000 cells/);
      await assert.rejects(read(" ".repeat(129 * 2 ** 20)), /must hold at most 134217728 bytes/);
    },
  );
});
