/** The machinery of the study of gradual refinement: `npm run bench -- refine --short`, stopped and gone on with. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { root } from "../../binder/setup.mjs";
import { refine } from "./refine.mjs";

interface Run {
  plan: string;
  init: string;
  accuracy: number;
  right: number;
  total: number;
  measures: { nearest: number } | null;
  seconds: number;
}
interface Table {
  note: string;
  rows: Record<string, unknown>[];
}
type Study = (options: { short: boolean; folder: string; limit?: number }) => Promise<Table>;

const isBuilt = existsSync(join(root, "kernel", "dist", "index.js"));

describe("the study of gradual refinement", { skip: !isBuilt && "the kernel is not built" }, () => {
  const folder = mkdtempSync(join(tmpdir(), "fovea-bench-refine-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const runs = (): Run[] => {
    const [identity] = readdirSync(folder);
    return (JSON.parse(readFileSync(join(folder, identity, "study.json"), "utf8")) as { runs: Run[] }).runs;
  };

  it("goes on with the runs that are missing, and leaves finished ones as they are", { timeout: 240_000 }, async () => {
    const study = refine as Study;
    const stopped = await study({ short: true, folder, limit: 3 });
    assert.match(stopped.note, /3 of 8 runs are finished/);
    assert.deepEqual(stopped.rows, [], "no plan is compared before all of its seed are there");
    const before = runs();
    const whole = await study({ short: true, folder });
    assert.match(whole.note, /8 of 8 runs are finished/);
    const all = runs();
    assert.deepEqual(all.slice(0, 3), before);
    assert.deepEqual(
      whole.rows.map(({ initialization }) => initialization),
      ["random", "category"],
    );
    for (const { plan, accuracy, right, total, measures } of all) {
      assert.equal(accuracy, right / total);
      assert.equal(measures === null, plan === "not refined");
    }
    // A study that is whole computes nothing: the figures, times included, are those of the file.
    await study({ short: true, folder });
    assert.deepEqual(runs(), all);
  });
});
