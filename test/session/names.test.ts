import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { Notebook } from "./notebook.ts";

const notebook = new Notebook();

describe("names of earlier cells", () => {
  beforeEach(() => notebook.executor.reset());

  it("keep value and type, whatever declares them", async () => {
    await notebook.run(
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
    const value = await notebook.run(
      `const point: Point = new Point(3);
       const pair: Pair<Named> = [{ name: "l" }, { name: "r" }];
       const length: Units.Length = Units.metre;
       class Derived extends Base<number> { make() { return 5 } }
       [point.x, pair[1].name, length, Colour.Green, Colour[1], Flag.On, pick(4).toFixed(1), a + c, identity("i").length, new Derived().make()]`,
    );
    assert.deepEqual(value, [3, "r", 1, 2, "Red", 8, "4.0", 3, 1, 5]);
    assert.deepEqual(await notebook.refusal("pick(true)"), ["1:6 TS2769"]);
    assert.deepEqual(await notebook.refusal("const wrong: Pair<string> = ['a', 1]"), ["1:35 TS2322"]);
  });

  it("are assigned under their declared type, and narrowed", async () => {
    await notebook.run("let level: number | string = 1; const read = () => level; var plain = 1; let later: string;");
    assert.equal(await notebook.run("level = 'text'; level.length"), 4);
    assert.equal(
      await notebook.run("level = 7; [level] = [level + 1]; ({ level } = { level: level + 1 }); level++; read()"),
      10,
    );
    assert.equal(await notebook.run("for (plain of [4, 5]); later = 'set'; plain", "later"), "set");
    assert.deepEqual(await notebook.refusal("level = true"), ["1:1 TS2322"]);
    assert.deepEqual(await notebook.refusal("level = 'text'; level.toFixed()"), ["1:23 TS2551"]);
    assert.deepEqual(await notebook.refusal("read = () => 1"), ["1:1 TS2632"]);
    await assert.rejects(notebook.run("read = () => 1"), { message: /because it is a constant or an import\.$/ });
  });

  it("can be declared again as something else, which functions of later cells then see", async () => {
    await notebook.run("const thing = 1", "function double() { return thing * 2 }", "const thing = 'text'");
    assert.equal(await notebook.run("thing.length"), 4);
    assert.ok(Number.isNaN(await notebook.run("double()")));
    assert.deepEqual(await notebook.run("class thing { static kind = 'class' }", "enum thing { One }", "thing.One"), 0);
    assert.equal(await notebook.run("import { sep as thing } from 'node:path'; thing"), "/");
  });

  it("leave a type of their name alone, and types a value", async () => {
    await notebook.run("interface Point { x: number }", "const Point = (x: number): Point => ({ x })");
    assert.equal(await notebook.run("const p: Point = Point(2); p.x"), 2);
    await notebook.run("let limit = 1", "type limit = 'low' | 'high'", "limit = 2; const l: limit = 'low'");
    assert.equal(await notebook.run("limit + 1"), 3);
  });

  it("hide globals, and may be what a module calls its own", async () => {
    await notebook.run(
      "const name = 1, require = 2, exports = 3, module = 4, console = 5, $value = 6, undefinedName = 7",
    );
    assert.equal(await notebook.run("name + require + exports + module + console + $value"), 21);
  });

  it("may be recursive, hoisted, or declared in a block by var", async () => {
    await notebook
      .run(
        "const early = even(10); function even(n: number): boolean { return n === 0 || odd(n - 1) } const odd = (n: number): boolean => n !== 0 && even(n - 1); if (true) { var inner = 3 }",
      )
      .catch(() => undefined);
    assert.deepEqual(
      await notebook.run("[inner, even(3), odd(3)]").catch((error: Error) => error.name),
      "ReferenceError",
    );
    await notebook.run(
      "function fib(n: number): number { return n < 2 ? n : fib(n - 1) + fib(n - 2) } if (true) { var inner = 3 }",
    );
    assert.equal(await notebook.run("fib(10) + inner"), 58);
  });

  it("are called without a this, also as a tag", async () => {
    await notebook.run("function self(this: unknown, ..._: unknown[]) { return this }");
    assert.equal(await notebook.run("self.call(undefined) ?? 'none'"), "none");
    assert.equal(await notebook.run("self() === undefined && self`x` === undefined"), true);
  });

  it("keep a type that cannot be written, exactly", async () => {
    notebook.writePackage(
      "hidden",
      { types: "i.d.ts", main: "i.js" },
      {
        "i.js": "exports.make = () => ({ secret: 5 });",
        "i.d.ts": "import { Inner } from 'inner';\nexport declare function make(): Inner;",
      },
    );
    notebook.writePackage(
      "hidden/node_modules/inner",
      { types: "i.d.ts" },
      { "i.d.ts": "export interface Inner { secret: number }" },
    );
    await notebook.run(
      "import { make } from 'hidden'; const made = make(); const mixin = () => class { private hidden = made };",
    );
    assert.equal(await notebook.run("made.secret + 1"), 6);
    assert.deepEqual(await notebook.refusal("made.secrets"), ["1:6 TS2551"]);
    assert.deepEqual(await notebook.refusal("new (mixin())().hidden"), ["1:17 TS2341"]);
  });

  it("may be inferred through hundreds of cells, also by a checker that begins at the last", async () => {
    await notebook.run("const v0 = { a: 1 }; const count = 600");
    for (let n = 1; n <= 600; n++) await notebook.run(`const v${n} = { ...v${n - 1}, b: ${n} };`);
    notebook.write("fresh.ts", "export const fresh = 1;");
    assert.equal(await notebook.run("import { fresh } from './fresh'; fresh + v600.a + v600.b"), 602);
    assert.deepEqual(await notebook.refusal("v600.c"), ["1:6 TS2339"]);
  });

  it("are gone after a failed cell only if it was refused", async () => {
    await assert.rejects(notebook.run("const before = 1; let unset = 2; throw new Error('stop'); unset = 3"));
    assert.equal(await notebook.run("before + unset"), 3);
    assert.deepEqual(await notebook.refusal("const refused: string = 1"), ["1:7 TS2322"]);
    assert.deepEqual(await notebook.refusal("refused"), ["1:1 TS2304"]);
  });
});
