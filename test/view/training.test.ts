/** The training view in the kernel: what it saves and obeys. */
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { Prng } from "../../kernel/numeric/prng";
import { display } from "../../kernel/display/display";
import { installHost, type JSONValue, type MimeBundle, type SessionHost } from "../../kernel/display/host";
import { acceptView } from "../../kernel/view/live";
import { training, type TrainingView } from "../../kernel/view/training";
import { TRAINING_MIME } from "../../kernel/protocol/training/payload";
import { RunRecord } from "../../kernel/protocol/training/record";
import { FakeComm } from "./fake-comm";
import { PLAN, Puppet, report, savedOf } from "./training-puppet";

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
    const comm = new FakeComm();
    acceptView(comm, { data: { version: 1, view: view.id }, metadata: {}, buffers: [] });
    Object.assign(comm, { closed: true });
    puppet.begin();
    puppet.step(report(1));
    assert.deepEqual(
      comm.sent.map(({ data }) => data.type),
      ["ready", "runs"],
    );
  });

  it("view.training refuses what is no control, by name", () => {
    view = training(new Puppet());
    assert.throws(() => training([]), /view\.training: there must be 1 to 8 runs, received 0/);
    assert.throws(() => training({ fit: 1 } as never), /each run must be a train\.TrainingControl/);
  });
});
