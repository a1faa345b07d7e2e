import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { onEveryDevice } from "../nn/devices.ts";
import { nn, train, tf } from "../nn/names.ts";
import { scalarsRecord, versionRecord } from "../../kernel/train/runs/event-file.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-events-"));
after(() => rmSync(folder, { recursive: true }));

const golden = (name: string): Buffer => readFileSync(new URL(`golden/${name}`, import.meta.url));

describe("an event file", () => {
  it("has the bytes that TensorBoard writes", () => {
    const steps = JSON.parse(golden("events.json").toString()) as [number, number, Record<string, number>][];
    const records = [versionRecord(1730000000), ...steps.map((step) => scalarsRecord(...step))];
    assert.equal(Buffer.concat(records).toString("hex"), golden("events.tfrecord").toString("hex"));
  });
});

function line(more: Partial<train.FitOptions<number[]>> = {}): train.FitOptions<number[]> {
  nn.manualSeed(1);
  const model = new nn.Linear(1, 1);
  const loss = (batch: number[]) => {
    const x = tf.tensor2d(batch, [batch.length, 1]);
    const loss = nn.mse(model.forward(x), tf.mul(x, 3));
    return { loss, metrics: { twice: tf.mul(loss, 2) } };
  };
  const data = train.batches([0, 0.25, 0.5, 1], { batchSize: 2 });
  return {
    model,
    data,
    loss,
    stages: [{ name: "all", groups: [{ parameters: /./, learningRate: 0.01 }], steps: 10 }],
    ...more,
  };
}

onEveryDevice("event files for TensorBoard", (device) => {
  it("hold every number of every step", async () => {
    const place = join(folder, device, "run");
    const reports: train.StepReport[] = [];
    const validation = { every: 4, run: () => ({ error: 0.25 }) };
    await train.fit(line({ tensorboard: place, validation }), (report) => void reports.push(report));
    const [file, ...others] = readdirSync(place);
    assert.match(file, /^events\.out\.tfevents\.\d{10}\.fovea\.[0-9a-f]{8}$/);
    assert.deepEqual(others, []);
    const scalars = readEvents(readFileSync(join(place, file)));
    const told = (tag: string) => scalars.filter((one) => one.tag === tag).map(({ step, value }) => [step, value]);
    assert.deepEqual(
      told("loss"),
      reports.map(({ step, loss }) => [step, loss]),
    );
    assert.deepEqual(
      told("train/twice"),
      reports.map(({ step, metrics }) => [step, metrics.twice]),
    );
    assert.deepEqual(told("validation/error"), [
      [4, 0.25],
      [8, 0.25],
      [10, 0.25],
    ]);
    assert.deepEqual(told("learning_rate//./").length, 10);
  });
});

describe("a folder for event files", () => {
  it("is refused before the first step where it cannot be one, and the steps of a failed training are written", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    let steps = 0;
    const fit = (tensorboard: string): Promise<unknown> =>
      train.fit(line({ tensorboard }), () => {
        if (++steps === 3) throw new Error("enough");
      });
    await assert.rejects(fit(file), /the place must be one that can be written \(ENOTDIR\), received .*file/);
    await assert.rejects(fit(""), /tensorboard must be a folder for event files, received ""/);
    assert.equal(steps, 0);
    const place = join(folder, "failed");
    await assert.rejects(fit(place), /enough/);
    const [name] = readdirSync(place);
    const scalars = readEvents(readFileSync(join(place, name)));
    assert.equal(scalars.filter(({ tag }) => tag === "loss").length, 3);
  });
});

interface Scalar {
  step: number;
  tag: string;
  value: number;
}

/** Records of a TFRecord file (length, its CRC, data, its CRC), each an `Event` of tensorboard/compat/proto/event.proto. */
function readEvents(file: Buffer): Scalar[] {
  const scalars: Scalar[] = [];
  for (let at = 0; at < file.length;) {
    const length = Number(file.readBigUInt64LE(at));
    const data = file.subarray(at + 12, at + 12 + length);
    assert.equal(file.readUInt32LE(at + 8), maskedCrc32c(file.subarray(at, at + 8)));
    assert.equal(file.readUInt32LE(at + 12 + length), maskedCrc32c(data));
    scalars.push(...scalarsOf(data));
    at += 16 + length;
  }
  return scalars;
}

function scalarsOf(event: Buffer): Scalar[] {
  const fields = readFields(event);
  const step = Number(fields.find(({ field }) => field === 2)?.number ?? 0);
  const summaries = fields.filter(({ field, bytes }) => field === 5 && bytes);
  return summaries.flatMap(({ bytes }) =>
    readFields(bytes!).flatMap(({ bytes: value }) => {
      const parts = readFields(value!);
      const tag = parts.find(({ field }) => field === 1)!.bytes!.toString();
      const simple = parts.find(({ field }) => field === 2);
      return [{ step, tag, value: simple!.float! }];
    }),
  );
}

interface Field {
  field: number;
  number?: bigint;
  float?: number;
  bytes?: Buffer;
}

/** The fields of a protobuf message: variable numbers, 64 bits, bytes, 32 bits. */
function readFields(message: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const variable = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const key = Number(variable());
    const field = key >> 3;
    if ((key & 7) === 0) fields.push({ field, number: variable() });
    else if ((key & 7) === 1) fields.push({ field, bytes: message.subarray(at, (at += 8)) });
    else if ((key & 7) === 5) fields.push({ field, float: message.readFloatLE((at += 4) - 4) });
    else {
      const length = Number(variable());
      fields.push({ field, bytes: message.subarray(at, (at += length)) });
    }
  }
  return fields;
}

/** CRC-32C (Castagnoli), rotated and shifted as in tensorflow/core/lib/hash/crc32c.h. */
function maskedCrc32c(data: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  const value = ~crc >>> 0;
  return (((value >>> 15) | (value << 17)) + 0xa282ead8) >>> 0;
}
