import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { world } from "../../kernel/data/world/index.ts";

const cli = resolve(import.meta.dirname, "..", "..", "kernel", "dist", "cli.js");
const fovea = (...args: string[]) => spawnSync(process.execPath, [cli, ...args], { encoding: "utf8" });

let folder: string;
before(() => (folder = mkdtempSync(join(tmpdir(), "fovea-cli-"))));
after(() => rmSync(folder, { recursive: true, force: true }));

describe("fovea law", () => {
  it("fit --json prints options, benchmarks and groups of the published table", () => {
    const { status, stdout } = fovea("law", "fit", "--json");
    assert.equal(status, 0);
    const { options, benchmarks, groups } = JSON.parse(stdout);
    assert.equal(options.normalise, "minmax");
    assert.ok(Math.abs(groups.vision.r2 - 0.95717) < 5e-6);
    const { n, terms, coefficients, r2, adjustedR2, looQ2, predictions } = benchmarks.mmbench_en;
    assert.deepEqual([n, terms.length, coefficients.length, Object.keys(predictions).length], [13, 5, 6, 13]);
    assert.ok(looQ2 < adjustedR2 && adjustedR2 < r2);
  });

  it("fit reads a table and names the cell that is wrong", () => {
    const table = join(folder, "table.csv");
    writeFileSync(table, "encoder,benchmark,a,c,score\nx,b,1,2,3\ny,b,1,,4\n");
    const { status, stderr } = fovea("law", "fit", "--table", table);
    assert.equal(status, 1);
    assert.match(stderr, /law\.table: row 3, column c must be a finite number, received ""/);
  });

  it("policy repeats itself for a seed and refuses an unknown strategy", () => {
    const run = () => fovea("law", "policy", "--trials", "20", "--seed", "4", "--strategies", "ac", "--json").stdout;
    assert.equal(run(), run());
    assert.ok(JSON.parse(run()).overall.ac.meanDraws > 1);
    assert.match(
      fovea("law", "policy", "--strategies", "best").stderr,
      /a strategy is one of ac, a, c, random, improvement, received "best"/,
    );
  });

  it("plan says what to train next, from a table with scores left empty", () => {
    const table = join(folder, "plan.csv");
    const rows = ["x,b,0.1,5,30", "y,b,0.9,20,60", "z,b,0.8,25,", "w,b,0.2,10,"];
    writeFileSync(table, ["encoder,benchmark,a,c,score", ...rows, ""].join("\n"));
    const { status, stdout, stderr } = fovea("law", "plan", "--table", table, "--json");
    assert.equal(status, 0, stderr);
    const { phase, next, untrained, benchmarks } = JSON.parse(stdout);
    assert.deepEqual([phase, next, untrained], ["improve", "z", ["z", "w"]]);
    assert.equal(benchmarks.b.candidates.length, 4);
    const lines = fovea("law", "plan", "--table", table, "--budget", "2").stdout.split("\n");
    assert.deepEqual([lines[0], /^The budget of 2 is spent/.test(lines[1])], ["stop", true]);
    assert.match(fovea("law", "plan", "--range", "1").stderr, /--range must be WORST,BEST, received 1/);
  });

  it("c-score scores an encoder over a folder in SPair-71k's layout", async () => {
    const spair = join(folder, "spair");
    await world.writeSpair(spair, { categories: ["bird"], images: 6, pairs: 6 });
    const { status, stdout, stderr } = fovea(
      "law",
      "c-score",
      "--spair",
      spair,
      "--encoder",
      "zoo/untrained-hybrid",
      "--json",
    );
    assert.equal(status, 0, stderr);
    const score = JSON.parse(stdout);
    assert.equal(score.pairs, 6);
    assert.ok(score.perPair[0] >= 0 && score.perPair[0] <= 100);
  });

  it("says what a command needs", () => {
    assert.match(fovea("law", "c-score").stderr, /--spair DIR and --encoder E are needed/);
    assert.match(
      fovea("law", "guess").stderr,
      /the command must be one of fit, policy, plan, c-score, received "guess"/,
    );
    assert.match(fovea("law", "fit", "--degree", "3").stderr, /--degree must be 1 or 2, received 3/);
  });
});
