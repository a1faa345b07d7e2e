import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, beforeEach, describe, it } from "node:test";
import { CellCompiler } from "../../kernel/session/compile/cells";
import { CellDiagnostics } from "../../kernel/session/compile/diagnostics";
import { Executor } from "../../kernel/session/run/executor";
import { CellModules } from "../../kernel/session/node/modules";
import { Queries } from "../../kernel/session/ask/queries";
import { cellScope, runCell } from "../../kernel/session/run/scope";
import { cellName, CellStacks } from "../../kernel/session/run/stacks";
import { Tracebacks } from "../../kernel/session/run/tracebacks";

/** Cells as a session runs them, one after another, in a folder with nothing of ours above it. */
const folder = mkdtempSync(join(tmpdir(), "fovea-language-"));
const compiler = new CellCompiler(folder);
const stacks = new CellStacks();
const executor = new Executor(compiler, new CellModules(folder, compiler), stacks);
const queries = new Queries(compiler, executor.variables);
const scope = cellScope({} as Parameters<typeof cellScope>[0], false);
let count = 0;
after(() => rmSync(folder, { recursive: true }));

/** The value of the cell that ran last. */
async function run(...cells: string[]): Promise<unknown> {
  let value: unknown;
  for (const code of cells) {
    const name = cellName(++count);
    const result = await runCell(scope, () => executor.execute(code, name, scope));
    value = result.has ? result.value : undefined;
  }
  return value;
}

/** Each error of a cell that is refused, as `line:column code`. */
async function refusal(code: string): Promise<string[]> {
  try {
    await run(code);
  } catch (error) {
    if (!(error instanceof CellDiagnostics)) throw error;
    return error.diagnostics.map(({ start, code: number }) => `${start.line + 1}:${start.character + 1} TS${number}`);
  }
  return [];
}

function write(path: string, text: string): void {
  const target = join(folder, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
}

function writePackage(name: string, fields: object, files: Record<string, string>): void {
  write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: "1.0.0", ...fields }));
  for (const [path, text] of Object.entries(files)) write(`node_modules/${name}/${path}`, text);
}

function completions(code: string): string[] {
  const answer = queries.answer({ kind: "complete", code, cursor: code.length });
  return "matches" in answer ? answer.matches : [];
}

function inspection(code: string, cursor = code.length): string {
  return String(queries.inspect(code, cursor, 0).data["text/plain"]);
}

describe("names of earlier cells", () => {
  beforeEach(() => executor.reset());

  it("keep value and type, whatever declares them", async () => {
    await run(
      `class Point { constructor(readonly x: number) {} }
       interface Named { name: string }
       type Pair<T> = [T, T];
       enum Colour { Red = 1, Green }
       const enum Flag { On = 8 }
       namespace Units { export const metre = 1; export type Length = number }
       abstract class Base<T> { abstract make(): T }
       function pick(x: string): string; function pick(x: number): number; function pick(x: unknown) { return x }
       const { a, b: [c] } = { a: 1, b: [2] };
       const identity = <T>(x: T) => x;`,
    );
    const value = await run(
      `const point: Point = new Point(3);
       const pair: Pair<Named> = [{ name: "l" }, { name: "r" }];
       const length: Units.Length = Units.metre;
       class Derived extends Base<number> { make() { return 5 } }
       [point.x, pair[1].name, length, Colour.Green, Colour[1], Flag.On, pick(4).toFixed(1), a + c, identity("i").length, new Derived().make()]`,
    );
    assert.deepEqual(value, [3, "r", 1, 2, "Red", 8, "4.0", 3, 1, 5]);
    assert.deepEqual(await refusal("pick(true)"), ["1:6 TS2769"]);
    assert.deepEqual(await refusal("const wrong: Pair<string> = ['a', 1]"), ["1:35 TS2322"]);
  });

  it("are assigned under their declared type, and narrowed", async () => {
    await run("let level: number | string = 1; const read = () => level; var plain = 1; let later: string;");
    assert.equal(await run("level = 'text'; level.length"), 4);
    assert.equal(
      await run("level = 7; [level] = [level + 1]; ({ level } = { level: level + 1 }); level++; read()"),
      10,
    );
    assert.equal(await run("for (plain of [4, 5]); later = 'set'; plain", "later"), "set");
    assert.deepEqual(await refusal("level = true"), ["1:1 TS2322"]);
    assert.deepEqual(await refusal("level = 'text'; level.toFixed()"), ["1:23 TS2551"]);
    assert.deepEqual(await refusal("read = () => 1"), ["1:1 TS2632"]);
    await assert.rejects(run("read = () => 1"), { message: /because it is a constant or an import\.$/ });
  });

  it("can be declared again as something else, which functions of later cells then see", async () => {
    await run("const thing = 1", "function double() { return thing * 2 }", "const thing = 'text'");
    assert.equal(await run("thing.length"), 4);
    assert.ok(Number.isNaN(await run("double()")));
    assert.deepEqual(await run("class thing { static kind = 'class' }", "enum thing { One }", "thing.One"), 0);
    assert.equal(await run("import { sep as thing } from 'node:path'; thing"), "/");
  });

  it("leave a type of their name alone, and types a value", async () => {
    await run("interface Point { x: number }", "const Point = (x: number): Point => ({ x })");
    assert.equal(await run("const p: Point = Point(2); p.x"), 2);
    await run("let limit = 1", "type limit = 'low' | 'high'", "limit = 2; const l: limit = 'low'");
    assert.equal(await run("limit + 1"), 3);
  });

  it("hide globals, and may be what a module calls its own", async () => {
    await run("const name = 1, require = 2, exports = 3, module = 4, console = 5, $value = 6, undefinedName = 7");
    assert.equal(await run("name + require + exports + module + console + $value"), 21);
  });

  it("may be recursive, hoisted, or declared in a block by var", async () => {
    await run(
      "const early = even(10); function even(n: number): boolean { return n === 0 || odd(n - 1) } const odd = (n: number): boolean => n !== 0 && even(n - 1); if (true) { var inner = 3 }",
    ).catch(() => undefined);
    assert.deepEqual(await run("[inner, even(3), odd(3)]").catch((error: Error) => error.name), "ReferenceError");
    await run(
      "function fib(n: number): number { return n < 2 ? n : fib(n - 1) + fib(n - 2) } if (true) { var inner = 3 }",
    );
    assert.equal(await run("fib(10) + inner"), 58);
  });

  it("are called without a this, also as a tag", async () => {
    await run("function self(this: unknown, ..._: unknown[]) { return this }");
    assert.equal(await run("self.call(undefined) ?? 'none'"), "none");
    assert.equal(await run("self() === undefined && self`x` === undefined"), true);
  });

  it("keep a type that cannot be written, exactly", async () => {
    writePackage(
      "hidden",
      { types: "i.d.ts", main: "i.js" },
      {
        "i.js": "exports.make = () => ({ secret: 5 });",
        "i.d.ts": "import { Inner } from 'inner';\nexport declare function make(): Inner;",
      },
    );
    writePackage(
      "hidden/node_modules/inner",
      { types: "i.d.ts" },
      { "i.d.ts": "export interface Inner { secret: number }" },
    );
    await run(
      "import { make } from 'hidden'; const made = make(); const mixin = () => class { private hidden = made };",
    );
    assert.equal(await run("made.secret + 1"), 6);
    assert.deepEqual(await refusal("made.secrets"), ["1:6 TS2551"]);
    assert.deepEqual(await refusal("new (mixin())().hidden"), ["1:17 TS2341"]);
  });

  it("may be inferred through hundreds of cells, also by a checker that begins at the last", async () => {
    await run("const v0 = { a: 1 }; const count = 600");
    for (let n = 1; n <= 600; n++) await run(`const v${n} = { ...v${n - 1}, b: ${n} };`);
    write("fresh.ts", "export const fresh = 1;");
    assert.equal(await run("import { fresh } from './fresh'; fresh + v600.a + v600.b"), 602);
    assert.deepEqual(await refusal("v600.c"), ["1:6 TS2339"]);
  });

  it("are gone after a failed cell only if it was refused", async () => {
    await assert.rejects(run("const before = 1; let unset = 2; throw new Error('stop'); unset = 3"));
    assert.equal(await run("before + unset"), 3);
    assert.deepEqual(await refusal("const refused: string = 1"), ["1:7 TS2322"]);
    assert.deepEqual(await refusal("refused"), ["1:1 TS2304"]);
  });
});

describe("modules in cells", () => {
  beforeEach(() => executor.reset());

  it("come from exports maps, ES modules with top-level await, JSON and builtins", async () => {
    writePackage(
      "mapped",
      {
        exports: { ".": { types: "./t.d.ts", import: "./m.mjs" }, "./sub": { types: "./s.d.ts", default: "./s.cjs" } },
      },
      {
        "t.d.ts": "export declare const kind: string;",
        "m.mjs": "export const kind = 'imported';",
        "s.d.ts": "declare const _default: { n: number }; export default _default;",
        "s.cjs": "module.exports = { n: 3 };",
      },
    );
    writePackage(
      "waits",
      { type: "module", exports: "./m.js", types: "./m.d.ts" },
      {
        "m.d.ts": "export declare const late: number; export default function hello(): string;",
        "m.js": "export const late = await Promise.resolve(9);\nexport default function hello() { return 'hi' }",
      },
    );
    write("data.json", '{ "list": [1] }');
    assert.equal(await run("import { kind } from 'mapped'; import sub from 'mapped/sub'; kind + sub.n"), "imported3");
    assert.deepEqual(await run("import hello, { late } from 'waits'; [hello(), late]"), ["hi", 9]);
    assert.deepEqual(await run("import * as waits from 'waits'; Object.keys(waits).sort()"), ["default", "late"]);
    assert.equal(await run("(await import('waits')).late + (await import('./data.json')).default.list[0]!"), 10);
    assert.equal(
      await run(
        "import data from './data.json'; import fs, { existsSync } from 'node:fs'; import * as fs2 from 'fs'; data.list[0]",
      ),
      1,
    );
    assert.equal(await run("fs.existsSync === existsSync && fs2.existsSync === existsSync && 'default' in fs2"), true);
    assert.equal(await run("import os = require('node:os'); typeof os.cpus"), "function");
  });

  it("without types are any, and without a file are refused", async () => {
    writePackage("untyped", { main: "i.js" }, { "i.js": "exports.answer = 42; exports.default = 'd';" });
    assert.equal(
      await run("import { answer } from 'untyped'; import * as all from 'untyped'; answer.toFixed(1) + all.answer"),
      "42.042",
    );
    assert.deepEqual(await refusal("import x from 'absent'"), ["1:15 TS2307"]);
    writePackage("absent", { main: "i.js" }, { "i.js": "module.exports = 'here now';" });
    assert.equal(await run("import x from 'absent'; x"), "here now");
  });

  it("that are only types are not loaded", async () => {
    writePackage(
      "shapes",
      { types: "i.d.ts" },
      { "i.d.ts": "export interface Shape { sides: number } export type Side = number;" },
    );
    assert.equal(
      await run(
        "import type { Shape } from 'shapes'; import { Side, type Shape as S2 } from 'shapes'; const s: Shape & S2 = { sides: 3 }; s.sides",
      ),
      3,
    );
    assert.equal(await run("const side: Side = s.sides; let again: Shape = s; side"), 3);
  });

  it("may be local files, which are read again when they changed", async () => {
    write("lib/base.ts", "export const base: number = 1;\nexport const where = import.meta.filename;");
    write("lib/top.ts", "import { base } from './base.js';\nexport const top = (): number => base + 1;");
    assert.equal(
      await run("import { top } from './lib/top'; import { base, where } from './lib/base.ts'; top() + base"),
      3,
    );
    assert.equal(await run("where"), join(folder, "lib", "base.ts"));
    write("lib/base.ts", "export const base: string = 'longer than before';");
    assert.deepEqual(await refusal("import { top } from './lib/top'; top"), ["2:34 TS2322"]);
    write("lib/top.ts", "import { base } from './base';\nexport const top = (): number => base.length;");
    assert.equal(await run("import { top } from './lib/top'; top()"), 18);
    write("lib/plain.js", "exports.half = (x) => x / 2;");
    assert.equal(await run("import { half } from './lib/plain.js'; half(3)"), 1.5);
  });

  it("know where the notebook is", async () => {
    assert.equal(
      await run("import.meta.dirname === __dirname && import.meta.filename === __filename && __dirname"),
      folder,
    );
    assert.match(String(await run("import.meta.url")), /^file:\/\/.*\/cell\.ts$/);
    assert.equal(
      await run(
        "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url); require('node:path').sep",
      ),
      "/",
    );
  });

  it("may export, which says nothing in a cell", async () => {
    await run(
      "export const a = 1; export default class B {} export { a as c }; export type { T }; type T = string; export * from 'node:timers/promises'; export { sep } from 'node:path';",
    );
    assert.equal(await run("const t: T = 't'; new B() instanceof B && a"), 1);
    assert.equal(await run("export default a + 1"), 2);
  });
});

describe("statements in cells", () => {
  beforeEach(() => executor.reset());

  it("dispose what is used at the end of the cell, also after an error", async () => {
    await run(
      "const log: string[] = []; const resource = (name: string) => ({ name, [Symbol.dispose]() { log.push(name) } });",
    );
    assert.equal(
      await run("using first = resource('first'); using second = resource('second'); log.length + first.name"),
      "0first",
    );
    assert.deepEqual(await run("log.splice(0)"), ["second", "first"]);
    await assert.rejects(run("using third = resource('third'); throw new RangeError('in between')"), {
      name: "RangeError",
    });
    assert.deepEqual(await run("log.splice(0)"), ["third"]);
    await run(
      "await using slow = { async [Symbol.asyncDispose]() { await null; log.push('slow') } }; const kept = () => slow;",
    );
    assert.deepEqual(await run("for (using each of [resource('loop')]) log.push('body'); [...log, typeof kept()]"), [
      "slow",
      "body",
      "loop",
      "object",
    ]);
  });

  it("await at the top, also in for await, and run at once otherwise", async () => {
    assert.equal(
      await run("let total = 0; for await (const n of (async function* () { yield 1; yield 2 })()) total += n; total"),
      3,
    );
    assert.equal(await run("const waited = await Promise.resolve(4); waited"), 4);
    const functions = compiler.compile(
      "const f = async () => { await 1; for await (const x of []) x }; class A { async m() { await 2 } }",
    );
    assert.equal(functions.isAsync, false);
  });

  it("decorate classes as the standard says", async () => {
    await run(
      "const seen: string[] = []; function note(_: unknown, context: DecoratorContext) { seen.push(`${context.kind} ${String(context.name)}`) }",
    );
    assert.deepEqual(await run("@note class Marked { @note field = 1; @note method() {} } seen"), [
      "method method",
      "field field",
      "class Marked",
    ]);
    assert.equal(await run("new Marked().field"), 1);
  });

  it("may be JSX, with the factory of an earlier cell or one that a comment names, and typed properties", async () => {
    const make =
      "(tag: any, props: any, ...rest: unknown[]) => typeof tag === 'function' ? tag(props) : [tag, props, ...rest]";
    await run(`const React = { createElement: ${make} };\nconst one = <b>{1 + 1}</b>;`);
    assert.deepEqual(await run("one"), ["b", null, 2]);
    assert.deepEqual(
      await run("const Item = ({ name }: { name: string }) => <li>{name}</li>; <Item name={one[0]} />"),
      ["li", null, "b"],
    );
    assert.deepEqual(await run("<ul>{[1].map(() => <Item name='x' />)}</ul>"), ["ul", null, [["li", null, "x"]]]);
    assert.deepEqual(await refusal("\n<Item nam='x' />"), ["2:7 TS2322"]);
    assert.deepEqual(await refusal("<b>{missing}</b>"), ["1:5 TS2304"]);
    await run("const h = (tag: string) => tag;");
    assert.equal(await run("/** @jsx h */ export const made = <q id='y' />; made"), "q");
    assert.equal(await run("const cast = <T,>(x: unknown) => <T>x; cast<string>('</b>')"), "</b>");
  });

  it("augment the global scope and modules for later cells", async () => {
    await run(
      "declare global { interface Array<T> { second(): T } var counter: number }\nArray.prototype.second = function () { return this[1] }; globalThis.counter = 1;",
    );
    assert.equal(await run("[1, 2].second() + counter"), 3);
    writePackage(
      "open",
      { types: "i.d.ts", main: "i.js" },
      { "i.js": "exports.add = () => 1", "i.d.ts": "export interface Options { a: 1 }" },
    );
    await run("import type {} from 'open'; declare module 'open' { interface Options { b: 2 } }");
    assert.equal(await run("import { Options } from 'open'; const o: Options = { a: 1, b: 2 }; o.b"), 2);
    executor.reset();
    assert.deepEqual(await refusal("[1, 2].second()"), ["1:8 TS2339"]);
    delete (Array.prototype as { second?: unknown }).second;
  });

  it("end with a value", async () => {
    for (const [code, value] of [
      ["'text'", "text"],
      ["1;", 1],
      ["null", null],
      ["const x = 1", undefined],
      ["({ a: 1 }).a", 1],
      ["'use strict'; 2", 2],
    ] as const) {
      assert.deepEqual(await run(code), value, code);
    }
    assert.ok((await run("Promise.resolve(1)").constructor) === Promise);
  });

  it("are refused by line and column, all faults at once", async () => {
    assert.deepEqual(await refusal("const a: string = 1;\n  missing;"), ["1:7 TS2322", "2:3 TS2304"]);
    assert.deepEqual(await refusal("let x = ;"), ["1:9 TS1109"]);
    assert.deepEqual(await refusal("// @ts-expect-error\nconst b: string = 1"), []);
    assert.deepEqual(await refusal("return 1"), ["1:1 TS1108"]);
  });

  it("show their own lines in tracebacks, whatever became of them", async () => {
    const code =
      "interface Gone { a: number }\nusing d = { [Symbol.dispose]() {} };\nenum E { A }\n\nfunction fails(): never {\n  throw new Error('here');\n}\nfails();";
    await assert.rejects(run(code), (error) => {
      const text = new Tracebacks(stacks).report(error, "", "").traceback.join("\n");
      return text.includes(`cell ${count}, line 6:`) && text.includes(`cell ${count}, line 8:1`);
    });
  });
});

describe("questions about cells", () => {
  beforeEach(() => executor.reset());

  it("complete names, members and modules, of earlier cells too", async () => {
    await run("const camera = { focalLength: 35 }; type Lens = string; let aperture = 2;");
    assert.deepEqual(completions("camera.foc"), ["focalLength"]);
    assert.deepEqual(completions("const x: Len").slice(0, 1), ["Lens"]);
    assert.deepEqual(completions("aper"), ["aperture"]);
    assert.deepEqual(completions("import { readFileS"), []);
    assert.ok(completions("import * as path from 'node:path'; path.jo").includes("join"));
    assert.ok(completions("import 'node:pat").includes("node:path"));
  });

  it("inspect signature, documentation and type, and never name a file of ours", async () => {
    await run(
      "/** Doubles. */ function double(x: number): number { return 2 * x }\nlet level: string | number = 1; class Box<T> { value!: T }\nconst boxed = new Box<{ a: Box<string> }>();",
    );
    assert.equal(
      inspection("double(2)", 3),
      "function double(x: number): number\n\nDoubles.\n\nValue: [Function: double]",
    );
    assert.match(inspection("level"), /^let level: string \| number\n/);
    assert.match(inspection("boxed"), /^const boxed: Box<\{\n {4}a: Box<string>;\n\}>\n/);
    assert.match(inspection("let b: Box"), /^class Box<T>/);
    assert.match(
      inspection("Math.max"),
      /^\(method\) Math\.max\(.*\): number\n\nReturns the larger of .*\n@param values /s,
    );
    await run("class Other<T> { value!: T; private own = 1 }");
    await assert.rejects(run("const other: Other<number> = boxed"), (error: Error) => !error.message.includes("fovea"));
  });

  it("inspect the function whose arguments are around the cursor, where no name is", async () => {
    await run(
      `/** Blurs. @param width In pixels. */
       function blur(name: string, options: { width?: number } = {}) { return [name, options] }
       /** A lens. */ class Lens { constructor(readonly focal: number) {} mount<T>(on: T) { return on } }
       const lens = new Lens(35);`,
    );
    for (const code of [
      "blur(",
      "blur('a', ",
      "blur('a', {",
      "blur('a', { width: ",
      "blur(lens.mount('b'), ",
      "[blur(1,",
    ]) {
      for (const behind of ["", ")", "\nconst behind = 1;"]) {
        const shown = inspection(code + behind, code.length);
        assert.match(shown, /^function blur\(name: string, /, code + behind);
        assert.match(shown, /\n\nBlurs\./, code + behind);
      }
    }
    assert.match(inspection("new Lens("), /Lens\(focal: number\)/);
    assert.match(inspection("lens.mount<"), /^\(method\) Lens\.mount</);
    assert.match(inspection("lens.mount(1, "), /^\(method\) Lens\.mount</);
    assert.match(inspection("blur(lens"), /^const lens: Lens/);
    assert.match(inspection("blur(lens ", 10), /^const lens: Lens/);
    assert.match(inspection("lens."), /^const lens: Lens/);
    assert.equal(inspection("blur('a') + ", 12), "undefined");
  });

  it("inspect members of a package's objects with the documentation of what they are, each tag a paragraph", async () => {
    writePackage(
      "documented",
      { types: "index.d.ts", main: "index.js" },
      {
        "index.js": "exports.law = { fit() {} }; exports.room = {};",
        "index.d.ts":
          'import { fit } from "./fit";\nexport declare const law: { fit: typeof fit };\nexport * as room from "./room";',
        "fit.d.ts":
          "/**\n * Fits, see {@link law}.\n *\n * @param x Points.\n * @throws Error for none\n */\nexport declare function fit(x: number[]): void;",
        "room.d.ts": "/** Where things are. */\nexport declare const thing: 1;",
      },
    );
    const doc = "Fits, see `law`.\n\n@param x Points.\n@throws Error for none";
    const head = 'import { law, room } from "documented"; ';
    for (const code of ["law.fit", "law.fit(", "law.fit([1], "]) {
      assert.equal(inspection(head + code), `(property) fit: (x: number[]) => void\n\n${doc}`, code);
    }
    assert.match(inspection(`${head}room`), /\n\nWhere things are\.$/);
    const { data } = queries.inspect(`${head}law.fit`, head.length + 7, 0);
    assert.match(String(data["text/markdown"]), /Points\.\n\n@throws Error for none$/);
  });
});
