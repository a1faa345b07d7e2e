/** Inputs that a training cannot take: each is named, and the checkpoint before it stays whole. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { onEveryDevice } from "../nn/devices.ts";
import { nn, train, type Tensor, tf } from "../nn/names.ts";
import { DeviceError } from "../../kernel/backend/types.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-bad-input-"));
after(() => rmSync(folder, { recursive: true }));

class Net extends nn.Module {
  readonly blocks = [new nn.Mlp(4, { hiddenFeatures: 8 }), new nn.Mlp(4, { hiddenFeatures: 8 })];
  readonly head = new nn.Linear(4, 1);
  forward(x: Tensor): Tensor {
    return this.head.forward(this.blocks.reduce((y, block) => block.forward(y), x));
  }
}

function net(): Net {
  nn.manualSeed(2);
  return new Net();
}

const ROWS = Array.from({ length: 8 }, (_, i) => [Math.sin(i), Math.cos(i), i / 8, 1]);

function optionsOf(model: Net, more: Partial<train.FitOptions<number[][]>> = {}): train.FitOptions<number[][]> {
  const loss = (rows: number[][]): Tensor => tf.mean(tf.square(model.forward(tf.tensor2d(rows))));
  const stages: train.Stage[] = [{ name: "all", groups: [{ parameters: /./, learningRate: 0.01 }], steps: 8 }];
  const data = train.batches(ROWS, { batchSize: 2, shuffle: false });
  return { model, data, loss, stages, ...more };
}

const valuesOf = (model: nn.Module): Promise<Float32Array[]> =>
  Promise.all([...model.namedParameters().values()].map((one) => one.read()));

/** Runs a training that fails in step 6, four updates after its checkpoint, and one that resumes from that. */
async function failsThenResumes(path: string, fails: (model: Net) => Promise<unknown>): Promise<void> {
  const [whole, model, resumed] = [net(), net(), net()];
  await train.fit(optionsOf(whole));
  await fails(model);
  const { progress } = await train.readCheckpoint(path);
  assert.equal(progress.step, 4);
  await train.fit(optionsOf(resumed, { checkpoint: { path }, resume: true }));
  assert.deepEqual(await valuesOf(resumed), await valuesOf(whole), "to the same bits");
  for (const one of [whole, model, resumed]) one.dispose();
}

onEveryDevice("a batch that does not fit", (device) => {
  it("names the step, the module and the shapes, and leaves parameters, tensors and checkpoint", async () => {
    const path = join(folder, `batch-${device}.safetensors`);
    await failsThenResumes(path, async (model) => {
      const tensors = tf.memory().numTensors;
      let good: Float32Array[] = [];
      let file = Buffer.alloc(0);
      const source = train.batches(ROWS, { batchSize: 2, shuffle: false });
      const data: train.BatchSource<number[][]> = {
        length: 4,
        batch: async (epoch, index) => {
          const rows = await source.batch(epoch, index);
          return epoch === 1 && index === 1 ? rows.map((row) => row.slice(1)) : rows;
        },
      };
      const fit = train.fit(optionsOf(model, { data, checkpoint: { path, every: 4 } }), async ({ step }) => {
        good = await valuesOf(model);
        if (step === 5) file = readFileSync(path);
      });
      await assert.rejects(fit, (error: Error) => {
        assert.ok(error instanceof train.TrainError && error.cause instanceof Error);
        assert.match(
          error.message,
          /the batch of step 6 must fit the model; blocks.0(.fc1, Linear|, Mlp), fails \(.+\), received "\[2, 3\]"/,
        );
        assert.match(String(error.stack), /received "\[2, 3\]"\n +at .*kernel.nn/, "with the lines where it came up");
        return true;
      });
      assert.deepEqual(await valuesOf(model), good);
      assert.deepEqual(readFileSync(path), file);
      assert.equal(tf.memory().numTensors, tensors);
    });
  });
});

describe("a training", () => {
  before(() => nn.start("native"));

  it("whose device vanishes says so, with the checkpoint to go on from", async () => {
    const path = join(folder, "device.safetensors");
    await failsThenResumes(path, async (model) => {
      const backend = tf.backend() as { read: unknown; readSync: unknown };
      const { read, readSync } = backend;
      const gone = (): never => {
        throw new Error("A valid external Instance reference no longer exists.");
      };
      const fit = train.fit(optionsOf(model, { checkpoint: { path, every: 4 } }), ({ step }) => {
        if (step === 5) Object.assign(backend, { read: gone, readSync: gone });
      });
      try {
        await assert.rejects(fit, (error: Error) => {
          assert.ok(error instanceof train.TrainError);
          assert.match(
            error.message,
            /device native must go on computing, but failed in step 6 \(A valid external .*\); start one by nn.start and go on from .*device.safetensors with resume/,
          );
          return true;
        });
      } finally {
        Object.assign(backend, { read, readSync });
      }
    });
  });

  it("passes errors of the author's code, of rules and of interrupts on as they are", async () => {
    const model = net();
    const thrown = async (make: () => Error): Promise<Error> => {
      const loss = (): Tensor => {
        throw make();
      };
      return train.fit(optionsOf(model, { loss })).then(
        () => assert.fail("it must fail"),
        (error: Error) => error,
      );
    };
    class Mine extends Error {}
    assert.ok((await thrown(() => new Mine("mine"))) instanceof Mine);
    assert.ok((await thrown(() => new DeviceError("a", "b", 1))) instanceof DeviceError);
    const interrupt = Object.assign(new Error(""), { name: "KeyboardInterrupt" });
    assert.equal(await thrown(() => interrupt), interrupt);
    model.dispose();
  });

  it("whose batch takes more memory than allowed names device, bytes and a way out, and its checkpoint is whole", async () => {
    const path = join(folder, "memory.safetensors");
    await failsThenResumes(path, async (model) => {
      await nn.start("native", { memory: 64 << 20 });
      const many = (rows: number[][]): number[][] => Array.from({ length: 1 << 20 }, (_, i) => rows[i % rows.length]);
      let calls = 0;
      const loss = (rows: number[][]): Tensor =>
        tf.mean(tf.square(model.forward(tf.tensor2d(++calls === 6 ? many(rows) : rows))));
      try {
        await assert.rejects(train.fit(optionsOf(model, { loss, checkpoint: { path, every: 4 } })), DeviceError);
      } finally {
        await nn.start("native", {});
      }
    });
  });
});
