import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as world from "../../kernel/data/world";
import { CLI, ROOT, writeTars } from "./material.ts";
import { scalePython } from "./python.mjs";

const PAGE = readFileSync(join(ROOT, "docs", "a-million-pictures.md"), "utf8");
const blocks = (language: string): string[] =>
  [...PAGE.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].filter(([, name]) => name === language).map(([, , code]) => code);
const python = scalePython();

let folder: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "fovea-million-"));
  await writeTars(join(folder, "tars"), 4, 2);
  await world.writeSpair(join(folder, "spair"), { categories: ["bird"], images: 4, pairs: 6 });
});
after(() => rmSync(folder, { recursive: true, force: true }));

describe("the page A million pictures", () => {
  it("names commands that run, in their order", { skip: process.platform === "win32" }, () => {
    for (const block of blocks("sh")) {
      // Slurm has another test; here its script is written.
      const code = block.replace(/(--on slurm.*)$/gm, "$1 --dry-run").replace(/^fovea .* --watch$/m, "");
      const lines = `set -e\nfovea() { "${process.execPath}" "${CLI}" "$@"; }\n${code}`;
      const { status, stdout, stderr } = spawnSync("bash", ["-c", lines], { cwd: folder, encoding: "utf8" });
      assert.equal(status, 0, `${block}${stderr}`);
      if (block.includes("extract status run") && !block.includes("slurm"))
        assert.match(stdout, /4 of 4 parts are whole/);
    }
    assert.equal(readdirSync(join(folder, "features", "img_emb")).length, 4);
  });

  it("has Python that compiles, with names that there are", { skip: python ? false : "no Python with Ray" }, () => {
    const code = blocks("python").map((block) => block.replace(/^status = .*$/m, "").replace(/^pictures = [^]*/m, ""));
    const check = `import ast, sys\nsys.path.insert(0, ${JSON.stringify(join(ROOT, "kernel", "python"))})\n`;
    const whole = blocks("python").map((block) => `ast.parse(${JSON.stringify(block)})`);
    const { status, stderr } = spawnSync(python as string, ["-c", [check, ...whole, ...code].join("\n")], {
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
  });

  it("has a job that Kubernetes accepts", (t) => {
    const script =
      "import sys, yaml, kubernetes_validate as k\nk.validate(yaml.safe_load(open(sys.argv[1])), sys.argv[2], strict=True)";
    const file = join(ROOT, "docs", "fovea-extract.k8s.yaml");
    const has = python && spawnSync(python, ["-c", "import kubernetes_validate"]).status === 0;
    if (!has) return t.skip("no Python with kubernetes-validate");
    const { status, stderr } = spawnSync(python, ["-c", script, file, "1.30"], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
  });
});
