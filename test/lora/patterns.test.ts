/** Regular expressions of PEFT's configurations beside Python's `re` (`python test/lora/golden/patterns.py`). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { matchesEnd, matchesWhole } from "../../kernel/lora/patterns.ts";
import { lora } from "./names.ts";

interface Row {
  pattern: string;
  /** Numbers of the names; null where Python refuses the expression. */
  whole: number[] | null;
  end: number[] | null;
  /** A word of the message where we refuse what Python reads. */
  refused: { whole: string | null; end: string | null };
}

const golden = readFileSync(join(import.meta.dirname, "golden", "patterns.json"), "utf8");
const { names, rows } = JSON.parse(golden) as { names: string[]; rows: Row[] };
const RULES = { whole: matchesWhole, end: matchesEnd } as const;

describe("expressions of Python", () => {
  for (const row of rows)
    for (const rule of ["whole", "end"] as const)
      it(`${JSON.stringify(row.pattern)} by the rule of the ${rule}`, () => {
        const matched = (): number[] =>
          RULES[rule]("test", row.pattern, names).flatMap((found, i) => (found ? [i] : []));
        const expected = row[rule];
        const word = expected === null ? "this one has" : row.refused[rule];
        if (expected === null || word) return assert.throws(matched, refusal(row.pattern, word ?? ""));
        const named = (found: number[]): string[] => found.map((i) => names[i]);
        assert.deepEqual(named(matched()), named(expected));
      });
});

it("of any length and depth end, or are refused", { timeout: 120_000 }, () => {
  const long = [
    "a".repeat(300_000),
    "(?:a|b)".repeat(100_000),
    "(".repeat(5_000) + ")".repeat(5_000),
    "(?:a{1000}){1000}",
  ];
  for (const pattern of long) {
    try {
      assert.deepEqual(matchesWhole("test", pattern, ["a"]), [false]);
    } catch (error) {
      assert.ok(error instanceof lora.LoraError, String(error));
    }
  }
});

function refusal(pattern: string, word: string): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof lora.LoraError, String(error));
    assert.match(error.message, /^test: a regular expression is Python's and must have the same meaning here/);
    assert.ok(error.message.includes(word), error.message);
    assert.equal(error.received, pattern);
    return true;
  };
}
