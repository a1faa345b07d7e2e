import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as law from "../../kernel/law";

describe("law.policy on the published table", () => {
  const table = law.publishedTable();
  const result = law.policy(table, { trials: 400, seed: 5 });
  const at = (benchmark: string, strategy: string) => result.benchmarks[benchmark][strategy];

  it("gives the same figures for the same seed", () => {
    assert.deepEqual(law.policy(table, { trials: 400, seed: 5 }), result);
    assert.notDeepEqual(law.policy(table, { trials: 400, seed: 6 }), result);
  });

  it("chance finds the optimum by draw n with probability n / 13", () => {
    const { anytime } = result.overall.random;
    anytime.forEach((share, i) => assert.ok(Math.abs(share - (i + 1) / 13) < 0.08, `${i + 1} draws: ${share}`));
    assert.equal(anytime[12], 1);
    assert.ok(Math.abs(result.overall.random.meanDraws - 7) < 0.35, `${result.overall.random.meanDraws} draws`);
  });

  it("with all 13 trained, the predicted top 3 holds the optimum", () => {
    const missed = Object.keys(result.benchmarks).filter((name) => at(name, "ac").fixedBudget[12] === 0);
    assert.deepEqual(missed.sort(), ["seed_image", "textvqa_val"]);
  });

  it("anytime recall ends at the rule's own hits, where the released curve ends at 1", () => {
    const ends = Object.keys(result.benchmarks).map((name) => at(name, "ac").anytime[12]);
    assert.ok(ends.some((share) => share < 1) && ends.every((share) => share > 0.5), ends.join());
    assert.ok(result.overall.ac.anytime[12] < 1);
  });

  it("anytime recall never falls, and each fixed-budget figure lies in its interval", () => {
    for (const curves of Object.values(result.benchmarks)) {
      for (const { anytime, fixedBudget, fixedBudgetInterval } of Object.values(curves)) {
        anytime.forEach((share, i) => assert.ok(i === 0 || share >= anytime[i - 1]));
        fixedBudget.forEach((share, i) => {
          const [low, high] = fixedBudgetInterval[i];
          assert.ok(low - 1e-12 <= share && share <= high + 1e-12);
        });
      }
    }
  });

  it("the paper's policy needs fewer trainings than chance", () => {
    assert.ok(result.overall.ac.meanDraws < result.overall.random.meanDraws - 2);
  });

  it("encoders with equal predictors do not make it loop", () => {
    const rows = table.rows.map((row) => ({ ...row, predictors: { a: 1, c: 1 } }));
    assert.equal(law.policy({ ...table, rows }, { trials: 3 }).overall.ac.anytime.length, 13);
  });

  it("a predictor that is the same for every encoder counts as nothing, whatever its value", () => {
    const replayOf = (c: (a: number) => number) => {
      const rows = table.rows.map((row) => ({ ...row, predictors: { a: row.predictors.a, c: c(row.predictors.a) } }));
      return law.policy({ ...table, rows }, { trials: 60, seed: 2 });
    };
    const [constant, nothing] = [replayOf(() => 7), replayOf(() => 0)];
    assert.deepEqual(constant, nothing);
    assert.deepEqual(constant.overall.ac, constant.overall.a);
    assert.ok(constant.overall.ac.meanDraws < 7, "A alone is better than chance");
  });

  it("refuses a table with a score missing, and zero trials", () => {
    const rows = table.rows.map((row, i) => (i === 0 ? { ...row, score: null } : row));
    assert.throws(() => law.policy({ ...table, rows }), /every encoder needs a score, received "CLIP336, mmbench_en"/);
    assert.throws(() => law.policy(table, { trials: 0 }), /trials must be a whole number above 0, received 0/);
  });
});
