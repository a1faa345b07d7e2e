import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { cacheFolder } from "../../kernel/jupyter/cache-folder";

describe("the folder of caches", () => {
  const before = { XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"], HOME: process.env["HOME"] };
  let home = "";
  beforeEach(() => (home = mkdtempSync(join(tmpdir(), "fovea-cache-"))));
  afterEach(() => {
    for (const [name, value] of Object.entries(before))
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    rmSync(home, { recursive: true });
  });
  const folderWith = (env: { XDG_CACHE_HOME: string; HOME: string }): string => {
    Object.assign(process.env, env);
    return cacheFolder();
  };

  it("lies where the user says, or in the home folder", () => {
    assert.equal(folderWith({ XDG_CACHE_HOME: home, HOME: "/nowhere" }), join(home, "fovea"));
    assert.equal(folderWith({ XDG_CACHE_HOME: "", HOME: home }), join(home, ".cache", "fovea"));
  });

  it("never begins in the folder of the notebook", () => {
    assert.equal(folderWith({ XDG_CACHE_HOME: "caches", HOME: home }), join(home, ".cache", "fovea"));
    for (const HOME of ["", "here"])
      assert.throws(() => folderWith({ XDG_CACHE_HOME: "caches", HOME }), /home folder must be an absolute path/);
  });

  it("is refused where others may write it", { skip: process.platform === "win32" }, () => {
    const folder = join(home, "fovea");
    mkdirSync(folder);
    for (const [mode, isOwn] of [
      [0o700, true],
      [0o755, true],
      [0o775, false],
      [0o702, false],
    ] as const) {
      chmodSync(folder, mode);
      if (isOwn) assert.equal(folderWith({ XDG_CACHE_HOME: home, HOME: home }), folder);
      else assert.throws(() => folderWith({ XDG_CACHE_HOME: home, HOME: home }), /only its user must be able to write/);
    }
  });
});
