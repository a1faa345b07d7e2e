/** The training view in the kernel: what it records, saves, tells and obeys. */
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { Prng } from "../../kernel/prng";
import { display } from "../../kernel/view/display";
import { installHost, type JSONValue, type MimeBundle, type SessionHost } from "../../kernel/view/host";
import { acceptView } from "../../kernel/view/live";
import { readReply } from "../../kernel/view/messages";
import {
  training,
  type TrainingObserverLike,
  type TrainingStepLike,
  type TrainingView,
} from "../../kernel/view/training";
import { chartsOf, curvesIn } from "../../kernel/view/training/charts";
import { Curve } from "../../kernel/view/training/curve";
import { addFrame, commonScale, decodeCells, encodeCells, type SavedMatrices } from "../../kernel/view/training/matrix";
import { TRAINING_MIME, type RunEvent, type RunPlan, type SavedRun } from "../../kernel/view/training/payload";
import { readEvents, readRuns, readTraining } from "../../kernel/view/training/read";
import { RunRecord } from "../../kernel/view/training/record";
import { durationText, numberText } from "../../kernel/view/training/words";
import { FakeComm } from "./fake-comm";

const PLAN: RunPlan = {
  stages: [
    { name: "projector", steps: 10, groups: [{ label: "projector", learningRate: 1e-3, size: 64 }] },
    { name: "adapters", steps: 90, groups: [{ label: "lora", learningRate: 2e-4, size: 128 }] },
  ],
  ...{ totalSteps: 100, step: 0, accumulate: 1, batches: 5, device: "wasm", checkpoint: true },
};

function report(step: number, more: Partial<TrainingStepLike> = {}): TrainingStepLike {
  const stageIndex = step > 10 ? 1 : 0;
  return {
    ...{ step, stageIndex, stageStep: step - 10 * stageIndex, epoch: step / 5 },
    ...{ loss: 1 / step, gradientNorm: 2, metrics: { accuracy: step / 100 } },
    learningRates: stageIndex ? { lora: 2e-4 } : { projector: 1e-3 },
    ...{ milliseconds: 20, remainingMilliseconds: Math.max(0, 20 * (100 - step)), examples: 8 },
    memory: { tensors: 12, bytes: 4096, resident: 2e8 },
    ...{ validation: null, pictures: [] },
    ...more,
  };
}

/** A training whose events are in the test's hands. */
class Puppet {
  readonly commands: string[] = [];
  private observers: TrainingObserverLike[] = [];

  constructor(readonly name = "") {}

  pause(): void {
    this.commands.push("pause");
  }
  resume(): void {
    this.commands.push("resume");
  }
  stop(): void {
    this.commands.push("stop");
  }
  observe(observer: TrainingObserverLike): () => void {
    this.observers.push(observer);
    return () => void (this.observers = this.observers.filter((one) => one !== observer));
  }
  begin(plan: RunPlan = PLAN): void {
    for (const one of this.observers) one.began({ ...plan, checkpoint: "/home/someone/secret.safetensors" });
    this.change("running");
  }
  step(of: TrainingStepLike): void {
    for (const one of this.observers) one.stepped(of);
  }
  change(state: Parameters<TrainingObserverLike["changed"]>[0], message = ""): void {
    for (const one of this.observers) one.changed(state, message);
  }
}

const savedOf = (bundle: MimeBundle) => readTraining(JSON.parse(JSON.stringify(bundle[TRAINING_MIME])));

describe("a curve of a training", () => {
  const random = new Prng(3, "curve");
  const values = Array.from({ length: 50_000 }, () => random.range(-1, 1));
  values[12_345] = 40;
  values[33_333] = -40;

  it("keeps every point while there is room, then the extremes where they stood and the exact mean", () => {
    const curve = new Curve(64);
    values.slice(0, 64).forEach((value, i) => curve.push(i + 1, value));
    assert.deepEqual(
      curve.points().map(({ value }) => value),
      values.slice(0, 64),
    );
    values.slice(64).forEach((value, i) => curve.push(i + 65, value));
    assert.ok(curve.buckets.length <= 64 && curve.buckets.length >= 32);
    const points = curve.points();
    assert.deepEqual(
      points.find(({ value }) => value === 40),
      { step: 12_346, value: 40 },
    );
    assert.deepEqual(
      points.find(({ value }) => value === -40),
      { step: 33_334, value: -40 },
    );
    const count = curve.buckets.reduce((sum, bucket) => sum + bucket.count, 0);
    const mean = curve.buckets.reduce((sum, bucket) => sum + bucket.count * bucket.mean, 0) / count;
    assert.equal(count, 50_000);
    assert.ok(Math.abs(mean - values.reduce((sum, value) => sum + value, 0) / 50_000) < 1e-9);
    assert.ok(
      points.every(({ step }, i) => i === 0 || step > points[i - 1].step),
      "in order",
    );
  });

  it("leaves out what is not finite, or comes again", () => {
    const curve = new Curve();
    for (const [step, value] of [
      [1, 1],
      [2, NaN],
      [3, Infinity],
      [4, 2],
      [4, 9],
      [2, 9],
    ])
      curve.push(step, value);
    assert.deepEqual(curve.points(), [
      { step: 1, value: 1 },
      { step: 4, value: 2 },
    ]);
  });

  it("smooths over both sides, so that a straight line stays where it is", () => {
    const curve = new Curve();
    [3, 1, 2].forEach((value, i) => curve.push(i + 1, value));
    const k = Math.exp(-1 / 5);
    const expected = [
      (3 + k + 2 * k * k) / (1 + k + k * k),
      (3 * k + 1 + 2 * k) / (1 + 2 * k),
      (3 * k * k + k + 2) / (1 + k + k * k),
    ];
    curve.smoothed(5).forEach(({ value }, i) => assert.ok(Math.abs(value - expected[i]) < 1e-12));
    const long = new Curve(32);
    for (let step = 1; step <= 10_000; step++) long.push(step, step);
    const middle = long.smoothed(50)[16];
    const { mean } = long.buckets[16];
    assert.ok(Math.abs(middle.value - mean) < 1e-6 * mean, "no lag");
  });

  it("comes back from its saved form, to float32, and goes on in the same way", () => {
    const curve = new Curve(64);
    values.slice(0, 1000).forEach((value, i) => curve.push(i + 1, Math.fround(value)));
    const back = Curve.load(JSON.parse(JSON.stringify(curve.save())), 64);
    for (const one of [curve, back])
      values.slice(1000, 3000).forEach((value, i) => one.push(i + 1001, Math.fround(value)));
    assert.deepEqual(back.points(), curve.points());
    assert.equal(
      curve
        .thinned(8)
        .points()
        .some(({ value }) => value === curve.points().reduce((m, p) => Math.max(m, p.value), -9)),
      true,
    );
  });
});

describe("matrices of evaluations", () => {
  const head = {
    title: "Mean gate",
    rows: ["a", "b"],
    columns: ["1", "2"],
    axes: ["task", "unit"] as [string, string],
    note: "",
  };

  it("keep 255 shades and empty cells", () => {
    const { range, cells } = encodeCells([0.5, NaN, 1, -1]);
    assert.deepEqual(range, [-1, 1]);
    const back = decodeCells({ range, cells });
    assert.equal(back[1], null);
    [0.5, null, 1, -1].forEach(
      (value, i) => value !== null && assert.ok(Math.abs(value - (back[i] as number)) <= 2 / 254),
    );
    assert.deepEqual(decodeCells(encodeCells([3, 3])), [3, 3]);
    assert.deepEqual(decodeCells(encodeCells([NaN])), [null]);
  });

  it("lie behind each other in time on one scale, the first and the last kept", () => {
    let all: SavedMatrices[] = [];
    for (let step = 1; step <= 300; step++) all = addFrame(all, step, { ...head, ...encodeCells([0, 0, 0, step]) });
    const [{ frames }] = all;
    assert.ok(frames.length <= 64 && frames.length > 20);
    assert.deepEqual([frames[0].step, frames.at(-1)!.step], [1, 300]);
    assert.deepEqual(commonScale(all[0]), [0, 300]);
    all = addFrame(all, 301, { ...head, rows: ["a", "c"], ...encodeCells([1, 2, 3, 4]) });
    assert.equal(all[0].frames.length, 1, "other rows begin anew");
  });
});

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
    assert.deepEqual(a, readRuns(JSON.parse(JSON.stringify([savedOf(view.bundle).runs[0]])), "test")[0]);
    assert.deepEqual([a.state, a.progress?.stageSteps, a.progress?.step], ["finished", [10, 90], 100]);
    view.dispose();
  });

  it("tells the last of several quick steps too, though no other follows", async () => {
    const { view, comm } = told(20);
    await new Promise((resolve) => setTimeout(resolve, 400));
    assert.equal(followed(comm).progress?.step, 20);
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

  /** What a viewer makes of the messages. */
  function followed(comm: FakeComm): RunRecord {
    let record = new RunRecord("none");
    for (const { data } of comm.sent) {
      const reply = readReply(JSON.parse(JSON.stringify(data)));
      if (reply.type === "runs") record = RunRecord.load(readRuns(reply.runs, "test")[0]);
      if (reply.type === "events") for (const event of readEvents(reply.events, "test")) record.apply(event);
    }
    return record;
  }
});

describe("what a training view saves", () => {
  const NAMES = Array.from({ length: 12 }, (_, i) => `metric ${i}`);
  const columns = Array.from({ length: 512 }, (_, i) => `layers.${i % 32}.self_attn.q_proj ${i}`);

  it("is at most 300 KB of a notebook after thousands of updates of 8 runs with pictures, and draws the extremes", () => {
    const puppets = Array.from({ length: 8 }, (_, i) => new Puppet(`seed ${i}`));
    const view = training(puppets);
    const random = new Prng(1, "saved");
    for (const puppet of puppets) {
      puppet.begin({ ...PLAN, totalSteps: 30_000 });
      for (let step = 1; step <= 30_000; step += puppet === puppets[0] ? 5 : 50) {
        const metrics = Object.fromEntries(NAMES.map((name) => [name, random.range(0, 1)]));
        const picture = {
          title: "Mean gate",
          rows: ["a", "b", "c"],
          columns,
          values: columns.flatMap(() => [1, 2, 3]),
        };
        const pictures = step % 1000 === 1 ? [picture, { ...picture, title: "Active units" }] : [];
        puppet.step(
          report(step, { loss: step === 20_001 ? 1e6 : 1, stageIndex: 1, stageStep: step, metrics, pictures }),
        );
      }
    }
    const { bundle } = view;
    const output = { output_type: "display_data", data: bundle, metadata: {} };
    const notebook = JSON.stringify({ cells: [{ cell_type: "code", outputs: [output] }] }, null, 1);
    assert.ok(Buffer.byteLength(notebook) <= 300 * 1024, `${Buffer.byteLength(notebook)} bytes`);
    const [run] = savedOf(bundle).runs.map((saved) => RunRecord.load(saved));
    const loss = run.curve("train", "loss")!;
    assert.deepEqual(
      loss.points().find(({ value }) => value > 1),
      { step: 20_001, value: 1e6 },
    );
    view.dispose();
  });

  it("names no file of the machine, and replaces its output at the end where it was displayed", () => {
    const displayed: [MimeBundle, string | undefined, boolean | undefined][] = [];
    installHost({
      registerCommTarget: () => () => {},
      display: (bundle: MimeBundle, { displayId, update }: { displayId?: string; update?: boolean } = {}) =>
        void displayed.push([bundle, displayId, update]),
    } as unknown as SessionHost);
    const puppet = new Puppet();
    const view = training(puppet);
    display(view);
    puppet.begin();
    puppet.step(report(1));
    assert.equal(displayed.length, 1, "not at every step");
    puppet.change("failed", "train.fit: the loss must be finite");
    assert.deepEqual(
      displayed.map(([, id, update]) => [id === view.id, update]),
      [
        [true, undefined],
        [true, true],
      ],
    );
    const [before, after] = displayed.map(([bundle]) => savedOf(bundle).runs[0]);
    assert.deepEqual(
      [before.state, before.progress, after.state, after.progress?.step],
      ["waiting", null, "failed", 1],
    );
    assert.equal(after.message, "train.fit: the loss must be finite");
    assert.ok(!JSON.stringify(displayed).includes("secret"));
    assert.equal(Buffer.from(String(displayed[1][0]["image/png"]), "base64").toString("latin1", 1, 4), "PNG");
    view.dispose();
  });

  it("leaves out pictures that are too large to see", (test) => {
    const warn = test.mock.method(console, "warn", () => {});
    const puppet = new Puppet();
    const view = training(puppet);
    puppet.begin();
    const side = Array.from({ length: 400 }, (_, i) => String(i));
    const values = new Float32Array(160_000);
    puppet.step(report(1, { pictures: [{ title: "huge", rows: side, columns: side, values }] }));
    assert.equal(savedOf(view.bundle).runs[0].matrices.length, 0);
    assert.match(String(warn.mock.calls[0].arguments[0]), /picture huge is left out, it has 160000 of at most 32768/);
    view.dispose();
  });
});

describe("commands to a training", () => {
  let view: TrainingView;
  afterEach(() => view.dispose());

  function opened(...runs: Puppet[]): FakeComm {
    view = training(runs);
    const comm = new FakeComm();
    acceptView(comm, { data: { version: 1, view: view.id }, metadata: {}, buffers: [] });
    return comm;
  }

  it("reach the run that they name", () => {
    const [one, two] = [new Puppet("one"), new Puppet("two")];
    const comm = opened(one, two);
    for (const command of ["pause", "resume", "stop"]) comm.receive({ type: "steer", run: 1, command });
    assert.deepEqual([one.commands, two.commands], [[], ["pause", "resume", "stop"]]);
    comm.receive({ type: "bundle" });
    const last = comm.sent.at(-1)!.data;
    assert.deepEqual(Object.keys(last.bundle as object), [TRAINING_MIME, "image/png", "text/plain"]);
  });

  it("that are malformed or hostile are answered as data, and nothing is called", () => {
    const one = new Puppet();
    const comm = opened(one);
    const bad: JSONValue[] = [
      { type: "steer", run: 1, command: "pause" },
      { type: "steer", run: -1, command: "pause" },
      { type: "steer", run: 0.5, command: "stop" },
      { type: "steer", run: 0, command: "constructor" },
      { type: "steer", run: 0, command: "observe" },
      { type: "steer", run: "0", command: "stop" },
      { type: "steer", command: "stop" },
      { type: "steer", run: 0, command: ["stop"] },
      { type: "fit", serial: 1, choice: { degree: 1 } },
      { type: "features", layer: 0, image: 0 },
      { type: "__proto__" },
      ["steer"],
      null,
    ];
    const before = comm.sent.length;
    for (const message of bad) comm.receive(message);
    assert.deepEqual(
      comm.sent.slice(before).map(({ data }) => data.type),
      bad.map(() => "error"),
    );
    assert.deepEqual(one.commands, []);
  });

  it("are refused by views that show no training", () => {
    const comm = opened(new Puppet());
    view.dispose();
    const late = new FakeComm();
    acceptView(late, { data: { version: 1, view: view.id }, metadata: {}, buffers: [] });
    assert.equal(late.sent[0].data.code, "unknown-view");
    assert.equal(comm.sent[0].data.type, "ready");
  });

  it("a viewer that has gone, or cannot be told, does not stop the training", () => {
    const puppet = new Puppet();
    view = training(puppet);
    const comm = Object.assign(new FakeComm(), { closed: true });
    acceptView(comm, { data: { version: 1, view: view.id }, metadata: {}, buffers: [] });
    puppet.begin();
    puppet.step(report(1));
    assert.deepEqual(
      comm.sent.map(({ data }) => data.type),
      ["ready"],
    );
  });

  it("view.training refuses what is no control, by name", () => {
    view = training(new Puppet());
    assert.throws(() => training([]), /view\.training: there must be 1 to 8 runs, received 0/);
    assert.throws(() => training({ fit: 1 } as never), /each run must be a train\.TrainingControl/);
  });
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
    const read = (more: object) => readEvents([{ kind: "stepped", step: { ...step, ...more } }], "test");
    assert.equal(read({}).length, 1);
    assert.throws(() => read({ metrics: many }), /metrics must be an object of at most 60 names/);
    assert.throws(() => read({ loss: "1" }), /step\.loss must be a finite number/);
    const matrix = { title: "t", rows: ["a"], columns: ["b"], axes: ["", ""], note: "", range: [0, 1], cells: "" };
    assert.throws(() => read({ matrices: [matrix] }), /matrices\[0\]\.cells must be 1 cells/);
    assert.throws(() => readEvents([{ kind: "shutdown" }], "test"), /events\[0\]\.kind must be one of/);
    const record = new RunRecord("");
    const events = [
      { kind: "began", plan: PLAN },
      { kind: "stepped", step: { ...step, stage: 9 } },
    ] as unknown as RunEvent[];
    for (const event of events) record.apply(event);
    assert.equal(record.progress, null, "a stage that is not planned is passed over");
    const odd = readEvents([{ kind: "stepped", step: { ...step, metrics: JSON.parse('{"__proto__": 1}') } }], "test");
    record.apply(odd[0]);
    assert.equal(record.curve("train", "__proto__")?.points().length, 1, "a metric may have any name");
  });
});

describe("words of a training", () => {
  it("are short: times, numbers", () => {
    assert.deepEqual([0, 45e3, 130e3, 7.5e6].map(durationText), ["0 s", "45 s", "2 min", "2 h 5 min"]);
    assert.deepEqual([0, 0.123456, 1.5e-5, -2e-4, 9.9969e-4, 12_345.6, 3e9].map(numberText), [
      ...["0", "0.1235", "1.5e−5", "-0.0002", "0.0009997", "12,346", "3.00e+9"],
    ]);
  });
});
