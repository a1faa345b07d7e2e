import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, it } from "node:test";
import { code, text, writeNotebook } from "../publish/notebooks";

const cli = join(resolve(import.meta.dirname, "..", ".."), "kernel", "dist", "cli.js");
const fovea = (...args: string[]) => spawnSync(process.execPath, [cli, "publish", ...args], { encoding: "utf8" });
const folder = mkdtempSync(join(tmpdir(), "fovea-cli-publish-"));
after(() => rmSync(folder, { recursive: true }));

describe("fovea publish", () => {
  const notebook = writeNotebook(folder, "one.ipynb", [text("# 題名"), code("1 + 1")]);

  it("writes a page beside the notebook, or where it is told, and says what is on it", () => {
    const { status, stdout } = fovea(notebook);
    assert.equal(status, 0);
    assert.equal(stdout.split("\n")[0], `${join(folder, "one.html")}: 2 cells, 0 living views, 0.0 MB`);
    const output = join(folder, "other.html");
    const json = JSON.parse(fovea(notebook, "-o", output, "--lang", "ja", "--json").stdout) as { bytes: number };
    const page = readFileSync(output);
    assert.equal(json.bytes, page.length);
    assert.match(page.toString(), /<html lang="ja".*<title>題名<\/title>/s);
  });

  it("says what is missing", () => {
    assert.match(fovea().stderr, /publish: one NOTEBOOK\.ipynb is needed\n\nusage: fovea publish/);
    const { status, stderr } = fovea(join(folder, "nowhere.ipynb"));
    assert.equal(status, 1);
    assert.match(stderr, /^fovea: publish: notebook must be a file, received ".*nowhere\.ipynb"\n$/);
    assert.equal(existsSync(join(folder, "nowhere.html")), false);
  });
});
