import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";

const root = new URL("../../", import.meta.url);

/** Cells of a table of features: the row's name, ours, the others'. */
interface Row {
  name: string;
  own: string;
  others: string[];
}

function rowsOf(text: string): Row[] {
  const lines = text.split("\n").filter((line) => line.startsWith("| ") && !/^\| (---|\| )/.test(line));
  return lines.map((line) => {
    const [name, own, ...others] = line.slice(2, -2).split(" | ");
    return { name, own, others };
  });
}

/** Faults of a row; an empty list where it has none. */
function complaints({ name, own, others }: Row): string[] {
  const tests = [...own.matchAll(/\]\(([^)]+)\)/g)].map(([, path]) => path);
  return [
    ...(/^(green|yellow|red)\b/.test(own) ? [] : [`${name}: ours has no color`]),
    ...(own.startsWith("green") && tests.length === 0 ? [`${name}: green without a test`] : []),
    ...tests.filter((path) => !existsSync(new URL(path, root))).map((path) => `${name}: ${path} is not there`),
    ...others
      .filter((cell) => !/^(green|yellow|red): .*\]\(https:\/\//.test(cell) && cell !== "no source")
      .map((cell) => `${name}: ${cell} has no source`),
  ];
}

describe("the table of features", () => {
  const rows = rowsOf(readFileSync(new URL("FEATURES.md", root), "utf8"));

  it("names tests that exist for what is green here, and a source for each neighbor", () => {
    assert.ok(rows.length > 30, `${rows.length} rows`);
    assert.deepEqual(rows.flatMap(complaints), []);
  });

  it("says what is red here too", () => assert.ok(rows.filter(({ own }) => own.startsWith("red")).length >= 8));

  it("is refused with a green cell without a test, a missing test, and a neighbor without a source", () => {
    const wrong = "| a | green | red |\n| b | green: [test](test/no.test.ts) | no source |\n| c | great | no source |";
    assert.deepEqual(rowsOf(wrong).flatMap(complaints), [
      "a: green without a test",
      "a: red has no source",
      "b: test/no.test.ts is not there",
      "c: ours has no color",
    ]);
  });
});
