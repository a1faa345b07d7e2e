import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { DeviceError, probeDevice } from "../../kernel/backend";
import { onnxruntime } from "../../kernel/backend/onnxruntime";
import { resolveDevice } from "../../kernel/backend/node";
import * as encoders from "../../kernel/encoders";

const MODEL = join(import.meta.dirname, "..", "onnx", "golden", "vit.ts17.onnx");
const pixels = () => ({
  pixel_values: { type: "float32" as const, data: new Float32Array(3072), dims: [1, 3, 32, 32] },
});

describe("devices", () => {
  it("the CPU starts", async () => {
    const { ok, reason } = await probeDevice("cpu");
    assert.deepEqual({ ok, reason }, { ok: true, reason: null });
    assert.equal(await resolveDevice("cpu", "encoders.load"), "cpu");
  });

  it("auto is a device that starts", async () => {
    const device = await resolveDevice("auto", "encoders.load");
    assert.ok((await probeDevice(device)).ok);
  });

  it("an explicit device that does not start is refused with what is missing, and the process lives on", async (t) => {
    for (const device of ["cuda", "webgpu"] as const) {
      const { ok, reason } = await probeDevice(device);
      if (ok) {
        t.diagnostic(`${device} starts here`);
        continue;
      }
      await assert.rejects(resolveDevice(device, "encoders.load"), (error) => {
        assert.ok(error instanceof DeviceError);
        assert.ok(error.message.startsWith(`encoders.load: device ${device} does not start, received `), error.message);
        return reason !== null && reason.length > 0;
      });
    }
  });

  it("an unknown device is refused", async () => {
    await assert.rejects(
      encoders.load(MODEL, { preprocess: {}, device: "tpu" as never }),
      /device must be auto, cuda, webgpu, cpu, received "tpu"/,
    );
    await assert.rejects(resolveDevice(["cuda", "cpu"] as never, "encoders.load"), /device must be auto/);
  });
});

describe("a session", () => {
  it("runs in a thread, from a file and from bytes, with the same result", async () => {
    const fromFile = await onnxruntime.create(MODEL, { fn: "encoders.load", device: "cpu" });
    const fromBytes = await onnxruntime.create(readFileSync(MODEL), { fn: "encoders.load", device: "cpu" });
    const [a, b] = await Promise.all([
      fromFile.run(pixels(), ["last_hidden_state"]),
      fromBytes.run(pixels(), ["last_hidden_state"]),
    ]);
    assert.deepEqual(a.last_hidden_state.dims, [1, 17, 32]);
    assert.deepEqual(a.last_hidden_state.data, b.last_hidden_state.data);
    await fromFile.dispose();
    await fromFile.dispose();
    await assert.rejects(fromFile.run(pixels(), ["last_hidden_state"]), /encoders.load: the session is disposed/);
    await fromBytes.dispose();
  });

  it("reports what the runtime refuses, and goes on", async () => {
    await assert.rejects(
      onnxruntime.create(new Uint8Array(8), { fn: "encoders.load", device: "cpu" }),
      /encoders.load: cpu refused the model/,
    );
    const session = await onnxruntime.create(MODEL, { fn: "encoders.load", device: "cpu" });
    await assert.rejects(
      session.run({}, ["last_hidden_state"], { fn: "encoders.Encoder.embed" }),
      /encoders.Encoder.embed: cpu could not run the model/,
    );
    assert.equal((await session.run(pixels(), ["last_hidden_state"])).last_hidden_state.type, "float32");
    await session.dispose();
  });
});
