import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, it } from "node:test";

const ROOT = resolve(import.meta.dirname, "..", "..");
const folder = mkdtempSync(join(tmpdir(), "fovea-gpu-test-"));
after(() => rmSync(folder, { recursive: true }));

const run = (tools: string) =>
  spawnSync(process.execPath, [join(ROOT, "binder", "gpu.mjs")], {
    encoding: "utf8",
    env: { ...process.env, PATH: tools, FOVEA_BACKENDS: join(folder, "backends") },
  });

const documents = (): string[] =>
  ["docs/benchmarks.md", "test/bench/RESULTS.md"].map((name) => readFileSync(join(ROOT, name), "utf8"));

/** Puts a program in place of NVIDIA's tool. */
function toolsWith(script: string): string {
  const tools = mkdtempSync(join(folder, "tools-"));
  writeFileSync(join(tools, "nvidia-smi"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(tools, "nvidia-smi"), 0o755);
  return tools;
}

describe("npm run gpu", { skip: process.platform === "win32" && "needs a shell script as NVIDIA's tool" }, () => {
  it("says in one sentence that there is no GPU, and changes no document", () => {
    const before = documents();
    for (const tools of [mkdtempSync(join(folder, "none-")), toolsWith("exit 9"), toolsWith("echo")]) {
      const { status, stdout, stderr } = run(tools);
      assert.deepEqual([status, stderr], [0, ""]);
      assert.equal(stdout, "fovea: no NVIDIA GPU here, so nothing was measured on one.\n");
    }
    assert.deepEqual(documents(), before);
  });

  it("names what is not installed, installs nothing, and keeps no table of nothing", () => {
    const before = documents();
    const { status, stdout } = run(toolsWith('echo "Card, 575.1, 8192 MiB"'));
    assert.equal(status, 0);
    assert.match(stdout, /Z: Card, 575\.1, 8192 MiB, /);
    assert.match(stdout, /cuda is not installed \(fovea backend install cuda\): left out/);
    assert.match(stdout, /tensorflow-gpu is not installed \(fovea backend install tensorflow --gpu\): left out/);
    assert.match(stdout, /nothing was measured\n$/);
    assert.deepEqual(documents(), before);
  });
});
