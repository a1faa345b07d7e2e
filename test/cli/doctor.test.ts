import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { describe, it } from "node:test";

const cli = resolve(import.meta.dirname, "..", "..", "kernel", "dist", "cli.js");
const fovea = (...args: string[]) => spawnSync(process.execPath, [cli, ...args], { encoding: "utf8" });

interface Rung {
  device: string;
  runtime: string;
  version: string;
  ok: boolean;
  ms: number;
  error: string | null;
}

describe("fovea doctor", () => {
  it("--json tells every device's version, outcome, time and error, best first", () => {
    const { status, stdout, stderr } = fovea("doctor", "--json");
    assert.equal(status, 0, stderr);
    const { versions, ladder, auto } = JSON.parse(stdout) as {
      versions: Record<string, string>;
      ladder: Rung[];
      auto: string;
    };
    assert.deepEqual(
      ladder.map((rung) => rung.device),
      ["cuda", "webgpu", "cpu"],
    );
    for (const { ok, ms, error, version } of ladder) {
      assert.equal(version, versions["onnxruntime-node"]);
      assert.ok(Number.isInteger(ms) && ms >= 0);
      assert.equal(ok, error === null);
    }
    assert.equal(ladder[2].ok, true, "the CPU starts everywhere");
    assert.equal(auto, ladder.find((rung) => rung.ok)?.device);
    for (const name of ["fovea", "node", "sharp"]) assert.match(versions[name], /^\d+\.\d+\.\d+/);
  });

  it("prints a line a device for people", () => {
    const { stdout } = fovea("doctor");
    assert.match(stdout, /^cuda +onnxruntime-node \d/m);
    assert.match(stdout, /^cpu +onnxruntime-node \S+ +starts +\d+ ms$/m);
    assert.match(stdout, /^auto takes (cuda|webgpu|cpu)$/m);
  });
});
