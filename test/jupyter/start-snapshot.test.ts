import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, it } from "node:test";
import { removeStale } from "../../kernel/jupyter/start-snapshot.ts";

const [CURRENT, CHANGED, GONE] = ["1", "2", "3"].map((digit) => `session-${digit.repeat(16)}`);

describe("start-up snapshots of other places", () => {
  const root = mkdtempSync(join(tmpdir(), "fovea-snapshots-"));
  let folder: string;
  after(() => rmSync(root, { recursive: true }));
  beforeEach(() => (folder = mkdtempSync(join(root, "cache-"))));

  const write = (file: string, text = ""): string => {
    writeFileSync(join(folder, file), text);
    return join(folder, file);
  };
  const snapshot = (place: string, held: string, size: number): void => {
    const { mtimeMs } = statSync(root);
    const at = statSync(held, { throwIfNoEntry: false })?.mtimeMs ?? mtimeMs;
    const blob = `${place}-abc.blob`;
    write(`${place}.json`, JSON.stringify({ key: "k", blob, size: 1, held: [[held, size, at]] }));
    aged(write(blob, "b"));
  };
  const aged = (path: string): void => utimesSync(path, new Date(0), new Date(0));

  it("are removed where their files have changed or gone, and kept where they are as they were", () => {
    const held = join(root, "held.js");
    writeFileSync(held, "1234");
    snapshot(CURRENT, held, 4);
    snapshot(CHANGED, held, 5);
    snapshot(GONE, join(root, "gone.js"), 4);
    write("history.sqlite");
    removeStale(folder);
    assert.deepEqual(readdirSync(folder).sort(), ["history.sqlite", `${CURRENT}-abc.blob`, `${CURRENT}.json`]);
  });

  it("lose a damaged manifest and what a killed maker left, but not what is in the making", () => {
    write(`${CHANGED}.json`, "{");
    aged(write(`${CURRENT}-old.blob`));
    aged(write(`${CURRENT}.making`));
    write(`${GONE}-new.blob`);
    write(`${GONE}.making`);
    removeStale(folder);
    assert.deepEqual(readdirSync(folder).sort(), [`${GONE}-new.blob`, `${GONE}.making`]);
  });
});
