/** An error names a function that a reader finds in the public interface, and so do all texts of the library. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { USAGE } from "../../kernel/cli/usage.ts";
import * as fovea from "../../kernel/index.ts";
import { type Mention, Sources, sourcesOf } from "./error-names.ts";

const KERNEL = join(import.meta.dirname, "..", "..", "kernel");

/** Names that are no part of the library's interface, by the reason why an error may have them. */
const OTHERS: Record<string, string[]> = {
  "Operations of the file system by Node's names; the error says which place cannot be written.": [
    "mkdir",
    "writeFile",
  ],
  "A room below the views, each of which checks what it asks of it.": ["principalComponents"],
};
const sources = new Sources(sourcesOf(KERNEL));
const namespaces = Object.entries(fovea).flatMap(([name, value]) => (typeof value === "object" ? [name] : []));

/** Tests for a value, or a type, that the interface leads to. */
function isPublic(path: string): boolean {
  const [namespace, ...names] = path.replace(/^new /, "").split(".");
  let at: unknown = (fovea as Record<string, unknown>)[namespace];
  for (const [i, name] of names.entries()) {
    const next = memberOf(at, name);
    if (next === undefined) return i === 0 && isType(namespace, names);
    at = next;
  }
  return at !== undefined;
}

function memberOf(owner: unknown, name: string): unknown {
  if (typeof owner === "object" && owner !== null) return (owner as Record<string, unknown>)[name];
  if (typeof owner !== "function") return undefined;
  const own = (owner as unknown as Record<string, unknown>)[name];
  return own ?? (sources.classes.get(owner.name)?.has(name) || undefined);
}

/** Tests for a class that a room exports as a type alone, and its member. */
function isType(namespace: string, [type, member]: readonly string[]): boolean {
  const isExported = new RegExp(`\\btype ${type}\\b`).test(readFileSync(join(KERNEL, namespace, "index.ts"), "utf8"));
  return isExported && (member === undefined || sources.classes.get(type)?.has(member) === true);
}

const wrong = (mentions: readonly Mention[]): string[] => {
  const allowed = [...Object.values(OTHERS).flat(), ...Object.keys(USAGE)];
  return mentions
    .filter(({ name }) => !isPublic(name) && !allowed.includes(name))
    .map(({ name, place }) => `${name} in ${place}`);
};

/** A source with one wrong name of each kind. */
const EXAMPLE = `
class RuleError { constructor(where: string, rule: string) {} }
class LawError extends RuleError {}
const FN = "law.pck";
throw new LawError(FN, "no such function");
throw new LawError("helper", "see law.cScores and law.cScore of law.csv");
`;

describe("names in texts of the library", () => {
  it("are found", () => {
    const folder = mkdtempSync(join(tmpdir(), "names-"));
    try {
      writeFileSync(join(folder, "a.ts"), EXAMPLE);
      const found = new Sources(sourcesOf(folder));
      const names = (mentions: readonly Mention[]): string[] => mentions.map(({ name }) => name);
      assert.deepEqual(names(found.mentions(["law"])), ["law.pck", "law.cScores", "law.cScore"]);
      assert.deepEqual(names(found.named()), ["law.pck", "helper"]);
      assert.equal(wrong(found.mentions(["law"])).length, 2);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("are those of the public interface", () => assert.deepEqual(wrong(sources.mentions(namespaces)), []));

  it("are public functions, or commands, in errors", () => assert.deepEqual(wrong(sources.named()), []));
});
