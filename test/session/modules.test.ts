import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { beforeEach, describe, it } from "node:test";
import { inspect } from "node:util";
import { Notebook } from "./notebook.ts";

const notebook = new Notebook();
const DIST = join(import.meta.dirname, "..", "..", "kernel", "dist");

describe("modules in cells", () => {
  beforeEach(() => notebook.executor.reset());

  it("come from exports maps, ES modules with top-level await, JSON and builtins", async () => {
    notebook.writePackage(
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
    notebook.writePackage(
      "waits",
      { type: "module", exports: "./m.js", types: "./m.d.ts" },
      {
        "m.d.ts": "export declare const late: number; export default function hello(): string;",
        "m.js": "export const late = await Promise.resolve(9);\nexport default function hello() { return 'hi' }",
      },
    );
    notebook.write("data.json", '{ "list": [1] }');
    assert.equal(
      await notebook.run("import { kind } from 'mapped'; import sub from 'mapped/sub'; kind + sub.n"),
      "imported3",
    );
    assert.deepEqual(await notebook.run("import hello, { late } from 'waits'; [hello(), late]"), ["hi", 9]);
    assert.deepEqual(await notebook.run("import * as waits from 'waits'; Object.keys(waits).sort()"), [
      "default",
      "late",
    ]);
    assert.equal(
      await notebook.run("(await import('waits')).late + (await import('./data.json')).default.list[0]!"),
      10,
    );
    assert.equal(
      await notebook.run(
        "import data from './data.json'; import fs, { existsSync } from 'node:fs'; import * as fs2 from 'fs'; data.list[0]",
      ),
      1,
    );
    assert.equal(
      await notebook.run("fs.existsSync === existsSync && fs2.existsSync === existsSync && 'default' in fs2"),
      true,
    );
    assert.equal(await notebook.run("import os = require('node:os'); typeof os.cpus"), "function");
  });

  it("are shown by their values, as Node shows an ES module", async () => {
    for (const specifier of ["node:timers", "node:path", "node:fs"]) {
      const module: unknown = await notebook.run(`import * as shown from '${specifier}'; shown`);
      assert.equal(inspect(module), inspect(await import(specifier)));
      assert.equal(inspect([module], { depth: 2 }), inspect([await import(specifier)], { depth: 2 }));
    }
    notebook.write("inner.ts", "export const a = 1; export function f() { return 2 }");
    notebook.write("outer.ts", "export { a, f as g } from './inner'; export let own = 'x';");
    const local = await notebook.run("import * as outer from './outer'; outer");
    assert.equal(inspect(local), "[Module: null prototype] { a: 1, g: [Function: f], own: 'x' }");
    notebook.writePackage(
      "lazy",
      { main: "i.js" },
      { "i.js": "exports.fine = 1; Object.defineProperty(exports, 'late', { enumerable: true, get() { throw 1 } });" },
    );
    const lazy = inspect(await notebook.run("import * as lazy from 'lazy'; lazy"));
    assert.match(
      lazy,
      /^\[Module: null prototype\] \{\n {2}default: .*\n {2}fine: 1,\n {2}late: '\(a getter that throws\)'\n\}$/,
    );
    assert.equal(inspect(await notebook.run("import * as made from 'lazy'; made.fine")), "1");
  });

  it("without types are any, and without a file are refused", async () => {
    notebook.writePackage("untyped", { main: "i.js" }, { "i.js": "exports.answer = 42; exports.default = 'd';" });
    assert.equal(
      await notebook.run(
        "import { answer } from 'untyped'; import * as all from 'untyped'; answer.toFixed(1) + all.answer",
      ),
      "42.042",
    );
    assert.deepEqual(await notebook.refusal("import x from 'absent'"), ["1:15 TS2307"]);
    notebook.writePackage("absent", { main: "i.js" }, { "i.js": "module.exports = 'here now';" });
    assert.equal(await notebook.run("import x from 'absent'; x"), "here now");
  });

  it("that are only types are not loaded", async () => {
    notebook.writePackage(
      "shapes",
      { types: "i.d.ts" },
      { "i.d.ts": "export interface Shape { sides: number } export type Side = number;" },
    );
    assert.equal(
      await notebook.run(
        "import type { Shape } from 'shapes'; import { Side, type Shape as S2 } from 'shapes'; const s: Shape & S2 = { sides: 3 }; s.sides",
      ),
      3,
    );
    assert.equal(await notebook.run("const side: Side = s.sides; let again: Shape = s; side"), 3);
  });

  it("may be local files, which are read again when they changed", async () => {
    notebook.write("lib/base.ts", "export const base: number = 1;\nexport const where = import.meta.filename;");
    notebook.write("lib/top.ts", "import { base } from './base.js';\nexport const top = (): number => base + 1;");
    assert.equal(
      await notebook.run("import { top } from './lib/top'; import { base, where } from './lib/base.ts'; top() + base"),
      3,
    );
    assert.equal(await notebook.run("where"), join(notebook.folder, "lib", "base.ts"));
    notebook.write("lib/base.ts", "export const base: string = 'longer than before';");
    assert.deepEqual(await notebook.refusal("import { top } from './lib/top'; top"), ["2:34 TS2322"]);
    notebook.write("lib/top.ts", "import { base } from './base';\nexport const top = (): number => base.length;");
    assert.equal(await notebook.run("import { top } from './lib/top'; top()"), 18);
    notebook.write("lib/plain.js", "exports.half = (x) => x / 2;");
    assert.equal(await notebook.run("import { half } from './lib/plain.js'; half(3)"), 1.5);
  });

  it("know where the notebook is", async () => {
    assert.equal(
      await notebook.run("import.meta.dirname === __dirname && import.meta.filename === __filename && __dirname"),
      notebook.folder,
    );
    assert.match(String(await notebook.run("import.meta.url")), /^file:\/\/.*\/cell\.ts$/);
    assert.equal(
      await notebook.run(
        "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url); require('node:path').sep",
      ),
      "/",
    );
  });

  it("may export, which says nothing in a cell", async () => {
    await notebook.run(
      "export const a = 1; export default class B {} export { a as c }; export type { T }; type T = string; export * from 'node:timers/promises'; export { sep } from 'node:path';",
    );
    assert.equal(await notebook.run("const t: T = 't'; new B() instanceof B && a"), 1);
    assert.equal(await notebook.run("export default a + 1"), 2);
  });
});

describe("the library in cells", () => {
  const loadedRooms = (): string[] => {
    const places = Object.keys(createRequire(import.meta.url).cache).map(
      (path) => /\/dist\/(\w+)\/index\.js$/.exec(path)?.[1],
    );
    return places.filter((room) => room !== undefined);
  };

  it("loads the rooms that a cell names, before it runs, and the others when they are named", async () => {
    const run = (code: string): Promise<unknown> => notebook.run(code);
    assert.deepEqual(await run('import { display, RuleError } from "fovea"; [typeof display, RuleError.name]'), [
      "function",
      "RuleError",
    ]);
    assert.equal(loadedRooms().includes("sak"), false);
    assert.equal(await run('import { view } from "fovea"; String(view.table([{ a: 1 }])).includes("1")'), true);
    assert.equal(loadedRooms().includes("view"), true);
    assert.equal(loadedRooms().includes("sak"), false);
    assert.equal(await run('import { vce } from "fovea"; typeof vce'), "object");
    assert.equal(loadedRooms().includes("vce"), true);
    assert.equal(
      await run(
        'import * as fovea from "fovea"; Object.keys(fovea).includes("sak") && typeof fovea.sak.distillationLoss',
      ),
      "function",
    );
    assert.equal(loadedRooms().includes("sak"), true);
    assert.equal(await run('(await import("fovea")).view === view && require("fovea").view === view'), true);
  });

  it("reads few declarations of other packages: none of tfjs's, onnxruntime's and ml-matrix's whole ones", () => {
    const index = join(DIST, "index.d.ts");
    const [seen, foreign] = [new Set([index]), new Set<string>()];
    for (const file of seen)
      for (const [, name] of readFileSync(file, "utf8").matchAll(/(?:from |import\(|import )"([^"]+)"/g)) {
        const place = join(dirname(file), name);
        const found = [`${place}.d.ts`, join(place, "index.d.ts")].find(
          (path) => name.startsWith(".") && existsSync(path),
        );
        if (found) seen.add(found);
        else if (!name.startsWith(".")) foreign.add(name);
      }
    assert.ok(seen.size > 100, "the library's declarations are there");
    assert.deepEqual([...foreign], ["@tensorflow/tfjs-core/dist/tensor"]);
  });
});
