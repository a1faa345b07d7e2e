import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { it } from "node:test";

const START = join(import.meta.dirname, "..", "..", "binder", "start");

for (const [limit, threads] of [
  ["1.0", "1"],
  ["4", "4"],
  ["3.7", "3"],
  ["0.5", "1"],
  [".5", "1"],
  ["", "2"],
  ["many", "1"],
])
  it(`binder/start gives ${threads} threads under CPU_LIMIT=${limit}`, { skip: process.platform === "win32" }, () => {
    const env = { ...process.env, CPU_LIMIT: limit };
    const { stdout } = spawnSync("bash", [START, "printenv", "OMP_NUM_THREADS"], { env, encoding: "utf8" });
    assert.equal(stdout.trim(), threads);
  });
