import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, it } from "node:test";

const LAB = join(import.meta.dirname, "..", "..", "binder", "lab.mjs");
const folder = mkdtempSync(join(tmpdir(), "fovea-lab-"));
after(() => rmSync(folder, { recursive: true }));

/** Stands for the set-up: nothing is installed, and every program is one that prints its arguments. */
function withoutSetup(): string {
  const program = join(folder, "print");
  writeFileSync(program, `#!/bin/sh\nprintf '%s\\n' "$@"\n`);
  chmodSync(program, 0o755);
  const setup = `export const root = ${JSON.stringify(folder)};
export const bin = () => ${JSON.stringify(program)};
export const environment = () => process.env;
export const setup = async () => {};
export const fail = (error) => { process.stderr.write(error.message); process.exitCode = 1; };
export class SetupError extends Error {}`;
  const hooks = `export const resolve = (specifier, context, next) => specifier === "./setup.mjs"
  ? { url: "data:text/javascript," + ${JSON.stringify(encodeURIComponent(setup))}, shortCircuit: true }
  : next(specifier, context);`;
  const register = `import { register } from "node:module"; register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hooks)}`)});`;
  return `data:text/javascript,${encodeURIComponent(register)}`;
}

it(
  "npm run lab opens the first notebook without JupyterLab's question about news, and hands options on",
  {
    skip: process.platform === "win32",
  },
  () => {
    const run = (...options: string[]): { stdout: string; stderr: string } =>
      spawnSync(process.execPath, ["--import", withoutSetup(), LAB, ...options], { encoding: "utf8" });
    const { stdout, stderr } = run("--no-browser", "--ip=a b");
    const given = stdout.trimEnd().split("\n");
    assert.deepEqual(given.slice(0, 2), ["lab", join("notebooks", "00-start.ipynb")], stderr);
    assert.ok(given.includes("--LabApp.news_url=None"), stdout);
    assert.deepEqual(given.slice(-2), ["--no-browser", "--ip=a b"], "own options come last, and win");
    assert.match(run("--port=many").stderr, /--port must be a number from 1 to 65535, received many/);
  },
);
