/** The machinery of the study of several teachers: `npm run bench -- sak --short`, stopped and gone on with. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { root } from "../../binder/setup.mjs";
import { sak } from "./sak.mjs";

interface Table {
  note: string;
  rows: Record<string, unknown>[];
}
type Study = (options: { short: boolean; folder: string; limit?: number }) => Promise<Table>;

const isBuilt = existsSync(join(root, "kernel", "dist", "index.js"));

describe("the study of several teachers", { skip: !isBuilt && "the kernel is not built" }, () => {
  const folder = mkdtempSync(join(tmpdir(), "fovea-bench-sak-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it(
    "goes on with the runs that are missing, and compares methods of the same seeds",
    { timeout: 600_000 },
    async () => {
      const study = sak as Study;
      const stopped = await study({ short: true, folder, limit: 2 });
      assert.match(stopped.note, /2 of 18 runs are finished/);
      assert.deepEqual(stopped.rows, []);
      const whole = await study({ short: true, folder });
      assert.match(whole.note, /18 of 18 runs are finished/);
      assert.deepEqual(
        whole.rows.map(({ method }) => method),
        [
          "single tasks",
          "multi-task",
          "many to one",
          "many to one, SAK's size",
          "paths without router",
          "SAK",
          "SAK, raw teachers",
          "frozen dino",
          "frozen siglip",
          "frozen masks",
          "multi-task, half of the labels",
          "SAK, half of the labels",
          "multi-task, a quarter of the labels",
          "SAK, a quarter of the labels",
        ],
      );
      // Computes nothing again.
      assert.deepEqual((await study({ short: true, folder })).rows, whole.rows);
    },
  );
});
