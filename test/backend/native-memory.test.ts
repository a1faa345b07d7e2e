/** Memory of the device `native`, and whole trainings on it. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as encoders from "../../kernel/encoders";
import { nn, train, tf } from "../nn/names.ts";
import { hashParameters } from "../../kernel/train/update/stages.ts";
import { values, tensor, assertSame } from "./both.ts";

describe("memory of the device native", () => {
  before(() => nn.start("native"));
  const LARGE = [100, 100];

  it("keeps values of a caller from those of a tensor", () => {
    const given = values(LARGE);
    const x = tf.tensor(given, LARGE);
    const before = given[7];
    given.fill(0);
    assert.equal(x.dataSync()[7], before);
    x.dispose();
  });

  it("never writes into values that were read", () => {
    const x = tensor(LARGE);
    const y = tf.mul(x, 2);
    const read = y.dataSync();
    const copy = Float32Array.from(read);
    y.dispose();
    for (let i = 0; i < 8; i++) tf.mul(x, i).dispose();
    assert.deepEqual(read, copy);
    x.dispose();
  });

  it("never writes into a tensor that shares its memory with one that was freed", () => {
    const x = tensor(LARGE);
    const y = tf.mul(x, 2);
    const part = tf.reshape(y, [-1]);
    const whole = tf.stridedSlice(y, [0, 0], LARGE, [1, 1]);
    y.dispose();
    for (let i = 0; i < 8; i++) tf.mul(x, i).dispose();
    for (const kept of [part, whole])
      assertSame(
        Array.from(kept.dataSync()),
        Array.from(x.dataSync(), (v) => 2 * v),
        0,
        "values",
      );
    tf.dispose([x, part, whole]);
  });

  it("follows tensors from device to device", async () => {
    const x = tensor(LARGE);
    const expected = Array.from(x.dataSync(), (v) => v * v);
    for (const device of ["wasm", "native", "cpu", "native"] as const) {
      await nn.start(device);
      const y = tf.square(x);
      assertSame(Array.from(y.dataSync()), expected, 1e-6, device);
      y.dispose();
    }
    x.dispose();
  });

  it("counts every byte of a tensor, and none after it", async () => {
    const pool = (tf.backend() as unknown as { device: { pool: { live: number } } }).device.pool;
    const before = pool.live;
    const kept = [
      tensor(LARGE),
      tf.ones([300], "int32"),
      tf.ones([50], "bool"),
      tf.stridedSlice(tensor(LARGE), [0, 0], [50, 100], [1, 1]),
    ];
    assert.ok(pool.live > before + 40_000 + 1200 + 50);
    tf.dispose(kept);
    tf.disposeVariables();
    assert.ok(pool.live <= before + 40_000, "only the argument of the slice is left");
  });

  it("bounds unused memory by the memory that was needed at once", () => {
    const { pool } = (tf.backend() as unknown as { device: { pool: { pooled: number; live: number; clear(): void } } })
      .device;
    pool.clear();
    const start = pool.live;
    for (let n = 100; n < 200; n++) tf.ones([n, n]).dispose();
    assert.ok(pool.pooled <= 1.25 * (start + 200 * 200 * 4), `${pool.pooled} bytes are kept`);
  });

  it("refuses what its memory does not hold, naming device, bytes and a way out", async () => {
    const { pool } = (tf.backend() as unknown as { device: { pool: { live: number; limit: number } } }).device;
    const limit = pool.limit;
    const x = tensor(LARGE);
    await nn.start("native", { memory: pool.live + 50_000 });
    const live = pool.live;
    assert.throws(
      () => tf.tidy(() => tf.add(tf.mul(x, 2), tf.mul(x, 3))),
      /^DeviceError: nn.start: tensors must fit into \d+ bytes .* make batches smaller .*nn.start\("native", \{ memory \}\), received "40000 bytes/,
    );
    assert.equal(pool.live, live, "nothing is left of the computation");
    await nn.start("native", { memory: limit });
    x.dispose();
  });

  it("takes other options while it computes, also without its name", async () => {
    const { pool } = (tf.backend() as unknown as { device: { pool: { limit: number } } }).device;
    const { limit } = pool;
    assert.equal(await nn.start("auto", { memory: 10 ** 9 }), "native");
    assert.equal(pool.limit, 10 ** 9);
    await nn.start("native", { memory: limit });
  });

  it("refuses options that are no whole numbers above 0", async () => {
    for (const [name, value] of [
      ["threads", 0],
      ["threads", 1.5],
      ["memory", NaN],
      ["memory", "1"],
    ])
      await assert.rejects(
        nn.start("native", { [name]: value }),
        new RegExp(`nn.start: ${name} must be a whole number above 0, received`),
      );
  });
});

describe("trainings on the device native", () => {
  const SHAPE = [4, 129, 96];

  /** Bits of a block after three updates. */
  async function trained(threads: number): Promise<string> {
    await nn.start("native", { threads });
    nn.manualSeed(5);
    const block = new nn.Block(SHAPE[2], { heads: 4, dropout: 0.1 });
    const parameters = block.namedParameters();
    const optimizer = new train.AdamW([{ parameters }], { learningRate: 1e-2 });
    const x = tensor(SHAPE);
    for (let step = 0; step < 3; step++) {
      const found = train.lossAndGradients(() => nn.mse(block.forward(x), tf.zerosLike(x)), parameters);
      optimizer.step(found.gradients);
      train.disposeGradients(found);
    }
    const bits = await hashParameters(parameters);
    optimizer.dispose();
    block.dispose();
    x.dispose();
    return [...bits.values()].join();
  }

  it("give the same bits from run to run, and with one thread and two", async () => {
    const first = await trained(1);
    assert.equal(await trained(1), first);
    assert.equal(await trained(2), first);
  });

  it("compute beside encoders, which have threads of the same runtime", async () => {
    const encoder = await encoders.load("zoo/clip-vit");
    const picture = { data: new Uint8Array(3 * 64 * 64).fill(128), width: 64, height: 64, channels: 3 as const };
    const alone = await trained(2);
    const once = await encoder.forwardIntermediates(picture, { intermediatesOnly: true });
    const both = [encoder.forwardIntermediates(picture, { intermediatesOnly: true }), trained(2)] as const;
    const [{ intermediates }, beside] = await Promise.all(both);
    assert.equal(beside, alone);
    assert.deepEqual(intermediates.at(-1)?.data, once.intermediates.at(-1)?.data);
    await encoder.dispose();
  });
});
