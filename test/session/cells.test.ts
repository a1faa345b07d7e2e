import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { CellCompiler } from "../../kernel/session/compile/cells";
import { CellDiagnostics } from "../../kernel/session/compile/diagnostics";

const folder = mkdtempSync(join(tmpdir(), "fovea-cells-"));
const compiler = new CellCompiler(folder);
after(() => rmSync(folder, { recursive: true }));

describe("CellCompiler", () => {
  it("refuses type errors with their place", () => {
    assert.throws(
      () => compiler.compile("const a = 1;\nconst b: string = a;"),
      (error) =>
        error instanceof CellDiagnostics &&
        error.diagnostics[0]?.start.line === 1 &&
        error.diagnostics[0].code === 2322,
    );
  });

  it("says what to call where a name stands for what it names", () => {
    const hintOf = (type: string): string => {
      try {
        compiler.compile(`interface ${type} { own: 1 }; const show = (value: ${type}) => value; show("feats");`);
      } catch (error) {
        return (error as Error).message;
      }
      return "";
    };
    assert.match(
      hintOf("FeatureFolderLike"),
      /type 'FeatureFolderLike'\. Open the folder: await features\.open\(…\)\.$/,
    );
    assert.match(
      hintOf("FeatureExtractor"),
      /type 'FeatureExtractor'\. Load the encoder: await encoders\.load\(…\)\.$/,
    );
    assert.match(hintOf("FeatureExtractors"), /type 'FeatureExtractors'\.$/);
  });

  it("maps generated positions to the cell's, past types and comments", () => {
    const cell = compiler.compile(
      "// comment\ninterface A { x: number }\nconst a: A = { x: 1 };\nfail();\nfunction fail() {}",
    );
    const line = cell.code.split("\n").findIndex((text) => text.startsWith("fail()"));
    assert.deepEqual(cell.map.toCell({ line, column: 0 }), { line: 3, column: 0 });
    assert.equal(cell.map.toCell({ line: 10_000, column: 0 }), undefined);
  });

  it("knows an earlier cell's name in a shorthand property, and leaves local and global ones alone", () => {
    compiler.accept(compiler.compile("const early = 1; let later = 2;"));
    const emitted = (code: string) => compiler.compile(code).code;
    assert.match(
      emitted("({ early, later, console })"),
      /\{ early: \$variables\.early, later: \$variables\.later, console \}/,
    );
    assert.match(emitted("const f = (early: number) => ({ early });"), /\(early\) => \(\{ early \}\)/);
    assert.match(emitted("({ later = 4 } = {});"), /\{ later: \$variables\.later = 4 \}/);
    compiler.reset();
  });

  it("names what a cell declares, and what of it may be assigned again", () => {
    const cell = compiler.compile(
      "let a = 1; var b; const c = 2; const { d, e: [f] } = { d: 1, e: [2] }; let [g] = [1]; function h() {}",
    );
    const mutable = cell.linked.filter(({ isMutable }) => isMutable).map(({ name }) => name);
    assert.deepEqual(mutable.sort(), ["a", "b", "g"]);
    assert.deepEqual(cell.linked.map(({ name }) => name).sort(), ["a", "b", "g", "h"]);
    assert.deepEqual(
      [...cell.code.matchAll(/\$keep\("(\w)", \1\);/g)].map(([, name]) => name),
      ["c", "d", "f"],
    );
    assert.doesNotMatch(cell.code, /\$variables/);
  });

  it("keeps nothing for good of cells that declare nothing or are refused, or declare only what later cells declare again", () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const heap = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const kinds = [
      () => "1 + 1",
      () => "const refused: number = 'x'",
      (cell: number) => `const same = { a: ${cell} }; same.a`,
      (cell: number) =>
        `const v${cell % 20} = ${cell % 20 ? `v${(cell % 20) - 1} + 1` : 1}; function f${cell % 20}() { return v${cell % 20} }`,
    ];
    for (const kind of kinds) {
      const run = (count: number): void => {
        for (let cell = 0; cell < count; cell++) {
          if (kind(cell).includes("refused")) assert.throws(() => compiler.compile(kind(cell)), CellDiagnostics);
          else compiler.accept(compiler.compile(kind(cell)));
        }
      };
      run(1100); // Past the first renewal of the checker.
      const before = heap();
      run(1000);
      assert.ok(heap() - before < 4e6, `after as many cells, a checker holds as much as before: ${kind(0)}`);
      compiler.reset();
    }
  });

  it("keeps the cells behind the types of what is declared, however often names are declared again", () => {
    const accept = (code: string): void => compiler.accept(compiler.compile(code));
    accept("interface Deep { leaf: number } const first = { a: 1 as number | string };");
    accept("const second = { first, deep: null as Deep | null };");
    for (let turn = 0; turn < 200; turn++) accept(`const first = ${turn}; interface Deep { other: string }`);
    assert.throws(() => compiler.compile("const wrong: string = second.deep!.leaf"), { message: /'number'/ });
    assert.match(compiler.compile("second.first.a; second.deep!.leaf.toFixed(); first.toFixed()").code, /first/);
    compiler.reset();
  });

  it("makes every loop look at the interrupt flag and leaves their meaning", () => {
    const source =
      "let n = 0; for (const x of [1, 2]) n += x; do n++; while (n < 9); out: for (;;) { while (true) break out; } n";
    const { code } = compiler.compile(source);
    assert.equal(code.match(/\$flags\[0\]/g)?.length, 4);
    assert.deepEqual(new Function("$flags", "$stop", code)([0], assert.fail).value, 9);
  });

  it("knows async cells: await, for await, and neither inside a function", () => {
    assert.equal(compiler.compile("await 1").isAsync, true);
    assert.equal(compiler.compile("for await (const x of [1]) { x }").isAsync, true);
    assert.equal(compiler.compile("async function f() { await 1; for await (const x of [1]) { x } }").isAsync, false);
  });

  it("carries declarations to later cells once they are accepted", () => {
    const cell = compiler.compile("interface P { q: number } const p: P = { q: 1 };");
    assert.throws(() => compiler.compile("p.q"), CellDiagnostics);
    compiler.accept(cell);
    assert.match(
      compiler.compile("const again: P = p; again.q").code,
      /return \{ __proto__: null, value: \(0, again\.q\) \};/,
    );
  });

  it("tells open input from wrong input", () => {
    assert.deepEqual(compiler.syntaxErrors("1 + 1"), []);
    assert.ok(compiler.syntaxErrors("f(").every(({ atEnd }) => atEnd));
    assert.ok(compiler.syntaxErrors("let 1a").some(({ atEnd }) => !atEnd));
  });
});
