import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { describe, it } from "node:test";

const hasTaskset = process.platform === "linux" && spawnSync("taskset", ["-V"]).status === 0;
const skip = hasTaskset && availableParallelism() > 1 ? false : "needs Linux, taskset and two cores";

/** Runs an encoder, and prints the lists of cores that the threads of the process may use. */
const SCRIPT = `
  const { encoders, data } = require("fovea");
  const { readdirSync, readFileSync } = require("node:fs");
  (async () => {
    const encoder = await encoders.load("zoo/parts-hybrid", { device: "cpu" });
    await encoder.forwardIntermediates([data.world.render(data.world.scene(1))], { indices: [-1] });
    const cores = (task) => /Cpus_allowed_list:\\s*(\\S+)/.exec(readFileSync("/proc/self/task/" + task + "/status", "utf8"))[1];
    console.log(JSON.stringify([...new Set(readdirSync("/proc/self/task").map(cores))]));
    await encoder.dispose();
  })();
`;

describe("an encoder in a process that may use one core of several", { skip }, () => {
  it("leaves the other cores alone", () => {
    const line = ["-c", "0", process.execPath, "-e", SCRIPT];
    const { stdout, stderr } = spawnSync("taskset", line, { encoding: "utf8", cwd: import.meta.dirname });
    assert.equal(stdout.trim(), '["0"]', stderr);
  });
});
