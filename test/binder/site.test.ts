import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";

const SITE = join(import.meta.dirname, "../../binder/site.mjs");

function refusal(...args: string[]): string {
  const { status, stderr } = spawnSync(process.execPath, [SITE, ...args], { encoding: "utf8" });
  assert.equal(status, 1);
  return stderr;
}

describe("npm run site", () => {
  it("refuses a repository that is no owner/name", () =>
    assert.match(
      refusal("--repository", "https://x/y"),
      /^site: --repository must be owner\/name, received "https:\/\/x\/y"\n$/,
    ));

  it("replaces no folder that it did not make", () => {
    const folder = mkdtempSync(join(tmpdir(), "fovea-site-"));
    writeFileSync(join(folder, "mine.txt"), "kept");
    assert.match(refusal("--output", folder), /--output must be a new folder or one of an earlier site, received /);
    assert.deepEqual(readdirSync(folder), ["mine.txt"]);
    rmSync(folder, { recursive: true });
  });

  it("leaves a folder beside its own as it is, and nothing of a site that fails", () => {
    const folder = mkdtempSync(join(tmpdir(), "fovea-site-"));
    mkdirSync(join(folder, "site.new"));
    writeFileSync(join(folder, "site.new", "mine.txt"), "kept");
    // A build needs the viewers, which need not be there.
    const { status } = spawnSync(process.execPath, [SITE, "--output", join(folder, "site"), "--no-reference"]);
    assert.deepEqual(readdirSync(folder).sort(), status === 0 ? ["site", "site.new"] : ["site.new"]);
    assert.deepEqual(readdirSync(join(folder, "site.new")), ["mine.txt"]);
    rmSync(folder, { recursive: true });
  });
});
