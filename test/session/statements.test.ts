import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { Tracebacks } from "../../kernel/session/run/tracebacks";
import { Notebook } from "./notebook.ts";

const notebook = new Notebook();

describe("statements in cells", () => {
  beforeEach(() => notebook.executor.reset());

  it("dispose what is used at the end of the cell, also after an error", async () => {
    await notebook.run(
      "const log: string[] = []; const resource = (name: string) => ({ name, [Symbol.dispose]() { log.push(name) } });",
    );
    assert.equal(
      await notebook.run("using first = resource('first'); using second = resource('second'); log.length + first.name"),
      "0first",
    );
    assert.deepEqual(await notebook.run("log.splice(0)"), ["second", "first"]);
    await assert.rejects(notebook.run("using third = resource('third'); throw new RangeError('in between')"), {
      name: "RangeError",
    });
    assert.deepEqual(await notebook.run("log.splice(0)"), ["third"]);
    await notebook.run(
      "await using slow = { async [Symbol.asyncDispose]() { await null; log.push('slow') } }; const kept = () => slow;",
    );
    assert.deepEqual(
      await notebook.run("for (using each of [resource('loop')]) log.push('body'); [...log, typeof kept()]"),
      ["slow", "body", "loop", "object"],
    );
  });

  it("await at the top, also in for await, and run at once otherwise", async () => {
    assert.equal(
      await notebook.run(
        "let total = 0; for await (const n of (async function* () { yield 1; yield 2 })()) total += n; total",
      ),
      3,
    );
    assert.equal(await notebook.run("const waited = await Promise.resolve(4); waited"), 4);
    const functions = notebook.compiler.compile(
      "const f = async () => { await 1; for await (const x of []) x }; class A { async m() { await 2 } }",
    );
    assert.equal(functions.isAsync, false);
  });

  it("decorate classes as the standard says", async () => {
    await notebook.run(
      "const seen: string[] = []; function note(_: unknown, context: DecoratorContext) { seen.push(`${context.kind} ${String(context.name)}`) }",
    );
    assert.deepEqual(await notebook.run("@note class Marked { @note field = 1; @note method() {} } seen"), [
      "method method",
      "field field",
      "class Marked",
    ]);
    assert.equal(await notebook.run("new Marked().field"), 1);
  });

  it("may be JSX, with the factory of an earlier cell or one that a comment names, and typed properties", async () => {
    const make =
      "(tag: any, props: any, ...rest: unknown[]) => typeof tag === 'function' ? tag(props) : [tag, props, ...rest]";
    await notebook.run(`const React = { createElement: ${make} };\nconst one = <b>{1 + 1}</b>;`);
    assert.deepEqual(await notebook.run("one"), ["b", null, 2]);
    assert.deepEqual(
      await notebook.run("const Item = ({ name }: { name: string }) => <li>{name}</li>; <Item name={one[0]} />"),
      ["li", null, "b"],
    );
    assert.deepEqual(await notebook.run("<ul>{[1].map(() => <Item name='x' />)}</ul>"), [
      "ul",
      null,
      [["li", null, "x"]],
    ]);
    assert.deepEqual(await notebook.refusal("\n<Item nam='x' />"), ["2:7 TS2322"]);
    assert.deepEqual(await notebook.refusal("<b>{missing}</b>"), ["1:5 TS2304"]);
    await notebook.run("const h = (tag: string) => tag;");
    assert.equal(await notebook.run("/** @jsx h */ export const made = <q id='y' />; made"), "q");
    assert.equal(await notebook.run("const cast = <T,>(x: unknown) => <T>x; cast<string>('</b>')"), "</b>");
  });

  it("augment the global scope and modules for later cells", async () => {
    await notebook.run(
      "declare global { interface Array<T> { second(): T } var counter: number }\nArray.prototype.second = function () { return this[1] }; globalThis.counter = 1;",
    );
    assert.equal(await notebook.run("[1, 2].second() + counter"), 3);
    notebook.writePackage(
      "open",
      { types: "i.d.ts", main: "i.js" },
      { "i.js": "exports.add = () => 1", "i.d.ts": "export interface Options { a: 1 }" },
    );
    await notebook.run("import type {} from 'open'; declare module 'open' { interface Options { b: 2 } }");
    assert.equal(await notebook.run("import { Options } from 'open'; const o: Options = { a: 1, b: 2 }; o.b"), 2);
    notebook.executor.reset();
    assert.deepEqual(await notebook.refusal("[1, 2].second()"), ["1:8 TS2339"]);
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
      assert.deepEqual(await notebook.run(code), value, code);
    }
    assert.ok((await notebook.run("Promise.resolve(1)").constructor) === Promise);
  });

  it("give no name to a function or class that has none", async () => {
    for (const code of ["async () => 1", "(function () {})", "(class {})", "(() => 1) as unknown"]) {
      assert.equal(((await notebook.run(code)) as { name: string }).name, "", code);
    }
  });

  it("may be a pasted script", async () => {
    assert.equal(await notebook.run("#!/usr/bin/env node\n1 + 1"), 2);
    assert.deepEqual(await notebook.refusal("#!/usr/bin/env node\nmissing"), ["2:1 TS2304"]);
  });

  it("are refused by line and column, all faults at once", async () => {
    assert.deepEqual(await notebook.refusal("const a: string = 1;\n  missing;"), ["1:7 TS2322", "2:3 TS2304"]);
    assert.deepEqual(await notebook.refusal("let x = ;"), ["1:9 TS1109"]);
    assert.deepEqual(await notebook.refusal("// @ts-expect-error\nconst b: string = 1"), []);
    assert.deepEqual(await notebook.refusal("return 1"), ["1:1 TS1108"]);
  });

  it("show their own lines in tracebacks, whatever became of them", async () => {
    const code =
      "interface Gone { a: number }\nusing d = { [Symbol.dispose]() {} };\nenum E { A }\n\nfunction fails(): never {\n  throw new Error('here');\n}\nfails();";
    await assert.rejects(notebook.run(code), (error) => {
      const text = new Tracebacks(notebook.stacks).report(error, "", "").traceback.join("\n");
      return text.includes(`cell ${notebook.count}, line 6:`) && text.includes(`cell ${notebook.count}, line 8:1`);
    });
  });
});
