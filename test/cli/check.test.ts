import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, it } from "node:test";

const cli = resolve(import.meta.dirname, "..", "..", "kernel", "dist", "cli.js");
const folder = mkdtempSync(join(tmpdir(), "fovea-check-"));
after(() => rmSync(folder, { recursive: true }));

const run = (...args: string[]) =>
  spawnSync(process.execPath, [cli, "check", ...args], { encoding: "utf8", cwd: folder });

function write(name: string, cells: (string | string[])[], metadata: object = {}): string {
  const code = cells.map((source) => ({ cell_type: "code", source, metadata: {}, outputs: [], execution_count: null }));
  const text = { cell_type: "markdown", source: "const x: number = 'text is not checked';", metadata: {} };
  writeFileSync(
    join(folder, name),
    JSON.stringify({ cells: [text, ...code], metadata, nbformat: 4, nbformat_minor: 5 }),
  );
  return name;
}

describe("fovea check", () => {
  it("finds nothing in cells that a session would run", () => {
    writeFileSync(join(folder, "local.ts"), "export const three = 3;");
    const name = write("good.ipynb", [
      ["const a = 1;\n", "let b = await Promise.resolve(a);"],
      'import { data, law } from "fovea";\nimport { three } from "./local";',
      "%time\nb = a + three;",
      "!ls",
      "?law.fit",
      "const a = 'declared again'; a.length",
      "law.fit(law.publishedTable())",
    ]);
    const { status, stdout, stderr } = run(name);
    assert.equal(stdout, "good.ipynb: 7 code cells, no errors\n", stderr);
    assert.equal(status, 0);
  });

  it("names notebook, cell, line and column, and does not take one mistake for many", () => {
    const name = write("bad.ipynb", [
      "const fine = 1;",
      "const a = 1;\nconst wrong: string = a;",
      "wrong.length + fine",
      'import { law } from "fovea";\nlaw.fitt(1);',
      "const = 1;",
      "%magic",
      "%reset",
      "fine",
    ]);
    const { status, stdout } = run(name);
    assert.deepEqual(stdout.trimEnd().split("\n"), [
      "bad.ipynb, code cell 2, line 2, column 7: Type 'number' is not assignable to type 'string'. (TS2322)",
      stdout.split("\n")[1],
      "bad.ipynb, code cell 5, line 1, column 7: Variable declaration expected. (TS1134)",
      "bad.ipynb, code cell 5, line 1, column 9: Variable declaration expected. (TS1134)",
      "bad.ipynb, code cell 6, line 1, column 1: %magic: is no command",
      "bad.ipynb, code cell 8, line 1, column 1: Cannot find name 'fine'. (TS2304)",
      "bad.ipynb: 8 code cells, 6 errors",
    ]);
    assert.match(
      stdout.split("\n")[1],
      /^bad\.ipynb, code cell 4, line 2, column 5: Property 'fitt' does not exist on type .*\(TS2551\)$/,
    );
    assert.equal(status, 1);
    const errors = JSON.parse(run(name, "--json").stdout);
    assert.deepEqual(errors[0], {
      notebook: "bad.ipynb",
      cell: 2,
      file: null,
      line: 2,
      column: 7,
      code: 2322,
      message: "Type 'number' is not assignable to type 'string'.",
    });
  });

  it("takes several notebooks, each by itself, and refuses what is none", () => {
    const names = [write("one.ipynb", ["const shared = 1;"]), write("two.ipynb", ["shared"])];
    const { status, stdout } = run(...names);
    assert.match(
      stdout,
      /^one\.ipynb: 1 code cell, no errors\ntwo\.ipynb, code cell 1, line 1, column 1: Cannot find name 'shared'/,
    );
    assert.equal(status, 1);
    assert.match(run().stderr, /check: a NOTEBOOK\.ipynb is needed/);
    writeFileSync(join(folder, "text.ipynb"), "no JSON");
    assert.match(run("text.ipynb").stderr, /check: text\.ipynb must be a notebook: /);
    writeFileSync(join(folder, "odd.ipynb"), '{"cells": [{"cell_type": "code", "source": 5}]}');
    assert.match(run("odd.ipynb").stderr, /must be a notebook of format 4/);
    const python = write("python.ipynb", ["import torch"], { kernelspec: { language: "python" } });
    assert.match(run(python).stderr, /python\.ipynb must be a notebook of TypeScript, received python/);
    assert.equal(run("none.ipynb").status, 1);
  });
});
