import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { nn, train, tf } from "../nn/names.ts";
import { DISPLAY } from "../../kernel/display/describe.ts";
import { readTraining } from "../../kernel/protocol/training/read.ts";
import { TRAINING_MIME } from "../../kernel/protocol/training/payload.ts";
import { main as printRuns } from "../../kernel/cli/runs.ts";
import { installPlatform, platform } from "../../kernel/platform/index.ts";
import * as view from "../../kernel/view/index.ts";

const top = mkdtempSync(join(tmpdir(), "fovea-runs-"));
after(() => rmSync(top, { recursive: true }));
before(() => nn.start("native"));

function line(more: Partial<train.FitOptions<number[]>> = {}): train.FitOptions<number[]> {
  nn.manualSeed(1);
  const model = new nn.Linear(1, 1);
  const loss = (batch: number[]) => {
    const x = tf.tensor2d(batch, [batch.length, 1]);
    return nn.mse(model.forward(x), tf.mul(x, 3));
  };
  const data = train.batches([0, 0.25, 0.5, 1], { batchSize: 2 });
  const stages: train.Stage[] = [{ name: "all", groups: [{ parameters: /./, learningRate: 0.01 }], steps: 12 }];
  return { model, data, loss, stages, validation: { every: 4, run: () => ({ accuracy: 0.5 }) }, ...more };
}

/** Lists within lists. */
const nested = (levels: number): unknown => JSON.parse("[".repeat(levels) + "]".repeat(levels));

const stateOf = async (folder: string): Promise<string[]> =>
  (await train.runs(folder)).runs.map(({ state, steps, message }) => `${state} ${steps} ${message}`);

describe("a run's record", () => {
  it("keeps settings, numbers and curves across sessions", async () => {
    const folder = join(top, "kept");
    const losses: number[] = [];
    const log = { folder, name: "wide", config: { width: 64, augment: ["flip"] } };
    const { last } = await train.fit(line({ log, seed: 7, clipNorm: 1 }), ({ loss }) => void losses.push(loss));
    const { runs, damaged } = await train.runs(folder);
    assert.deepEqual(damaged, []);
    const [run] = runs;
    assert.deepEqual(
      [run.name, run.state, run.steps, run.totalSteps, run.device, run.seed, run.trained],
      ["wide", "finished", 12, 12, "native", 7, 2],
    );
    assert.deepEqual(run.config, { width: 64, augment: ["flip"] });
    assert.ok(Math.abs(run.numbers.loss - last!.loss) < 1e-6 * last!.loss);
    assert.equal(run.numbers["validation accuracy"], 0.5);
    assert.ok(run.milliseconds > 0 && Date.now() - run.started.getTime() < 60_000);
    const { steps, values } = run.curve("loss")!;
    assert.deepEqual(
      steps,
      losses.map((_, i) => i + 1),
    );
    values.forEach((value, i) => assert.ok(Math.abs(value - losses[i]) < 1e-6 * losses[i]));
    assert.deepEqual(run.curve("accuracy", "validation"), { steps: [4, 8, 12], values: [0.5, 0.5, 0.5] });
    assert.equal(run.curve("accuracy"), null);
    assert.ok(readdirSync(folder).every((name) => /^\d{8}-\d{6}-[0-9a-f]{8}\.run\.json$/.test(name)));
  });

  it("says how a run ended, also where its process was killed", async () => {
    const folder = join(top, "ends");
    const log = { folder };
    const control = new train.TrainingControl("steered");
    await train.fit(line({ log, control }), ({ step }) => void (step === 5 && control.stop()));
    const breaks = train.fit(line({ log }), ({ step }) => {
      if (step === 3) throw new Error("enough");
    });
    await assert.rejects(breaks, /enough/);
    const interrupt = Object.assign(new Error("stop"), { name: "KeyboardInterrupt" });
    await assert.rejects(train.fit(line({ log }), () => Promise.reject(interrupt)));
    for await (const { step } of train.steps(line({ log }))) {
      if (step === 1) assert.match((await stateOf(folder))[3], /^running \d /);
      if (step === 2) break;
    }
    assert.deepEqual(await stateOf(folder), [
      "stopped 5 ",
      "failed 3 enough",
      "interrupted 1 ",
      "stopped 2 its loop was left",
    ]);
    assert.equal((await train.runs(folder)).runs[0].name, "steered", "the control's name");
    const name = `${(await train.runs(folder)).runs[0].id}.run.json`;
    const killed = JSON.parse(readFileSync(join(folder, name), "utf8")) as { process: object; run: object };
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "exit");
    const of = { ...killed, process: { ...killed.process, pid: child.pid }, run: { ...killed.run, state: "running" } };
    writeFileSync(join(folder, name), JSON.stringify(of));
    assert.equal((await stateOf(folder))[0], "interrupted 5 its process ended");
  });

  it("that can no longer be written warns once, and the training goes on", async (t) => {
    const folder = join(top, "gone");
    const warn = t.mock.method(console, "warn", () => undefined);
    const tensorboard = join(folder, "events");
    const validation = { every: 1, run: () => ({ accuracy: 0.5 }) };
    const { ended } = await train.fit(line({ log: { folder }, tensorboard, validation }), ({ step }) => {
      if (step !== 3) return;
      rmSync(folder, { recursive: true });
      writeFileSync(folder, "");
    });
    assert.equal(ended, "finished");
    assert.deepEqual(
      warn.mock.calls.map(({ arguments: [text] }) => String(text).slice(0, 44)),
      ["train.fit: the log of this run ends here: mkdir"].map((text) => text.slice(0, 44)),
    );
  });

  it("refuses a log that cannot be kept, before the first step", async () => {
    const fit = (log: unknown): Promise<unknown> =>
      train.fit(line({ log: log as train.RunLog }), () => assert.fail("no step is made"));
    writeFileSync(join(top, "file"), "");
    await assert.rejects(
      fit({ folder: join(top, "file") }),
      /the place must be one that can be written \(ENOTDIR\), received .*file/,
    );
    await assert.rejects(fit({}), /log needs a folder of runs/);
    await assert.rejects(fit({ folder: top, tags: [] }), /options are folder, name, config, received "tags"/);
    await assert.rejects(fit({ folder: top, config: [1] }), /must be a plain object, received \[1\]/);
    await assert.rejects(fit({ folder: top, config: { a: 1n } }), /config of a log must be JSON/);
    await assert.rejects(fit({ folder: top, config: { a: "x".repeat(70_000) } }), /at most 65536 characters/);
    await assert.rejects(fit({ folder: top, name: 3 }), /name of a log must be text/);
    await assert.rejects(
      fit({ folder: top, config: { a: nested(32) } }),
      /config of a log must have at most 32 levels/,
    );
  });

  it("is not begun where the other file cannot be opened", async () => {
    const folder = join(top, "alone");
    for (const tensorboard of [5 as never, join(top, "file")])
      await assert.rejects(train.fit(line({ log: { folder }, tensorboard })), /tensorboard must be|ENOTDIR/);
    assert.deepEqual(readdirSync(folder), []);
  });

  it("leaves nothing half written on a full disk", async () => {
    const [folder, node] = [join(top, "full"), platform()];
    const writeFileSync_ = (path: string): never => {
      writeFileSync(path, "{");
      throw Object.assign(new Error("full"), { code: "ENOSPC" });
    };
    const files = { value: { ...node.files, writeFileSync: writeFileSync_ } };
    installPlatform(Object.create(node, { files }) as typeof node);
    try {
      await assert.rejects(train.fit(line({ log: { folder } })), /disk must have room/);
    } finally {
      installPlatform(node);
    }
    assert.deepEqual(readdirSync(folder), []);
  });
});

describe("a table of runs", () => {
  const folder = join(top, "table");
  before(async () => {
    await train.fit(line({ log: { folder, name: "narrow", config: { width: 32, depth: 2 } } }));
    await train.fit(line({ log: { folder, name: "wide", config: { width: 64, depth: 2 } } }));
  });

  it("shows the settings in which runs differ, and names damaged files", async () => {
    writeFileSync(join(folder, "a.run.json"), "{");
    writeFileSync(join(folder, "b.run.json"), '{"format":"fovea-run-2"}');
    writeFileSync(join(folder, "c.run.json"), '{"format":"fovea-run-1","started":"now"}');
    mkdirSync(join(folder, "d.run.json"));
    writeFileSync(join(folder, "notes.txt"), "");
    const table = await train.runs(folder);
    assert.deepEqual(
      table.damaged.map(({ file, reason }) => `${file}: ${reason.split(", received ")[0]}`),
      [
        "a.run.json: train.runs: a run's file must be JSON",
        "b.run.json: train.runs: format must be one of fovea-run-1",
        "c.run.json: train.runs: started must be a time",
        "d.run.json: train.runs: a run's file must be readable (EISDIR)",
      ],
    );
    const text = table[DISPLAY]()["text/plain"];
    assert.match(
      text,
      /^2 runs, 4 damaged files\n {2}run +state +started \(UTC\) +time +steps +device +width +loss +validation accuracy/,
    );
    assert.match(text, /narrow +finished +\d{4}-\d\d-\d\d \d\d:\d\d +\d+ s +12 of 12 +native +32 +[\d.]+ +0.5/);
    assert.match(text, /a.run.json +damaged .* a run's file must be JSON/);
    assert.doesNotMatch(text, /depth/);
  });

  it("survives files with deep settings, pipes, and names that steer a terminal", async (t) => {
    const folder = join(top, "hostile");
    await train.fit(line({ log: { folder, name: "good", config: { a: nested(31) } } }));
    const [file] = readdirSync(folder);
    const run = JSON.parse(readFileSync(join(folder, file), "utf8")) as { run: object };
    const put = (name: string, more: object): void =>
      writeFileSync(join(folder, `${name}.run.json`), JSON.stringify({ ...run, ...more }));
    put("steers", { run: { ...run.run, name: "\u001b[2J\u009b2J\u202ename" }, config: { "\u001bkey": "\u0007" } });
    put("\u001bbad", { seed: "x" });
    const deep = `{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`;
    const text = JSON.stringify({ ...run, config: "DEEP" }).replace('"DEEP"', deep);
    writeFileSync(join(folder, "deep.run.json"), text);
    execFileSync("mkfifo", [join(folder, "pipe.run.json")]);
    const table = await train.runs(folder);
    assert.deepEqual(
      table.damaged.map(({ file, reason }) => `${file}: ${reason.split(", received ")[0]}`),
      [
        "\u001bbad.run.json: train.runs: seed must be a finite number",
        "deep.run.json: train.runs: config must have at most 32 levels",
        "pipe.run.json: train.runs: a run's file must be a plain one",
      ],
    );
    const written: string[] = [];
    const { write } = process.stdout;
    t.mock.method(process.stdout, "write", (...args: unknown[]) => {
      if (typeof args[0] !== "string" || !args[0].includes("good")) return Reflect.apply(write, process.stdout, args);
      written.push(args[0]);
      return true;
    });
    await printRuns([folder]);
    await printRuns([folder, "--json"]);
    t.mock.restoreAll();
    assert.match(written[0], /\ufffd\[2J\ufffd2J\ufffdname +finished/);
    for (const one of written) assert.doesNotMatch(one, /[\0-\x09\x0b-\x1f\x7f-\x9f]/);
    assert.equal(
      (JSON.parse(written[1]) as typeof table).runs.find(({ id }) => id === "steers")?.name.slice(4, 7),
      "\u009b2J",
    );
  });

  it("is drawn, several runs over each other, beside one that goes on", async () => {
    const { runs } = await train.runs(folder);
    const control = new train.TrainingControl("now");
    const drawn = view.training([...runs, control]);
    await train.fit(line({ control }));
    const { bundle } = drawn;
    const saved = readTraining(bundle[TRAINING_MIME]);
    assert.deepEqual(
      saved.runs.map(({ name, state, curves }) => [name, state, curves.length]),
      ["narrow", "wide", "now"].map((name) => [name, "finished", 4]),
    );
    assert.match(String(bundle["text/plain"]), /3 runs\nnarrow: finished, update 12 of 12/);
    drawn.dispose();
    assert.throws(() => view.training({ record: {} }), /view.training: record.name must be a string/);
    assert.throws(() => view.training(null as never), /each run must be a train.TrainingControl/);
  });
});
