import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, it } from "node:test";

const CLI = resolve(import.meta.dirname, "../../kernel/dist/cli.js");
const prefix = mkdtempSync(join(tmpdir(), "fovea-prefix-"));
const kernels = join(prefix, "share", "jupyter", "kernels");
after(() => rmSync(prefix, { recursive: true }));

interface Run {
  code: number;
  out: string;
  err: string;
}

function fovea(...args: string[]): Promise<Run> {
  const env = { PATH: "/nonexistent", HOME: prefix };
  return new Promise((done) => {
    execFile(process.execPath, [CLI, ...args], { env }, (error, out, err) =>
      done({ code: Number(error?.code ?? 0), out, err }),
    );
  });
}

describe("fovea install, status, uninstall", () => {
  it("writes a kernelspec that starts this Node on this kernel", async () => {
    assert.equal((await fovea("install", "--prefix", prefix)).code, 0);
    const spec = JSON.parse(readFileSync(join(kernels, "fovea", "kernel.json"), "utf8"));
    assert.equal(spec.argv[0], process.execPath);
    assert.ok(existsSync(spec.argv[1]));
    assert.equal(spec.argv[2], "{connection_file}");
    assert.deepEqual(
      [spec.language, spec.interrupt_mode, spec.display_name],
      ["typescript", "message", "Fovea (TypeScript)"],
    );
    assert.deepEqual(readdirSync(join(kernels, "fovea")).sort(), [
      "kernel.json",
      "logo-32x32.png",
      "logo-64x64.png",
      "logo-svg.svg",
    ]);
  });

  it("replaces an old one whole, and leaves nothing beside it", async () => {
    writeFileSync(join(kernels, "fovea", "stale.txt"), "");
    assert.equal((await fovea("install", "--prefix", prefix)).code, 0);
    assert.ok(!existsSync(join(kernels, "fovea", "stale.txt")));
    assert.deepEqual(readdirSync(kernels), ["fovea"]);
  });

  it("tells whether it works", async () => {
    assert.match((await fovea("status", "--prefix", prefix)).out, /ok$/m);
    writeFileSync(join(kernels, "fovea", "kernel.json"), JSON.stringify({ argv: ["/gone/node"], display_name: "x" }));
    assert.match((await fovea("status", "--prefix", prefix)).out, /broken: \/gone\/node does not exist/);
  });

  it("installs for the user under another name, and removes it", async () => {
    assert.equal((await fovea("install", "--user", "--name", "fovea-dev")).code, 0);
    const folder = process.platform === "darwin" ? "Library/Jupyter" : ".local/share/jupyter";
    assert.ok(existsSync(join(prefix, folder, "kernels", "fovea-dev", "kernel.json")));
    assert.equal((await fovea("uninstall", "--user", "--name", "fovea-dev")).code, 0);
    assert.ok(!existsSync(join(prefix, folder, "kernels", "fovea-dev")));
  });

  const refused: [string[], RegExp][] = [
    [["uninstall", "--prefix", join(prefix, "other")], /uninstall: no kernelspec fovea in/],
    [["install", "--user", "--prefix", prefix], /exclude each other/],
    [["install", "--name", "../x", "--prefix", prefix], /--name may hold .* received "\.\.\/x"/],
    [["install", "--wrong"], /--wrong/],
    [["install", "--sys-prefix"], /found no Python on PATH/],
    [["nothing"], /unknown command "nothing"/],
  ];
  for (const [args, message] of refused) {
    it(`refuses fovea ${args[0]} ${args[1] ?? ""}: ${message.source}`, async () => {
      const { code, err } = await fovea(...args);
      assert.equal(code, 1);
      assert.match(err, message);
      assert.doesNotMatch(err, /\n {4}at /);
    });
  }
});
