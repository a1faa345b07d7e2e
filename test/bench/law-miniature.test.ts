/** The machinery of the law in miniature: `npm run bench -- law-miniature --short`, stopped and gone on with. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { root } from "../../binder/setup.mjs";
import { lawMiniature } from "./law-miniature.mjs";

interface Run {
  representation: string;
  seed: number;
  scores: Record<string, number>;
  likelihood: Record<string, number>;
}
interface Table {
  note: string;
  rows: Record<string, unknown>[];
  more?: { note: string; rows: Record<string, unknown>[] }[];
}
type Study = (options: { short: boolean; folder: string; limit?: number }) => Promise<Table>;

const isBuilt = existsSync(join(root, "kernel", "dist", "index.js"));

describe("the law in miniature", { skip: !isBuilt && "the kernel is not built" }, () => {
  const folder = mkdtempSync(join(tmpdir(), "fovea-bench-law-miniature-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const runs = (): Run[] => {
    const place = join(folder, "short");
    const name = readdirSync(place).find((one) => one.startsWith("runs-")) as string;
    return (JSON.parse(readFileSync(join(place, name, "study.json"), "utf8")) as { runs: Run[] }).runs;
  };

  it("goes on with the runs that are missing, and fits the law to all of them", { timeout: 300_000 }, async () => {
    const study = lawMiniature as Study;
    const stopped = await study({ short: true, folder, limit: 2 });
    assert.match(stopped.note, /2 of 8 runs are finished/);
    assert.equal(stopped.more, undefined, "no law is fitted before a seed is whole");
    const before = runs();
    const whole = await study({ short: true, folder });
    assert.match(whole.note, /8 of 8 runs are finished/);
    const all = runs();
    assert.deepEqual(all.slice(0, 2), before);
    for (const { scores, likelihood } of all) {
      assert.equal(Object.keys(scores).length, 8);
      for (const score of Object.values(scores)) assert.ok(score >= 0 && score <= 100, String(score));
      for (const log of Object.values(likelihood)) assert.ok(log < 0, String(log));
    }
    const [predictors, regression] = whole.more ?? [];
    const [reference, half] = predictors.rows;
    assert.equal(reference.CKA, "1.000", "the first reference is itself");
    assert.equal(reference["k-NN"], "1.000");
    assert.ok(Number(half["PCK@0.1"]) < Number(reference["PCK@0.1"]), "half the resolution corresponds less");
    assert.ok(regression.rows.every((row) => Number(row["permutation p"]) > 0));
    assert.equal(whole.more?.length, 6);
  });
});
