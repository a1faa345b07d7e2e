import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { gapsOf } from "../../binder/reference.mjs";

const home = mkdtempSync(join(tmpdir(), "fovea-reference-"));
after(() => rmSync(home, { recursive: true, force: true }));

/** Writes a package and returns its gaps without their places. */
function gaps(files: Record<string, string>): string[] {
  const folder = mkdtempSync(join(home, "package-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return (gapsOf(folder) as string[]).map((gap) => gap.replace(/^\S+ /, ""));
}

describe("the check of the reference", () => {
  it("wants a summary of every name, in both forms of a namespace", () => {
    const room = "export const bare = 1;\n/** One. */\nexport const one = 1;\n";
    assert.deepEqual(gaps({ "index.ts": 'export * as room from "./room";', "room.ts": room }), [
      "room.bare: needs a summary",
    ]);
    const index = 'import { bare, one } from "./room";\n/** Room. */\nexport const room = { bare, other: one };\n';
    assert.deepEqual(gaps({ "index.ts": index, "room.ts": room }), ["room.bare: needs a summary"]);
  });

  it("wants errors named where a function throws, and not where a function inside it does", () => {
    const index = `/** Refuses. */
export function refuse(): void { throw new Error(); }
/** Hands over. */
export function later(): () => void { return () => { throw new Error(); }; }
/** Has a method. */
export class Thing {
  /** Refuses. */
  refuse(): void { throw new Error(); }
  constructor() { throw new Error(); }
}
/** Says so. */
export class Documented {
  /** @throws Error always */
  constructor() { throw new Error(); }
}`;
    const found = ["refuse: needs @throws", "Thing.refuse: needs @throws", "new Thing: needs @throws"];
    assert.deepEqual(gaps({ "index.ts": index }), found);
    const inner = "/** Opens. */\nexport function open(): void { throw new Error(); }";
    assert.deepEqual(gaps({ "index.ts": "", "cli/a.ts": inner }), ["open: needs @throws"]);
  });

  it("wants every option described, with its default where it is optional, and the shapes of arrays", () => {
    const index = `/** Options. */
export interface ThingOptions {
  silent: number;
  /** Described. */
  bare?: number;
  /** Described. Default 1. */
  full?: number;
}
/** Sums. */
export function sum(x: Float32Array): number { return x[0]; }
/** Sums [N]. */
export function total(x: Float32Array): number { return x[0]; }
/** Adds. */
export function add(all: readonly Float32Array[]): number { return all.length; }
/** Has methods. */
export class Meter {
  /** Counts. */
  add(x: Float32Array): number { return x[0]; }
  /** Counts [N]. */
  count(x: Float32Array): number { return x[0]; }
}`;
    assert.deepEqual(gaps({ "index.ts": index }), [
      "sum: needs the shapes of its arrays",
      "add: needs the shapes of its arrays",
      "ThingOptions.silent: needs a description",
      "ThingOptions.bare: needs its default",
      "Meter.add: needs the shapes of its arrays",
    ]);
  });

  it("wants the source of a published method, and summaries in the rooms of the kernel process", () => {
    const vce = "/** Enhances. */\nexport class Vce {}\n";
    const files = { "index.ts": 'export * from "./vce/model";', "session/a.ts": "export function open(): void {}" };
    assert.deepEqual(gaps({ ...files, "vce/model.ts": vce }), [
      "Vce: needs its source in this file",
      "open: needs a summary",
    ]);
    assert.deepEqual(gaps({ ...files, "vce/model.ts": vce.replace("Enhances", "Enhances (arXiv 2411.12787)") }), [
      "open: needs a summary",
    ]);
  });
});
