import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { History } from "../../kernel/jupyter/history";
import { HistoryFile } from "../../kernel/jupyter/history-file";

const folder = mkdtempSync(join(tmpdir(), "fovea-history-"));
after(() => rmSync(folder, { recursive: true }));
let count = 0;
const freshPath = (): string => join(folder, `new-${++count}`, "history.jsonl");

describe("HistoryFile", () => {
  it("shows a later kernel what an earlier one ran, in a session of its own", () => {
    const path = freshPath();
    const first = new History(new HistoryFile(path));
    first.add(1, "const a = '😀\\n'");
    first.setOutput(1, "shown");
    const second = new History(new HistoryFile(path));
    second.add(1, "second");
    assert.deepEqual(second.query({ hist_access_type: "tail", n: 5, output: true }), [
      [1, 1, ["const a = '😀\\n'", "shown"]],
      [2, 1, ["second", null]],
    ]);
    assert.deepEqual(second.query({ hist_access_type: "range", session: -1, start: 1, stop: 2 })[0]?.[0], 1);
  });

  it("numbers kernels that start together apart", () => {
    const path = freshPath();
    const sessions = Array.from({ length: 5 }, () => new HistoryFile(path).open()?.session);
    assert.deepEqual(sessions, [1, 2, 3, 4, 5]);
  });

  it("reads past half a line, and past a lock whose owner died", () => {
    const path = freshPath();
    new History(new HistoryFile(path)).add(1, "kept");
    appendFileSync(path, '{"s":1,"l":2,"c":"cut o\nnull\n[]\n');
    writeFileSync(`${path}.lock`, "");
    assert.deepEqual(
      new HistoryFile(path).open()?.entries.map(({ code }) => code),
      ["kept"],
    );
  });

  it("reads past lines of other shapes, and past a lock that can never be taken", () => {
    const path = freshPath();
    new History(new HistoryFile(path)).add(1, "kept");
    mkdirSync(`${path}.lock`);
    appendFileSync(
      path,
      '{"s":1,"l":2,"c":5}\n{"s":1,"l":"x","c":"a"}\n{"s":1e400}\n{"s":"2"}\n{"s":1,"l":1,"o":{}}\n',
    );
    const { entries, session } = new HistoryFile(path).open()!;
    assert.deepEqual(entries, [{ session: 1, line: 1, code: "kept", output: null }]);
    assert.equal(session, 2);
    assert.ok(statSync(`${path}.lock`).isDirectory());
  });

  it("leaves another's lock", () => {
    const path = freshPath();
    new HistoryFile(path).open();
    writeFileSync(`${path}.lock`, "");
    assert.equal(new HistoryFile(path).open()?.session, 2);
    assert.ok(statSync(`${path}.lock`).isFile());
  });

  it("stays bounded and keeps the newest", () => {
    const path = freshPath();
    const history = new History(new HistoryFile(path));
    for (let line = 1; line <= 60; line++) history.add(line, `${line}:${"x".repeat(99_000)}`);
    const kept = new HistoryFile(path).open()!;
    assert.ok(statSync(path).size < 4 << 20);
    assert.match(kept.entries.at(-1)!.code, /^60:/);
    assert.equal(kept.session, 2);
    history.add(61, "y".repeat(200_000));
    assert.doesNotMatch(readFileSync(path, "utf8"), /yyy/);
  });

  it("does without where there can be no such folder", () => {
    const history = new History(new HistoryFile(join(folder, "new-1", "history.jsonl", "below-a-file", "h.jsonl")));
    history.add(1, "here");
    assert.equal(history.query({ hist_access_type: "tail", n: 1 }).length, 1);
  });
});
