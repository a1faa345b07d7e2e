import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";

const root = resolve(import.meta.dirname, "..", "..");
const MINUTES = 60_000;

/** The files that git would carry to another machine, as they are now. */
function copyTree(target: string): void {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], { cwd: root });
  for (const file of listed
    .toString()
    .split("\0")
    .filter((name) => name && existsSync(join(root, name)))) {
    mkdirSync(dirname(join(target, file)), { recursive: true });
    cpSync(join(root, file), join(target, file));
  }
}

/** One cell through the kernel of an environment, by its own nbclient. */
const RUN_CELL = `
import nbformat
from nbclient import NotebookClient
cell = nbformat.v4.new_code_cell('import { encoders } from "fovea"; encoders.list().length')
notebook = nbformat.v4.new_notebook(cells=[cell])
NotebookClient(notebook, kernel_name="fovea", timeout=600, startup_timeout=600).execute()
print(notebook.cells[0].outputs[0]["data"]["text/plain"])
`;

describe("binder/postBuild in a clean copy, home and environment", { timeout: 30 * MINUTES }, () => {
  let folder: string;
  let prefix: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "fovea-binder-"));
    prefix = join(folder, "env");
    copyTree(join(folder, "repo"));
    mkdirSync(join(folder, "home"));
    execFileSync(process.env.FOVEA_PYTHON ?? "python3", ["-m", "venv", prefix]);
    const env = { ...process.env, HOME: join(folder, "home"), NB_PYTHON_PREFIX: prefix, FOVEA_PREFIX: "" };
    const build = spawnSync("bash", ["binder/postBuild"], { cwd: join(folder, "repo"), env, encoding: "utf8" });
    assert.equal(build.status, 0, build.stderr);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("installs kernel, extension and the front page", () => {
    const share = join(prefix, "share", "jupyter");
    assert.ok(existsSync(join(share, "kernels", "fovea", "kernel.json")));
    assert.ok(existsSync(join(share, "labextensions", "jupyterlab-fovea", "package.json")));
    const config = join(prefix, "etc", "jupyter", "jupyter_server_config.d", "fovea.json");
    assert.match(JSON.parse(readFileSync(config, "utf8")).ServerApp.default_url, /00-start\.ipynb$/);
  });

  it("gives a kernel that runs a cell with the library and its zoo", () => {
    const env = { ...process.env, HOME: join(folder, "home") };
    const run = spawnSync(join(prefix, "bin", "python"), ["-c", RUN_CELL], { cwd: folder, env, encoding: "utf8" });
    assert.equal(run.status, 0, run.stderr);
    assert.ok(Number(run.stdout.trim()) >= 3, run.stdout);
  });

  it("leaves the command fovea among the environment's programs", () => {
    const run = spawnSync(join(prefix, "bin", "fovea"), ["law", "fit"], { cwd: folder, encoding: "utf8" });
    assert.equal(run.status, 0, run.stderr);
    assert.match(run.stdout, /mean of vision +0\.9572/);
  });

  it("does what the README and the first notebook say, word by word", () => {
    const work = join(folder, "work");
    mkdirSync(work);
    const path = `${join(prefix, "bin")}:${dirname(process.execPath)}:/usr/bin:/bin`;
    const env = { HOME: join(folder, "home"), PATH: path, LANG: "C.UTF-8", FOVEA_PREFIX: prefix };
    const args = [join("test", "install", "first_hour.py"), work];
    const options = { cwd: join(folder, "repo"), env, encoding: "utf8" } as const;
    const followed = spawnSync(join(prefix, "bin", "python"), args, options);
    assert.equal(followed.status, 0, followed.stdout + followed.stderr);
    // All commands of the README and both runs of the notebook: a reader that finds none of them fails here.
    assert.ok(followed.stdout.trim().split("\n").length > 15, followed.stdout);
  });

  it("start hands over to the command it is given", () => {
    const run = spawnSync("bash", [join(folder, "repo", "binder", "start"), "echo", "served"], { encoding: "utf8" });
    assert.equal(run.stdout, "served\n");
  });
});
