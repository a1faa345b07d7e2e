/** The record of a run, the same on both sides of a comm, and what its reader refuses. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JSONValue } from "../../kernel/display/host";
import { acceptView } from "../../kernel/view/live";
import { readTrainingReply } from "../../kernel/protocol/training/messages";
import { training, type TrainingView } from "../../kernel/view/training";
import { chartsOf, curvesIn } from "../../kernel/protocol/training/charts";
import { Curve } from "../../kernel/protocol/training/curve";
import { TRAINING_MIME, type RunEvent, type SavedRun } from "../../kernel/protocol/training/payload";
import { readTraining } from "../../kernel/protocol/training/read";
import { RunRecord } from "../../kernel/protocol/training/record";
import { FakeComm } from "./fake-comm";
import { PLAN, Puppet, report, savedOf } from "./training-puppet";

/** Read by the viewer's reader, after a trip through JSON. */
function runsOf(runs: unknown): SavedRun[] {
  const reply = readTrainingReply(JSON.parse(JSON.stringify({ type: "runs", runs })));
  return reply.type === "runs" ? reply.runs : [];
}

function eventsOf(events: unknown): RunEvent[] {
  const reply = readTrainingReply({ type: "events", run: 0, events });
  return reply.type === "events" ? reply.events : [];
}

describe("the record of a run", () => {
  function joined(view: TrainingView): FakeComm {
    const comm = new FakeComm();
    acceptView(comm, { data: { version: 1, view: view.id }, metadata: {}, buffers: [] });
    return comm;
  }

  function told(steps: number): { puppet: Puppet; view: TrainingView; comm: FakeComm } {
    const puppet = new Puppet("seed 1");
    const view = training(puppet, { title: "Two stages" });
    const comm = joined(view);
    puppet.begin();
    for (let step = 1; step <= steps; step++)
      puppet.step(report(step, step % 10 ? {} : { validation: { accuracy: step / 50 } }));
    return { puppet, view, comm };
  }

  it("is the same in the kernel, in a viewer that came before, and in one that came late", () => {
    const { puppet, view, comm } = told(60);
    const late = joined(view);
    for (let step = 61; step <= 100; step++) puppet.step(report(step));
    puppet.change("finished");
    const [a, b] = [comm, late].map((one) => followed(one).save(1024, 64));
    assert.deepEqual(a, b);
    assert.deepEqual(a, runsOf(savedOf(view.bundle).runs)[0]);
    assert.deepEqual([a.state, a.progress?.stageSteps, a.progress?.step], ["finished", [10, 90], 100]);
    view.dispose();
  });

  it("tells the last of several quick steps too, though no other follows", { timeout: 30_000 }, async () => {
    const { view, comm } = told(20);
    while (followed(comm).progress?.step !== 20) await new Promise((resolve) => setTimeout(resolve, 20));
    view.dispose();
  });

  it("knows pace, charts and the latest numbers", () => {
    const { view } = told(20);
    const record = followed(joined(view));
    assert.ok(Math.abs(record.progress!.stepsPerSecond - 50) < 1e-6);
    assert.ok(Math.abs(record.progress!.examplesPerSecond! - 400) < 1e-3);
    assert.deepEqual(
      chartsOf([record]).map((chart) => [
        chart.key,
        curvesIn(chart, record).map(({ kind, name }) => `${kind} ${name}`),
      ]),
      [
        ["loss", ["train loss"]],
        ["metric accuracy", ["train accuracy", "validation accuracy"]],
        ["rate", ["rate projector", "rate lora"]],
        ["norm", ["norm gradient norm"]],
      ],
    );
    assert.match(
      String(view),
      /^Two stages: training, 1 run\nseed 1: running, update 20 of 100, stage adapters \(2 of 2\), about 2 s left\n {2}50\.0 updates a second, 12 tensors of 0 MB, process 200 MB\n {2}loss 0\.05\n/,
    );
    view.dispose();
  });

  it("begins anew with the next fit of the same control", () => {
    const { puppet, view } = told(20);
    puppet.change("finished");
    puppet.begin({ ...PLAN, step: 12 });
    puppet.step(report(13));
    const saved = followed(joined(view)).save(1024, 64);
    assert.deepEqual([saved.progress?.step, saved.progress?.stageSteps, saved.state], [13, [10, 3], "running"]);
    view.dispose();
  });

  /** State of a viewer after the messages. */
  function followed(comm: FakeComm): RunRecord {
    let record = new RunRecord("none");
    for (const { data } of comm.sent.slice(1)) {
      const reply = readTrainingReply(JSON.parse(JSON.stringify(data)));
      if (reply.type === "runs") record = RunRecord.load(reply.runs[0]);
      if (reply.type === "events") for (const event of reply.events) record.apply(event);
    }
    return record;
  }
});

describe("messages that a viewer refuses", () => {
  const puppet = new Puppet();
  const view = training(puppet);
  puppet.begin();
  const picture = { title: "eye", rows: ["a"], columns: ["1", "2"], values: [0, 1] };
  for (let step = 1; step <= 12; step++) puppet.step(report(step, { pictures: step === 12 ? [picture] : [] }));
  const good = JSON.parse(JSON.stringify(view.bundle[TRAINING_MIME])) as { runs: SavedRun[] };
  view.dispose();

  const broken = (change: (run: SavedRun) => void): unknown => {
    const copy = structuredClone(good);
    change(copy.runs[0]);
    return copy;
  };

  it("names the path of what is wrong in a saved view", () => {
    const cases: [(run: SavedRun) => void, RegExp][] = [
      [(run) => (run.state = "exploded" as never), /runs\[0\]\.state must be one of/],
      [(run) => (run.plan = null), /progress\.stage must be a stage of the plan/],
      [(run) => (run.progress!.stage = 7), /progress\.stage must be a stage of the plan/],
      [(run) => (run.progress!.memory.bytes = NaN), /memory\.bytes must be a finite number/],
      [(run) => (run.curves[0].curve.means = "AAAA"), /curve\.means must be 12 numbers in base64/],
      [(run) => (run.curves[0].curve.steps = "!"), /curve\.steps must be base64/],
      [(run) => (run.curves[0].kind = "markup" as never), /curves\[0\]\.kind must be one of/],
      [(run) => (run.matrices[0].frames[0].cells = "AAAA"), /frames\[0\]\.cells must be 2 cells/],
      [(run) => (run.matrices[0].rows = []), /matrices\[0\]\.rows must be an array of 1/],
      [(run) => (run.name = "x".repeat(999)), /name must be a string of at most 200/],
    ];
    for (const [change, path] of cases) assert.throws(() => readTraining(broken(change)), path);
    assert.equal(readTraining(good).runs.length, 1);
  });

  it("leaves out points that are not finite or in order, whatever the file says", () => {
    const floats = (...values: number[]) => Buffer.from(new Float32Array(values).buffer).toString("base64");
    const wholes = (...values: number[]) => Buffer.from(new Uint32Array(values).buffer).toString("base64");
    const curve = Curve.load({ width: 1, steps: wholes(1, 5, 3, 6), means: floats(1, NaN, 2, 4) });
    assert.deepEqual(curve.points(), [
      { step: 1, value: 1 },
      { step: 3, value: 2 },
      { step: 6, value: 4 },
    ]);
  });

  it("of events: too many names, wrong stages, cells that do not fit", () => {
    const step = { ...report(1), stage: 0, rates: {}, matrices: [] } as unknown as Record<string, JSONValue>;
    const many = Object.fromEntries(Array.from({ length: 99 }, (_, i) => [`m${i}`, 1]));
    const read = (more: object) => eventsOf([{ kind: "stepped", step: { ...step, ...more } }]);
    assert.equal(read({}).length, 1);
    assert.throws(() => read({ metrics: many }), /metrics must be an object of at most 60 names/);
    assert.throws(() => read({ loss: "1" }), /step\.loss must be a finite number/);
    const matrix = { title: "t", rows: ["a"], columns: ["b"], axes: ["", ""], note: "", range: [0, 1], cells: "" };
    assert.throws(() => read({ matrices: [matrix] }), /matrices\[0\]\.cells must be 1 cells/);
    assert.throws(() => eventsOf([{ kind: "shutdown" }]), /events\[0\]\.kind must be one of/);
    const record = new RunRecord("");
    const events = [
      { kind: "began", plan: PLAN },
      { kind: "stepped", step: { ...step, stage: 9 } },
    ] as unknown as RunEvent[];
    for (const event of events) record.apply(event);
    assert.equal(record.progress, null, "a stage that is not planned is passed over");
    const odd = eventsOf([{ kind: "stepped", step: { ...step, metrics: JSON.parse('{"__proto__": 1}') } }]);
    record.apply(odd[0]);
    assert.equal(record.curve("train", "__proto__")?.points().length, 1, "a metric may have any name");
  });
});
