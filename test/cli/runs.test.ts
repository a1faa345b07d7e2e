import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { nn, train, tf } from "../nn/names.ts";

const cli = join(resolve(import.meta.dirname, "..", ".."), "kernel", "dist", "cli.js");
const fovea = (...args: string[]) => spawnSync(process.execPath, [cli, "runs", ...args], { encoding: "utf8" });
const folder = mkdtempSync(join(tmpdir(), "fovea-cli-runs-"));
after(() => rmSync(folder, { recursive: true }));

describe("fovea runs", () => {
  before(async () => {
    const model = new nn.Linear(1, 1);
    const loss = () => tf.mean(tf.square(model.forward(tf.ones([2, 1]))));
    const stages: train.Stage[] = [{ name: "all", groups: [{ parameters: /./, learningRate: 0.01 }], steps: 3 }];
    const log = { folder, name: "first", config: { width: 8 } };
    await train.fit({ model, data: train.batches([0], { batchSize: 1 }), loss, stages, log });
    writeFileSync(join(folder, "a.run.json"), "{");
  });

  it("prints a folder's runs as a table or as JSON", () => {
    const { status, stdout } = fovea(folder);
    assert.equal(status, 0);
    assert.match(stdout, /^1 run, 1 damaged file\n/);
    assert.match(stdout, /first +finished .* 3 of 3 +native/);
    const json = JSON.parse(fovea(folder, "--json").stdout) as { runs: { config: object }[]; damaged: object[] };
    assert.deepEqual(json.runs[0].config, { width: 8 });
    assert.equal(json.damaged.length, 1);
  });

  it("says what is missing", () => {
    assert.match(fovea().stderr, /usage: fovea/);
    assert.match(fovea(folder, "other").stderr, /runs: one folder is needed\n\nusage: fovea runs/);
    const { status, stderr } = fovea(join(folder, "nowhere"));
    assert.equal(status, 1);
    assert.match(stderr, /the folder must be readable \(ENOENT\)/);
  });
});
