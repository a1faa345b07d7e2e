import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as law from "../../kernel/law";
import type { Plan, PlanOptions, ScoreTable } from "../../kernel/law";

const table = law.publishedTable();
const BENCHMARK = "mmbench_en";

/** The published table as it looks when only these encoders are trained. */
function known(...trained: string[]): ScoreTable {
  const rows = table.rows.map((row) => (trained.includes(row.encoder) ? row : { ...row, score: null }));
  return { ...table, rows };
}

/** Every plan on the way from a first encoder to the stop. */
function walk(first: string, options: PlanOptions): Plan[] {
  const plans: Plan[] = [];
  const trained = [first];
  for (;;) {
    const plan = law.plan(known(...trained), options);
    plans.push(plan);
    if (plan.next === null) return plans;
    assert.ok(!trained.includes(plan.next), `${plan.next} is trained already`);
    trained.push(plan.next);
  }
}

const one = (plan: Plan) => plan.benchmarks[BENCHMARK];

describe("law.plan with little to go on", () => {
  it("with nothing trained it predicts nothing, says so, and starts in the middle", () => {
    const plan = law.plan(known());
    assert.equal(plan.phase, "explore");
    assert.equal(plan.gain, null);
    assert.match(plan.reason, /No encoder is trained, so no score can be predicted: this can only explore/);
    for (const { best, range, candidates } of Object.values(plan.benchmarks)) {
      assert.deepEqual([best, range], [null, null]);
      assert.ok(candidates.every(({ predicted, low, improvement }) => predicted === low && improvement === null));
    }
  });

  it("with one trained it still explores, unless it is told the range of scores", () => {
    assert.equal(law.plan(known("SD2.1"), { benchmark: BENCHMARK }).phase, "explore");
    const told = law.plan(known("SD2.1"), { benchmark: BENCHMARK, range: [25, 70], explore: 1 });
    assert.equal(told.phase, "improve");
    assert.deepEqual(one(told).range, [25, 70]);
  });

  it("with equal scores it explores and says why", () => {
    const rows = known("DiT", "SD3").rows.map((row) => (row.score === null ? row : { ...row, score: 5 }));
    const plan = law.plan({ ...table, rows }, { benchmark: BENCHMARK });
    assert.equal(plan.phase, "explore");
    assert.match(plan.reason, /2 trained encoders with equal scores say nothing of the range/);
  });

  it("with fewer trained than coefficients it admits that its assumptions speak", () => {
    const { reason } = law.plan(known("DiT", "CLIP224"), { benchmark: BENCHMARK, explore: 0 });
    assert.match(reason, /rests mostly on its assumptions/);
  });
});

describe("law.plan on the published table", () => {
  it("never proposes a trained encoder and ends, from every start", () => {
    for (const first of table.encoders) {
      const plans = walk(first, { benchmark: BENCHMARK });
      assert.equal(plans[plans.length - 1].phase, "stop");
      assert.ok(plans.length <= table.encoders.length);
    }
  });

  it("gives the same plan twice, and the same in other units", () => {
    const trained = known("DiT", "CLIP224", "DINOv2", "SDXL");
    const plan = law.plan(trained);
    assert.deepEqual(law.plan(trained), plan);
    const rows = trained.rows.map((row) =>
      row.score === null ? row : { ...row, score: 1000 - 8 * (100 - row.score) },
    );
    const scaled = law.plan({ ...trained, rows });
    assert.equal(scaled.next, plan.next);
    assert.ok(Math.abs((scaled.gain as number) - (plan.gain as number)) < 1e-9);
  });

  it("intervals hold their prediction, widen with the level, and are wider away from what is trained", () => {
    const at = (level: number) =>
      one(law.plan(known("DiT", "SD3", "SDXL"), { benchmark: BENCHMARK, level })).candidates.map((c) => {
        assert.ok((c.low as number) < (c.predicted as number) && (c.predicted as number) < (c.high as number));
        return { name: c.encoder, width: (c.high as number) - (c.low as number) };
      });
    const narrow = at(0.5);
    const wide = at(0.9);
    wide.forEach(({ width }, i) => assert.ok(width > narrow[i].width));
    const width = (name: string) => wide.find((c) => c.name === name)?.width as number;
    assert.ok(width("CLIP224") > width("SD2.1"));
  });

  it("90 % intervals hold 80 to 97 % of the scores not seen, with 4 to 10 trained", () => {
    let held = 0;
    let all = 0;
    table.benchmarks.forEach((benchmark) =>
      [4, 6, 8, 10].forEach((count) =>
        table.encoders.forEach((_, shift) => {
          const trained = Array.from({ length: count }, (_unused, i) => table.encoders[(shift + i * 5) % 13]);
          const plan = law.plan(known(...trained), { benchmark });
          for (const { encoder, score, low, high } of plan.benchmarks[benchmark].candidates) {
            if (score !== null) continue;
            const row = table.rows.find((r) => r.encoder === encoder && r.benchmark === benchmark);
            const truth = row?.score as number;
            all++;
            if ((low as number) <= truth && truth <= (high as number)) held++;
          }
        }),
      ),
    );
    assert.ok(held / all > 0.8 && held / all < 0.97, `${held} of ${all}`);
  });

  it("stops when improvement is negligible, with the numbers in the reason", () => {
    const last = walk("OpenCLIP", { benchmark: BENCHMARK, tolerance: 0.05 }).pop() as Plan;
    assert.ok(last.untrained.length > 0 && (last.gain as number) < 0.05);
    assert.match(last.reason, /^After \d+ trained, .* expected to add .* %.* less than the tolerance of 5\.0 %\.$/);
  });

  it("stops at the budget, and at the end", () => {
    const spent = law.plan(known("DiT", "CLIP224", "SDXL"), { benchmark: BENCHMARK, budget: 3 });
    assert.deepEqual([spent.phase, spent.next], ["stop", null]);
    assert.match(spent.reason, /The budget of 3 is spent with 3 trained/);
    assert.match(law.plan(table).reason, /Every encoder is trained/);
  });

  it("explores first, whatever the first scores promise, and predicts meanwhile", () => {
    const plan = law.plan(known("CLIP224", "DiT"), { benchmark: BENCHMARK });
    assert.equal(plan.phase, "explore");
    assert.match(plan.reason, /^2 of the first 4 are trained, which are chosen for what they tell of the others/);
    assert.ok(one(plan).candidates.every(({ predicted }) => predicted !== null));
  });

  it("plans several benchmarks together: an encoder half measured is still open", () => {
    const rows = table.rows.map((row) =>
      row.encoder === "SigLIP" && row.benchmark === "mme" ? { ...row, score: null } : row,
    );
    const plan = law.plan({ ...table, rows }, { tolerance: 0 });
    assert.deepEqual(plan.untrained, ["SigLIP"]);
    assert.equal(plan.next, "SigLIP");
  });

  it("refuses options that make no sense", () => {
    assert.throws(
      () => law.plan(table, { benchmark: "x" }),
      /law\.plan: benchmark must be one of mmbench_en, .* received "x"/,
    );
    assert.throws(() => law.plan(table, { level: 1 }), /level must lie between 0 and 1, received 1/);
    assert.throws(() => law.plan(table, { budget: 0 }), /budget must be a whole number above 0, received 0/);
    assert.throws(
      () => law.plan(table, { predictors: ["b"] }),
      /law\.plan: predictor must be one of a, c, received "b"/,
    );
    assert.throws(() => law.plan(table, { range: [0, 1] }), /range needs one benchmark/);
  });
});

describe("law.replayPlan", () => {
  const { overall, benchmarks } = law.replayPlan(table);

  it("walks once from every encoder of every benchmark", () => {
    assert.equal(Object.keys(benchmarks).length, 8);
    for (const { runs } of Object.values(benchmarks))
      assert.deepEqual(
        runs.map((run) => run.trained[0]),
        table.encoders,
      );
  });

  it("finds the best more often than as many drawn by chance, with small regret", () => {
    assert.ok(overall.found > overall.meanTrained / 13 + 0.2, JSON.stringify(overall));
    assert.ok(overall.meanTrained < 9 && overall.meanRegret < 0.03, JSON.stringify(overall));
  });

  it("refuses a table with a score missing", () => {
    assert.throws(() => law.replayPlan(known("DiT")), /law\.replayPlan: every encoder needs a score/);
  });
});
