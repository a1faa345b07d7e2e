import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { studies } from "../models/names.ts";

interface Place {
  method: string;
  seed: number;
}
interface Run extends Place {
  score: number;
}

const root = mkdtempSync(join(tmpdir(), "fovea-study-file-"));
after(() => rmSync(root, { recursive: true, force: true }));

const placesOf = (seeds: number): Place[] =>
  Array.from({ length: seeds }, (_, i) => ["a", "b"].map((method) => ({ method, seed: i + 1 }))).flat();
const open = (folder: string, seeds: number, steps = 3): studies.StudyFile<Place, Run> =>
  new studies.StudyFile({ folder: join(root, folder), identity: { steps }, asked: placesOf(seeds) });
const runOf = (method: string, seed: number): Run => ({ method, seed, score: 10 * seed });

/** Writes a file into the folder of a study, and tells what opening it does. */
function put(folder: string, content: string, name = "study.json"): () => studies.StudyFile<Place, Run> {
  const file = open(folder, 1);
  mkdirSync(file.folder, { recursive: true });
  writeFileSync(join(file.folder, name), content);
  return () => open(folder, 1);
}

describe("the file of a study", () => {
  it("tells which runs are missing, seed by seed, and keeps those that are made", async () => {
    const file = open("whole", 2);
    assert.deepEqual(file.missing, placesOf(2));
    await file.add(runOf("b", 1), { device: "cpu" });
    await file.add(runOf("a", 1), { device: "wasm" });
    assert.deepEqual(file.missing, placesOf(2).slice(2));
    const again = open("whole", 2);
    assert.deepEqual([again.runs, again.facts.device], [[runOf("b", 1), runOf("a", 1)], "wasm"]);
    assert.equal(again.finished, false);
    assert.ok(again.has({ method: "a", seed: 1 }) && !again.has({ method: "a", seed: 2 }));
    const stored = JSON.parse(readFileSync(join(file.folder, "study.json"), "utf8")) as Record<string, unknown>;
    assert.deepEqual(stored, { device: "wasm", identity: file.identity, runs: again.runs, finished: false });
    assert.deepEqual(readdirSync(file.folder), ["study.json"]);
  });

  it("continues with more seeds, and hands out those that are asked for", async () => {
    const two = open("seeds", 2);
    for (const { method, seed } of two.missing) await two.add(runOf(method, seed));
    const one = open("seeds", 1);
    assert.deepEqual([one.runs.length, one.finished], [2, true]);
    const three = open("seeds", 3);
    assert.deepEqual([three.runs.length, three.missing.length], [4, 2]);
    assert.notEqual(open("seeds", 1, 4).folder, one.folder, "other settings are another study");
  });

  it("keeps runs that another call wrote meanwhile, and replaces one of the same place", async () => {
    const [left, right] = [open("together", 1), open("together", 1)];
    await left.add(runOf("a", 1));
    await right.add(runOf("b", 1));
    assert.deepEqual(right.runs, [runOf("a", 1), runOf("b", 1)]);
    await left.add({ ...runOf("a", 1), score: 7 });
    assert.deepEqual(left.runs, [runOf("b", 1), { ...runOf("a", 1), score: 7 }]);
  });

  it("reads lists of runs, as earlier studies have them", async () => {
    const file = put("list", JSON.stringify([runOf("a", 1)]), "runs.json")();
    assert.deepEqual(file.missing, [{ method: "b", seed: 1 }]);
    await file.add(runOf("b", 1));
    assert.deepEqual(open("list", 1).runs, [runOf("a", 1), runOf("b", 1)]);
  });

  it("refuses a file that holds no runs, or those of another study", () => {
    assert.throws(put("cut", '{ "runs": ['), /studies\.StudyFile: \S+study\.json must be JSON/);
    assert.throws(put("number", "7"), /must hold a study, received 7/);
    assert.throws(put("none", "{}"), /must hold a list of runs, received undefined/);
    assert.throws(put("other", '{ "identity": "f00", "runs": [] }'), /must be of the study \w{12}, received "f00"/);
    assert.throws(put("text", '{ "runs": [{ "method": "a", "seed": "1" }] }'), /have its method, seed, received "1"/);
    assert.throws(put("null", "[null]"), /each run of \S+ must have its method, seed, received undefined/);
  });

  it("refuses options that it does not know, and a study of nothing", () => {
    const options = { folder: root, identity: {}, asked: placesOf(1) };
    assert.throws(() => new studies.StudyFile({ ...options, sedes: 1 } as never), /options are .*, received "sedes"/);
    assert.throws(() => new studies.StudyFile({ ...options, asked: [] }), /a run must be asked for/);
  });
});
