import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { crashReport } from "../../kernel/jupyter/session-link";

const END = { code: null, signal: null, wasReady: true, stderrTail: "", unread: [] };

describe("crashReport", () => {
  const cases: [object, RegExp][] = [
    [
      { signal: "SIGABRT", stderrTail: "FATAL ERROR: Reached heap limit Allocation failed" },
      /ran out of JavaScript heap memory/,
    ],
    [{ signal: "SIGKILL" }, /killed by SIGKILL/],
    [{ signal: "SIGSEGV" }, /signal SIGSEGV/],
    [{ code: 3 }, /exit code 3/],
    [{ code: 1, wasReady: false }, /before it was ready/],
  ];
  for (const [end, words] of cases) {
    it(`says ${words.source}`, () => {
      const { ename, evalue } = crashReport({ ...END, ...end });
      assert.equal(ename, "SessionCrashed");
      assert.match(evalue, words);
      assert.match(evalue, /variables of this session are lost/);
    });
  }

  it("shows the standard error of a session that never came up, which no cell has shown", () => {
    const report = crashReport({ ...END, code: 1, wasReady: false, stderrTail: "Cannot find module 'x'\n" });
    assert.match(report.traceback.join("\n"), /Cannot find module 'x'/);
  });
});
