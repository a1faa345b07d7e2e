import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { CellCompiler } from "../../kernel/session/compile/cells";
import { lateTypes } from "../../kernel/session/node";
import { Notebook } from "./notebook.ts";

const { folder, files, named } = lateTypes();

const notebook = new Notebook();
const faultsOf = (compiler: CellCompiler, code: string): number[] => compiler.check(code).map((fault) => fault.code);

/** Every specifier in a text, in quotes. */
const specifiers = (text: string): string[] =>
  [...text.matchAll(/(?:from|import|require)\s*\(?\s*("[^"]+")/g)].map(([, specifier]) => specifier!);

describe("declarations that a session starts without", () => {
  it("are needed by no others, except for a method that a cell must name", () => {
    const others = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((name) => join(folder, name))
      .filter((path) => path.endsWith(".d.ts") && !files.has(path) && !/process\.d\.ts$|ts5\.\d/.test(path));
    assert.ok(others.length > 40);
    for (const path of others) {
      const text = readFileSync(path, "utf8").replace(/\/\*[^]*?\*\//g, "");
      assert.deepEqual(
        specifiers(text).filter((each) => named.test(each)),
        [],
        path,
      );
    }
    for (const path of files) assert.match(readFileSync(path, "utf8"), /^declare module /m, path);
  });

  it("join with every module that they declare", () => {
    const compiler = new CellCompiler(notebook.folder);
    const modules = [...files].flatMap((path) =>
      [...readFileSync(path, "utf8").matchAll(/^declare module "([^"]+)"/gm)].map(([, name]) => name!),
    );
    assert.ok(modules.length >= 2 * files.size - 4);
    for (const name of modules) {
      assert.match(`"${name}"`, named);
      // A module without types would be `any`, which is a string.
      assert.deepEqual(
        faultsOf(compiler, `import * as late from "${name}"; const wrong: string = late;`),
        [2322],
        name,
      );
    }
  });

  for (const [what, code] of [
    ["a type", 'const zip: import("node:zlib").Gzip = 1;'],
    ["an import that runs", 'const { gzipSync } = await import("node:zlib"); const wrong: number = gzipSync;'],
    ["Node's own list", 'const wrong: string = process.getBuiltinModule("node:http2");'],
    ["a local file", 'import { zip } from "./local"; const wrong: number = zip;'],
    ["a package", 'import { zip } from "packed"; const wrong: number = zip;'],
  ] as const)
    it(`join where ${what} names one`, () => {
      notebook.write("local.ts", 'import { gzipSync } from "node:zlib"; export const zip = gzipSync;');
      notebook.writePackage(
        "packed",
        { types: "index.d.ts", main: "index.js" },
        {
          "index.d.ts": 'import { gzipSync } from "zlib"; export const zip: typeof gzipSync;',
          "index.js": "exports.zip = 1",
        },
      );
      const compiler = new CellCompiler(notebook.folder);
      assert.deepEqual(faultsOf(compiler, "const before = 1;"), []);
      assert.deepEqual(faultsOf(compiler, code), [2322]);
      assert.deepEqual(faultsOf(compiler, "const after: string = before;"), [2322]);
    });

  it("join where a name of a module is completed", () => {
    assert.ok(notebook.completions("import 'node:http").includes("node:http2"));
    assert.ok(notebook.completions('import { x } from "node:zl"', 26).includes("node:zlib"));
  });
});
