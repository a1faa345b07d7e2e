/** The viewers packed for VS Code: the parts of a `.vsix`, and what they name. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { bin, root } from "../../binder/setup.mjs";
import { packVsix } from "../../binder/vscode.mjs";
import * as protocol from "../../kernel/protocol";

describe("the viewers for VS Code", { timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "fovea-vsix-"));
  let file = "";
  before(async () => {
    file = await packVsix(folder);
    execFileSync(bin("python"), ["-m", "zipfile", "-e", file, join(folder, "content")]);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  const read = (path: string): string => readFileSync(join(folder, "content", path), "utf8");

  it("have one version, in name, manifest and package", () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    assert.equal(basename(file), `fovea-notebook-renderer-${version}.vsix`);
    const identity = `Id="fovea-notebook-renderer" Version="${version}" Publisher="fovea"`;
    assert.ok(read("extension.vsixmanifest").includes(identity));
    const manifest = JSON.parse(read("extension/package.json")) as Record<string, unknown>;
    assert.deepEqual(
      [manifest.name, manifest.version, manifest.publisher],
      ["fovea-notebook-renderer", version, "fovea"],
    );
  });

  it("say a type for each ending, as the format of packages asks", () => {
    const types = read("[Content_Types].xml");
    for (const ending of ["json", "js", "txt", "vsixmanifest"])
      assert.ok(types.includes(`Extension=".${ending}"`), ending);
    assert.match(read("extension/LICENSE.txt"), /BSD 3-Clause/);
  });

  it("render every mime type of ours, from an entry that is there", () => {
    const { contributes } = JSON.parse(read("extension/package.json")) as {
      contributes: { notebookRenderer: { entrypoint: string; mimeTypes: string[] }[] };
    };
    const [{ entrypoint, mimeTypes }] = contributes.notebookRenderer;
    const ours = Object.entries(protocol).filter(([name]) => name.endsWith("_MIME"));
    assert.deepEqual([...mimeTypes].sort(), ours.map(([, mime]) => String(mime)).sort());
    assert.match(read(join("extension", entrypoint)), /export\{\w+ as activate\}/);
  });
});
