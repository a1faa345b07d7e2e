import assert from "node:assert/strict";
import { existsSync, mkdtempSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { lockFolder } from "../../kernel/platform/folder-lock.ts";

const busy = (who: string): Error => new Error(`held by ${who}`);

/** A folder whose lock file says this, and was written a minute ago. */
function folderWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "fovea-lock-"));
  writeFileSync(join(folder, ".lock"), text);
  const then = Date.now() / 1000 - 60;
  utimesSync(join(folder, ".lock"), then, then);
  return folder;
}

describe("the lock of a folder", () => {
  for (const text of ["null", "7", '"x"', "[]", "", "{", '{"pid":"1","host":3}', "\0\0"])
    it(`is taken over where it names no owner: ${JSON.stringify(text)}`, async () => {
      const folder = folderWith(text);
      const giveBack = await lockFolder(folder, busy);
      await assert.rejects(lockFolder(folder, busy), /held by this process/);
      await giveBack();
      assert.ok(!existsSync(join(folder, ".lock")));
    });

  it("of another machine is not taken over", () =>
    assert.rejects(lockFolder(folderWith('{"host":"elsewhere","pid":1}'), busy), /process 1 on elsewhere/));
});
