/** The token branch of SimVG written as ONNX, in Python's onnxruntime. Needs the Python of the benchmark's peers, as `onnx.test.ts`. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { grounding, nn, tf, type Tensor } from "../grounding/names.ts";
import { SMALL } from "../grounding/small.ts";
import * as safetensors from "../../kernel/safetensors/index.ts";
import { boxCorners } from "../../kernel/tasks/boxes/tensors.ts";

const python = process.env.FOVEA_PEERS_PYTHON;
const skip = python ? false : "FOVEA_PEERS_PYTHON names no Python with onnx and onnxruntime";
const LENGTH = 7;

const wordsOf = (B: number, value: (i: number) => number): Tensor =>
  tf.tensor2d(
    Int32Array.from({ length: B * LENGTH }, (_, i) => value(i)),
    [B, LENGTH],
    "int32",
  );

const stored = (tensor: Tensor): safetensors.SafetensorsTensor =>
  tensor.dtype === "int32"
    ? { dtype: "I32", shape: tensor.shape, data: Int32Array.from(tensor.dataSync()) }
    : { dtype: "F32", shape: tensor.shape, data: Float32Array.from(tensor.dataSync()) };

describe("SimVG written as ONNX, in Python", { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), "fovea-simvg-onnx-"));
  after(() => rmSync(folder, { recursive: true }));

  it("is valid, and gives boxes and scores to 1e-5", async () => {
    await nn.start();
    const model = new grounding.SimVg({ ...SMALL, head: { ...SMALL.head, queries: 2 } }).eval();
    let seed = 1;
    for (const parameter of model.namedParameters().values())
      parameter.assign(tf.tidy(() => tf.randomNormal(parameter.shape, 0, 0.3, "float32", seed++)));
    await (await grounding.toOnnx(model, { length: LENGTH })).save(join(folder, "token.onnx"));
    for (const B of [1, 3]) {
      const pixels = tf.randomNormal([B, 3, 16, 16], 0, 1, "float32", 9);
      const [text, textMask] = [wordsOf(B, (i) => (5 * i) % 60), wordsOf(B, (i) => Number(i % LENGTH < 4))];
      const { logits, boxes } = model.forward({ pixels, text, textMask }, "token").token!;
      const scores = tf.reshape(tf.slice(tf.softmax(logits), [0, 0, 0], [B, 2, 1]), [B, 2]);
      const corners = tf.reshape(boxCorners(tf.reshape(boxes, [-1, 4])), [B, 2, 4]);
      const tensors = {
        "in.pixel_values": pixels,
        "in.input_ids": text,
        "in.attention_mask": textMask,
        "out.boxes": corners,
        "out.scores": scores,
      };
      await safetensors.write(
        join(folder, `token.${B}.safetensors`),
        new Map(Object.entries(tensors).map(([name, tensor]) => [name, stored(tensor)])),
      );
    }
    const { stdout, stderr, status } = spawnSync(python!, [join(import.meta.dirname, "check_onnx.py"), folder], {
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
    const { worst, runs, initializers } = (
      JSON.parse(stdout) as Record<string, { worst: number; runs: number; initializers: object }>
    )["token"];
    assert.ok(worst <= 1e-5, `${worst}`);
    assert.equal(runs, 2);
    assert.ok(Object.keys(initializers).length > 60 && !Object.keys(initializers).some((name) => /decoder/.test(name)));
  });
});
