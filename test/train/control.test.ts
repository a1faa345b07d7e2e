/** Events of a training, and the effect of its control. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { nn, train, tf } from "../nn/names.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-control-"));
after(() => rmSync(folder, { recursive: true }));

class Line extends nn.Module {
  readonly a = new nn.Linear(1, 4);
  readonly b = new nn.Linear(4, 1);
}

const NUMBERS = Array.from({ length: 12 }, (_, i) => i / 12);

function line(more: Partial<train.FitOptions<number[]>> = {}): train.FitOptions<number[]> {
  nn.manualSeed(1);
  const model = new Line();
  const loss = (batch: number[]) => {
    const x = tf.tensor2d(batch, [batch.length, 1]);
    return nn.mse(model.b.forward(model.a.forward(x)), tf.mul(x, 3));
  };
  const stages: train.Stage[] = [
    { name: "first", groups: [{ parameters: "b", learningRate: 0.01 }], steps: 4 },
    {
      name: "second",
      groups: [
        { parameters: "a", learningRate: 0.001 },
        { parameters: "b", learningRate: 0.02 },
      ],
      epochs: 2,
    },
  ];
  return { model, data: train.batches(NUMBERS, { batchSize: 4, seed: 1 }), loss, stages, ...more };
}

/** Everything a control tells, as lines. */
function heard(control: train.TrainingControl): string[] {
  const lines: string[] = [];
  control.observe({
    began: ({ totalSteps, step }) => lines.push(`began at ${step} of ${totalSteps}`),
    stepped: ({ step, examples, pictures }) =>
      lines.push(`${step}: ${examples}${pictures.map(({ title }) => ` ${title}`).join()}`),
    changed: (state, message) => lines.push(message ? `${state}: ${message}` : state),
  });
  return lines;
}

describe("a control", () => {
  before(() => nn.start("native"));

  it("tells the plan, every step with its examples and pictures, and the end", async () => {
    const control = new train.TrainingControl("seed 1");
    const lines = heard(control);
    let plan: train.TrainingPlan | undefined;
    control.observe({ began: (told) => (plan = told) });
    const pictures = [{ title: "eye", rows: ["r"], columns: ["a", "b"], values: [1, NaN] }];
    const validation = { every: 3, run: () => ({ metrics: { error: 1 }, pictures }) };
    await train.fit(
      line({ control, validation, accumulate: 2, checkpoint: { path: join(folder, "plan.safetensors") } }),
    );
    assert.deepEqual(lines, [
      "waiting",
      "began at 0 of 7",
      "running",
      "1: 8",
      "2: 8",
      "3: 8 eye",
      "4: 8 eye",
      "5: 8",
      "6: 8",
      "7: 8 eye",
      "finished",
    ]);
    assert.deepEqual(plan, {
      stages: [
        { name: "first", steps: 4, groups: [{ label: "b", learningRate: 0.01, size: 5 }] },
        {
          name: "second",
          steps: 3,
          groups: [
            { label: "a", learningRate: 0.001, size: 8 },
            { label: "b", learningRate: 0.02, size: 5 },
          ],
        },
      ],
      totalSteps: 7,
      step: 0,
      accumulate: 2,
      batches: 3,
      device: "native",
      checkpoint: join(folder, "plan.safetensors"),
    });
    assert.deepEqual(heard(control), ["began at 0 of 7", ...lines.slice(3, -1), "finished"], "late, the same is told");
  });

  it("tells memory, and examples only where they are known", async () => {
    const reports: train.StepReport[] = [];
    const { stages } = line();
    const options = line({ stages: stages.slice(0, 1), examplesOf: ([first]) => (first < 2 ? 5 : NaN) });
    await train.fit(options, (report) => void reports.push(report));
    assert.equal(reports[0].examples, 5);
    assert.ok(reports[0].memory.resident > 1e7 && reports[0].memory.tensors > 0);
    const one = line({ stages: stages.slice(0, 1) });
    const data: train.BatchSource<{ numbers: number[] }> = { length: 1, batch: () => ({ numbers: [1, 2] }) };
    const result = await train.fit({ ...one, data, loss: ({ numbers }) => one.loss(numbers), examplesOf: undefined });
    assert.equal(result.last?.examples, null);
  });

  it("pauses where the step has ended, goes on to the same bits, and stops with a checkpoint out of a pause", async () => {
    const plain = line();
    await train.fit(plain);
    const control = new train.TrainingControl();
    const paused = line({ control });
    const lines = heard(control);
    const run = train.fit(paused, ({ step }) => {
      if (step === 3) control.pause();
    });
    while (control.state !== "paused") await new Promise(setImmediate);
    const at = lines.length;
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(lines.length, at, "nothing happens in a pause");
    control.resume();
    await run;
    assert.deepEqual(lines.slice(4, 10), ["2: 4", "3: 4", "pausing", "paused", "running", "4: 4"]);
    for (const [name, one] of paused.model.namedParameters())
      assert.deepEqual(await one.read(), await plain.model.namedParameters().get(name)!.read());

    const path = join(folder, "stop.safetensors");
    const second = new train.TrainingControl();
    const stopping = train.fit(line({ control: second, checkpoint: { path } }), ({ step }) => {
      if (step === 2) second.pause();
    });
    while (second.state !== "paused") await new Promise(setImmediate);
    second.stop();
    assert.equal(second.state, "stopping");
    assert.deepEqual([(await stopping).ended, second.state, existsSync(path)], ["stopped", "stopped", true]);
    second.pause();
    second.stop();
    assert.equal(second.state, "stopped", "what has ended is not paused");
    const resumed = new train.TrainingControl();
    const after = heard(resumed);
    await train.fit(line({ control: resumed, checkpoint: { path }, resume: true }));
    assert.deepEqual(after.slice(0, 4), ["waiting", "began at 2 of 10", "running", "3: 4"]);
  });

  it("says failed with the reason, interrupted, or stopped where the loop was left", async () => {
    const failed = new train.TrainingControl();
    const good = line({ control: failed });
    await assert.rejects(
      train.fit({ ...good, loss: (batch) => tf.mul(good.loss(batch) as never, NaN) }),
      train.TrainError,
    );
    assert.deepEqual([failed.state, /the loss must be finite/.test(failed.message)], ["failed", true]);

    const wrong = new train.TrainingControl();
    await assert.rejects(train.fit(line({ control: wrong, stages: [] })), /there must be a stage/);
    assert.match(wrong.message, /there must be a stage/);

    const mine = new train.TrainingControl();
    const throwing = train.fit(line({ control: mine }), () => {
      throw new Error("in the cell's own function");
    });
    await assert.rejects(throwing, /in the cell's own function/);
    assert.deepEqual([mine.state, mine.message], ["failed", "in the cell's own function"]);

    const interrupted = new train.TrainingControl();
    const interruption = Object.assign(new Error("the cell was interrupted"), { name: "KeyboardInterrupt" });
    await assert.rejects(train.fit(line({ control: interrupted }), () => Promise.reject(interruption)));
    assert.deepEqual([interrupted.state, interrupted.message], ["interrupted", ""]);

    const left = new train.TrainingControl();
    for await (const { step } of train.steps(line({ control: left }))) if (step === 2) break;
    assert.deepEqual([left.state, left.message], ["stopped", "its loop was left"]);
  });

  it("refuses a picture that does not hold what it says", async () => {
    const picture = { title: "eye", rows: ["r"], columns: ["a", "b"], values: [1] };
    const validation = { every: 1, run: () => ({ metrics: {}, pictures: [picture] }) };
    await assert.rejects(train.fit(line({ validation })), /picture eye must hold 1 x 2 = 2 values, received 1/);
  });
});
