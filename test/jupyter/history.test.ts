import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { History } from "../../kernel/jupyter/history";

function filled(): History {
  const history = new History();
  ["a = 1", "b(*)", "a = 1", "print(a)"].forEach((code, index) => history.add(index + 1, code));
  history.setOutput(4, "1");
  return history;
}

describe("History", () => {
  it("answers the tail, with outputs where asked", () => {
    const [session] = filled().query({ hist_access_type: "tail", n: 1 })[0]!;
    assert.deepEqual(
      filled()
        .query({ hist_access_type: "tail", n: 2 })
        .map(([, line, code]) => [line, code]),
      [
        [3, "a = 1"],
        [4, "print(a)"],
      ],
    );
    assert.deepEqual(filled().query({ hist_access_type: "tail", n: 1, output: true }), [
      [session, 4, ["print(a)", "1"]],
    ]);
  });

  it("answers a range of this session, the end excluded", () => {
    const range = filled().query({ hist_access_type: "range", session: 0, start: 2, stop: 4 });
    assert.deepEqual(
      range.map(([, line]) => line),
      [2, 3],
    );
  });

  it("searches by glob, the newest last, each text once if asked", () => {
    const search = (extra: object): unknown[] =>
      filled()
        .query({ hist_access_type: "search", ...extra })
        .map(([, line]) => line);
    assert.deepEqual(search({ pattern: "a*" }), [1, 3]);
    assert.deepEqual(search({ pattern: "a*", unique: true }), [3]);
    assert.deepEqual(search({ pattern: "*a*", n: 2 }), [3, 4]);
    assert.deepEqual(search({ pattern: "?(*)" }), [2]);
    assert.deepEqual(search({ pattern: "a.=.1" }), []);
  });

  it("gives nothing for an unknown question", () => {
    assert.deepEqual(filled().query({ hist_access_type: "future" }), []);
    assert.deepEqual(filled().query({}), []);
  });
});
