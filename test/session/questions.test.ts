import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { Notebook } from "./notebook.ts";

const notebook = new Notebook();

describe("questions about cells", () => {
  beforeEach(() => notebook.executor.reset());

  it("complete names, members and modules, of earlier cells too", async () => {
    await notebook.run("const camera = { focalLength: 35 }; type Lens = string; let aperture = 2;");
    assert.deepEqual(notebook.completions("camera.foc"), ["focalLength"]);
    assert.deepEqual(notebook.completions("const x: Len").slice(0, 1), ["Lens"]);
    assert.deepEqual(notebook.completions("aper"), ["aperture"]);
    assert.deepEqual(notebook.completions("import { readFileS"), []);
    assert.ok(notebook.completions("import * as path from 'node:path'; path.jo").includes("join"));
    assert.ok(notebook.completions("import 'node:pat").includes("node:path"));
  });

  it("inspect signature, documentation and type, and never name a file of ours", async () => {
    await notebook.run(
      "/** Doubles. */ function double(x: number): number { return 2 * x }\nlet level: string | number = 1; class Box<T> { value!: T }\nconst boxed = new Box<{ a: Box<string> }>();",
    );
    assert.equal(
      notebook.inspection("double(2)", 3),
      "function double(x: number): number\n\nDoubles.\n\nValue: [Function: double]",
    );
    assert.match(notebook.inspection("level"), /^let level: string \| number\n/);
    assert.match(notebook.inspection("boxed"), /^const boxed: Box<\{\n {4}a: Box<string>;\n\}>\n/);
    assert.match(notebook.inspection("let b: Box"), /^class Box<T>/);
    assert.match(
      notebook.inspection("Math.max"),
      /^\(method\) Math\.max\(.*\): number\n\nReturns the larger of .*\n@param values /s,
    );
    await notebook.run("class Other<T> { value!: T; private own = 1 }");
    await assert.rejects(
      notebook.run("const other: Other<number> = boxed"),
      (error: Error) => !error.message.includes("fovea"),
    );
  });

  it("inspect the function whose arguments are around the cursor, where no name is", async () => {
    await notebook.run(
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
        const shown = notebook.inspection(code + behind, code.length);
        assert.match(shown, /^function blur\(name: string, /, code + behind);
        assert.match(shown, /\n\nBlurs\./, code + behind);
        const [next] = /Argument .*/.exec(shown) ?? [];
        const isFirst = code.endsWith("(");
        assert.match(next ?? "", isFirst ? /^Argument 1: name: string$/ : /^Argument 2: options\?: \{/, code + behind);
      }
    }
    assert.match(notebook.inspection("new Lens("), /Lens\(focal: number\)/);
    assert.match(notebook.inspection("lens.mount<"), /^\(method\) Lens\.mount</);
    assert.match(notebook.inspection("lens.mount(1, "), /^\(method\) Lens\.mount</);
    assert.match(notebook.inspection("blur(lens"), /^const lens: Lens/);
    assert.match(notebook.inspection("blur(lens ", 10), /^const lens: Lens/);
    assert.match(notebook.inspection("lens."), /^const lens: Lens/);
    assert.equal(notebook.inspection("blur('a') + ", 12), "undefined");
  });

  it("inspect members of a package's objects with the documentation of what they are, each tag a paragraph", async () => {
    notebook.writePackage(
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
    const argument = "Argument: x: number[]\nPoints.\n\n";
    for (const [code, next] of [
      ["law.fit", ""],
      ["law.fit(", argument],
      ["law.fit([1], ", ""],
    ] as const) {
      assert.equal(notebook.inspection(head + code), `(property) fit: (x: number[]) => void\n\n${next}${doc}`, code);
    }
    assert.match(notebook.inspection(`${head}room`), /\n\nWhere things are\.$/);
    const { data } = notebook.queries.inspect(`${head}law.fit`, head.length + 7, 0);
    assert.match(String(data["text/markdown"]), /\n\n\*@param\* `x`: Points\.\n\n\*@throws\* Error for none$/);
  });
});
