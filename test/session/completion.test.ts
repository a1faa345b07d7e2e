import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { CellCompiler } from "../../kernel/session/compile/cells";
import { Executor } from "../../kernel/session/run/executor";
import { CellModules } from "../../kernel/session/node/modules";
import { Queries } from "../../kernel/session/ask/queries";
import { cellScope, runCell } from "../../kernel/session/run/scope";
import { CellStacks } from "../../kernel/session/run/stacks";
import { promised } from "../../kernel/session/run/steps";
import { stockService } from "./stock.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-completion-"));
const compiler = new CellCompiler(folder);
const executor = new Executor(compiler, new CellModules(folder, compiler), new CellStacks());
const queries = new Queries(compiler, executor.variables);
after(() => rmSync(folder, { recursive: true }));

/** Every kind of declaration: only `let` and `var` are no imports to a later cell. */
const EARLIER = [
  "const obj = { alpha: 1, beta: { gamma: 'x' } }; let level = { depth: 1 }; var old = { age: 2 };",
  "class K { kay = 1; go() { return this } }\nenum Color { Red, Green }\nnamespace space { export const star = 1 }",
  "function f() { return obj }\ntype Both = { a: 1 } & { b: 2 }; const both: Both = { a: 1, b: 2 };",
  `/** Reads layers. */
function layers(list: number[], options: { outputFmt?: "NCHW" | "NLC"; norm?: boolean } = {}) { return { list, options } }
function name(of: "zoo/a-b" | "zoo/a-c" | (string & {})) { return of }
import * as path from "node:path";`,
];

/** The text before the cursor: each way in which a cell can end open. With what completes it, where that is short. */
const OPEN: [before: string, expected?: string[]][] = [
  ["obj.", ["alpha", "beta"]],
  ["level.", ["depth"]],
  ["old.", ["age"]],
  ["obj?.", ["alpha", "beta"]],
  ["obj.beta.", ["gamma"]],
  ["obj\n  .", ["alpha", "beta"]],
  ["obj.\n", ["alpha", "beta"]],
  ["f().", ["alpha", "beta"]],
  ["both.", ["a", "b"]],
  ["new K().", ["go", "kay"]],
  ["new K().go().", ["go", "kay"]],
  ["Color.", ["Green", "Red"]],
  ["space.", ["star"]],
  ["path.posix."],
  ["Math."],
  ["console.log(obj.", ["alpha", "beta"]],
  ["console.log(1, obj.", ["alpha", "beta"]],
  ["[obj.", ["alpha", "beta"]],
  ["[...obj.", ["alpha", "beta"]],
  ["1 + obj.", ["alpha", "beta"]],
  ["await obj.", ["alpha", "beta"]],
  ["void obj.", ["alpha", "beta"]],
  ["typeof obj.", ["alpha", "beta"]],
  ["const x = obj.", ["alpha", "beta"]],
  ["if (obj.", ["alpha", "beta"]],
  ["if (true) { obj.", ["alpha", "beta"]],
  ["for (const x of obj.", ["alpha", "beta"]],
  ["() => obj.", ["alpha", "beta"]],
  ["class Q extends K { m() { this.", ["go", "kay", "m"]],
  ["const own = { mine: 1 };\nown.", ["mine"]],
  ["obj. /* why */ ", ["alpha", "beta"]],
  ["/* why */ obj.", ["alpha", "beta"]],
  ["`${obj.", ["alpha", "beta"]],
  ["`a ${f()} b ${obj.", ["alpha", "beta"]],
  ["obj['", ["alpha", "beta"]],
  ['obj["', ["alpha", "beta"]],
  ["layers([], { ", ["norm", "outputFmt"]],
  ["layers([], {\n  norm: true,\n  ", ["outputFmt"]],
  ['layers([], { outputFmt: "', ["NCHW", "NLC"]],
  ["layers([], { outputFmt: '", ["NCHW", "NLC"]],
  ['name("', ["zoo/a-b", "zoo/a-c"]],
  ["let k: { a: K } = { ", ["a"]],
  ["const { ", []],
  ["type T = typeof obj.", ["alpha", "beta"]],
  ["// obj.", []],
  ["/* obj.", []],
  ["'obj.", []],
  ["`obj.", []],
  ["import { ", ["type"]],
  ['import "'],
  ['import("'],
  ['import { join } from "'],
  ["layers([], "],
  ["layers("],
  ["1 + "],
  ["obj = "],
  ["true && "],
  ["return "],
  ["Array<"],
  ["let x: "],
  ["let y: K<"],
  ["new "],
  ["new K<"],
  ["class Q extends K { "],
  ["export default obj.", ["alpha", "beta"]],
  ["export const z = obj.", ["alpha", "beta"]],
  ["<K>obj.", ["alpha", "beta"]],
  [""],
];

/** Behind the cursor, where a comment means nothing: before one, TypeScript itself forgets imports and types. */
const BEHIND = ["", "\nconst behind = 1;\nbehind.toFixed(2);", "\n\nfunction behind() {\n  return `${1}`;\n}"];
const COMMENTS = [" // note", " /* note */", "\n// note\n"];

function answer(code: string, cursor: number): { matches: string[]; replaced: string } {
  const given = queries.answer({ kind: "complete", code, cursor });
  assert.ok("matches" in given);
  assert.deepEqual(
    given.types.map(({ text }) => text),
    given.matches,
  );
  return { matches: given.matches, replaced: [...code].slice(given.start, given.end).join("") };
}

/** Sorted: the order is that of another file, where names of earlier cells are not imported. */
function matchesOf(code: string, behind: string): string[] {
  const { matches } = answer(code + behind, code.length);
  assert.equal(new Set(matches).size, matches.length);
  return [...matches].sort();
}

function inOrder(names: string[]): string[] {
  return [...new Set(names)].sort();
}

describe("completion of a cell that is open", () => {
  const stock = stockService(
    folder,
    EARLIER,
    OPEN.flatMap(([code]) => [...BEHIND, ...COMMENTS].map((behind) => code + behind)),
  );

  before(async () => {
    const scope = cellScope({} as Parameters<typeof cellScope>[0], false);
    for (const [i, code] of EARLIER.entries())
      await runCell(scope, () => promised(executor.execute(code, `cell-${i}`, scope)));
  });

  for (const [code, expected] of OPEN) {
    it(`is TypeScript's own: ${JSON.stringify(code)}`, () => {
      const { matches } = answer(code, code.length);
      for (const behind of BEHIND) {
        assert.deepEqual(matchesOf(code, behind), inOrder(stock(code + behind, code.length)), behind);
      }
      for (const comment of COMMENTS) {
        const isInString = /["']$/.test(code);
        const right = isInString ? stock(code + comment, code.length) : matches;
        assert.deepEqual(matchesOf(code, comment), inOrder(right), comment);
      }
      if (expected) assert.deepEqual(matches, expected);
      else assert.ok(matches.length > 10, `${matches.length} names`);
    });
  }

  it("replaces the content of a string, whatever stands in it", () => {
    const names = ["zoo/a-b", "zoo/a-c"];
    for (const behind of ["", ")", "\nf();"]) {
      const code = '/* 😀 */ name("zoo/';
      assert.deepEqual(answer(code + behind, [...code].length), { matches: names, replaced: "zoo/" });
    }
    const closed = '/* 😀 */ name("zoo/a-x-y"); f()';
    assert.deepEqual(answer(closed, [...closed].indexOf("z") + 5), { matches: names, replaced: "zoo/a-x-y" });
    assert.deepEqual(answer('name("")', 6), { matches: names, replaced: "" });
    assert.deepEqual(answer("name('A-C", 9), { matches: ["zoo/a-c"], replaced: "A-C" });
  });

  it("replaces a name with all of it, and nothing else", () => {
    assert.deepEqual(answer("obj.alxx + 1", 6), { matches: ["alpha"], replaced: "alxx" });
    assert.deepEqual(answer("obj. + 1", 4), { matches: ["alpha", "beta"], replaced: "" });
    assert.deepEqual(answer("const 𝒳 = obj.al", 16), { matches: ["alpha"], replaced: "al" });
  });

  it("comes in an editor's order: names of the session before globals, each without regard to case", () => {
    const { matches } = answer("1 + ", 4);
    const own = ["both", "Color", "f", "K", "layers", "level", "name", "obj", "old", "path", "space"];
    assert.deepEqual(matches.slice(0, own.length), own);
    const members = answer("Math.", 5).matches;
    assert.deepEqual(members, [...members].sort(new Intl.Collator("en", { numeric: true }).compare));
  });

  it("knows elements", () => {
    const code = "const React = { createElement: (...all: unknown[]) => all };\nconst page = <p>{obj.";
    assert.deepEqual(answer(`${code}}</p>;`, code.length).matches, ["alpha", "beta"]);
    assert.deepEqual(answer("<p title={obj.", 14).matches, ["alpha", "beta"]);
  });
});
