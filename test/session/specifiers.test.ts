import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { bareSpecifier, checkVersion, installHint } from "../../kernel/session/compile/specifiers";
import { Notebook } from "./notebook.ts";

const CONFIG = `{
  // As editors write it, with comments.
  "compilerOptions": {
    "baseUrl": ".",
    "paths": { "@lib/*": ["src/lib/*"], "@lib/exact": ["src/other.ts"], "mine": ["src/none", "src/mine"], "fovea": ["src/other.ts"] },
  },
}`;

const notebook = new Notebook({
  "tsconfig.json": CONFIG,
  "src/lib/lens.ts": 'import { base } from "@lib/deep/base"; export const focal: number = base * 2;',
  "src/lib/deep/base.ts": "export const base = 25;",
  "src/other.ts": "export const which = 'exact';",
  "src/mine/index.ts": "export default class Mine { name = 'mine' }",
});

describe("paths of the notebook's tsconfig.json", () => {
  beforeEach(() => notebook.executor.reset());

  it("are followed by the compiler and at run time, in local files too", async () => {
    assert.equal(await notebook.run('import { focal } from "@lib/lens"; focal'), 50);
    assert.equal(await notebook.run('import { which } from "@lib/exact"; which'), "exact");
    assert.equal(await notebook.run('import Mine from "mine"; new Mine().name'), "mine");
    assert.equal(await notebook.run('(await import("@lib/deep/base.js")).base'), 25);
    assert.equal(await notebook.run('import { base } from "src/lib/deep/base"; base'), 25);
    assert.deepEqual(await notebook.refusal('import { focal } from "@lib/lens"; focal.length'), ["1:42 TS2339"]);
    assert.deepEqual(await notebook.refusal('import { focal } from "@lib/absent";'), ["1:23 TS2307"]);
  });

  it("complete", () => {
    assert.deepEqual(notebook.completions('import { } from "@lib/').slice(0, 3), [
      "@lib/deep",
      "@lib/exact",
      "@lib/lens",
    ]);
  });
});

describe("npm: specifiers", () => {
  notebook.writePackage(
    "tint",
    { version: "5.3.1", types: "i.d.ts", main: "i.js" },
    {
      "i.js": "exports.red = (text) => `<${text}>`;",
      "i.d.ts": "export declare function red(text: string): string;",
      "sub.js": "exports.deep = 1;",
      "sub.d.ts": "export declare const deep: number;",
    },
  );
  notebook.writePackage(
    "@far/only",
    { version: "0.2.5", type: "module", exports: "./i.js", types: "i.d.ts" },
    {
      "i.js": "await null; export const loaded = true;",
      "i.d.ts": "export declare const loaded: boolean;",
    },
  );

  it("resolve to installed packages with their types", async () => {
    for (const version of ["", "@5", "@5.3", "@5.3.1", "@^5.1", "@^5.3.0", "@~5.3.0", "@latest", "@>=4"]) {
      assert.equal(await notebook.run(`import { red } from "npm:tint${version}"; red("x")`), "<x>", version);
    }
    assert.equal(await notebook.run('import { deep } from "npm:tint@5/sub.js"; deep'), 1);
    assert.equal(await notebook.run('import { loaded } from "npm:@far/only@0.2"; loaded'), true);
    assert.equal(await notebook.run('(await import("npm:@far/only@^0.2.1")).loaded'), true);
    assert.deepEqual(await notebook.refusal('import { red } from "npm:tint@5"; red(1)'), ["1:39 TS2345"]);
  });

  it("of what is not installed say how to install it", async () => {
    const hint = /^Cannot find module 'npm:absent@5'; run !npm install absent@5\.$/;
    await assert.rejects(notebook.run('import x from "npm:absent@5";'), { message: hint });
    await assert.rejects(notebook.run('import x from "npm:@a/absent";'), {
      message: /; run !npm install @a\/absent\.$/,
    });
    for (const version of ["4", "5.2", "5.3.2", "^6", "^5.4", "~5.4", "~5.3.2"]) {
      const rule = { message: new RegExp(`version 5\\.3\\.1 of tint is installed; run !npm install '?tint@`) };
      await assert.rejects(notebook.run(`import { red } from "npm:tint@${version}"; red("x")`), rule, version);
    }
  });

  it("are read as Deno writes them", () => {
    assert.equal(bareSpecifier("npm:/chalk@5/source/index.js"), "chalk/source/index.js");
    assert.equal(bareSpecifier("npm:@a/b@1.2"), "@a/b");
    assert.equal(bareSpecifier("node:fs"), "node:fs");
    assert.equal(installHint("npm:a@^1"), "run !npm install 'a@^1'");
    assert.equal(installHint("a"), undefined);
    checkVersion("a@1", "/x/node_modules/a/index.js");
  });
});
