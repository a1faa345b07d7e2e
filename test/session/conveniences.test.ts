import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseConvenience } from "../../kernel/session/conveniences";
import { variableTable } from "../../kernel/session/ask/variables";

describe("parseConvenience", () => {
  it("leaves TypeScript alone", () => {
    for (const code of [
      "!done.flag",
      "!isReady()",
      "!!x",
      "!(a && b)",
      "a ? b : c",
      "x % 2",
      "5",
      "const a = 1;\n!a.b",
      "",
    ]) {
      assert.equal(parseConvenience(code), undefined, code);
    }
  });

  it("reads help in both spellings", () => {
    assert.deepEqual(parseConvenience("?Math.max"), { kind: "help", expression: "Math.max", detail: 0 });
    assert.deepEqual(parseConvenience("Math.max??"), { kind: "help", expression: "Math.max", detail: 1 });
  });

  it("keeps line numbers under %time", () => {
    assert.deepEqual(parseConvenience("%time\nf()"), { kind: "time", code: "\nf()" });
    assert.deepEqual(parseConvenience("%time f()"), { kind: "time", code: "f()" });
  });

  it("reads shell commands, %who and %reset, and names what it does not know", () => {
    assert.deepEqual(parseConvenience("!ls -la\n!pwd"), { kind: "shell", command: "ls -la\npwd" });
    assert.deepEqual(parseConvenience("!ls"), { kind: "shell", command: "ls" });
    assert.deepEqual(parseConvenience(" %who "), { kind: "who" });
    assert.deepEqual(parseConvenience("%reset"), { kind: "reset" });
    assert.deepEqual(parseConvenience("%matplotlib inline\n1"), { kind: "unknown", name: "%matplotlib inline" });
  });
});

describe("exit", () => {
  it("is read where it stands alone, called or not, and nowhere else", () => {
    for (const name of ["exit", "quit"])
      for (const code of [name, ` ${name}()\n`, `${name};`])
        assert.deepEqual(parseConvenience(code), { kind: "exit", name }, code);
    for (const code of ["exit(1)", "exit = 2", "exit.code", "process.exit()", "const exit = 1; exit"])
      assert.equal(parseConvenience(code), undefined, code);
  });
});

describe("variableTable", () => {
  it("shows kind and size, also of what cannot be read", () => {
    const variables = {
      a: new Float32Array(512),
      b: [1, 2],
      c: "text",
      d: { shape: [1, 3] },
      e: class {},
      get f(): unknown {
        throw new ReferenceError("not set yet");
      },
    };
    assert.deepEqual(
      String(variableTable(variables)["text/plain"])
        .split("\n")
        .map((line) => line.split(/ {2,}/)),
      [
        ["a", "Float32Array", "2.0 KiB"],
        ["b", "Array", "2 elements"],
        ["c", "string", "4 characters"],
        ["d", "Object", "[1, 3]"],
        ["e", "class"],
        ["f", "(not set)"],
      ],
    );
    assert.deepEqual(variableTable({}), { "text/plain": "No variables." });
  });
});
