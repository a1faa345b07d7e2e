/**
 * Models written as ONNX, in Python: `onnx.checker` and onnxruntime. Needs the Python environment of the benchmark's peers, which
 * `npm test -- peft` makes.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as safetensors from "../../kernel/safetensors/index.ts";
import { lora } from "../lora/names.ts";
import { draw, SMALL, VARIANTS } from "../models/onnx.ts";
import { models } from "../models/names.ts";
import { nn, tf, type Tensor } from "../nn/names.ts";

const python = process.env.FOVEA_PEERS_PYTHON;
const skip = python ? false : "FOVEA_PEERS_PYTHON names no Python with onnx and onnxruntime";

interface Checked {
  worst: number;
  runs: number;
  opset: number;
  initializers: Record<string, number[]>;
  scopes: string[];
}

const INPUTS = { pixel_values: [1, 3, 16, 16] };
const RUNS = [
  [1, 3, 16, 16],
  [3, 3, 24, 40],
  [2, 3, 8, 12],
];

const CASES: Record<string, models.VitConfig> = { ...VARIANTS, adapted: {}, merged: {} };

async function modelOf(name: string, config: models.VitConfig): Promise<InstanceType<typeof models.VisionTransformer>> {
  const model = new models.VisionTransformer({ ...SMALL, ...config });
  const adapters = ["adapted", "merged"].includes(name)
    ? lora.attach(model, { r: 2, loraAlpha: 4, targetModules: ["qkv", "fc2"] })
    : null;
  let seed = 1;
  for (const parameter of model.namedParameters().values())
    parameter.assign(tf.tidy(() => tf.randomNormal(parameter.shape, 0, 0.3, "float32", seed++)));
  if (name === "merged") await adapters?.merge();
  return model.eval();
}

async function write(folder: string, name: string, config: models.VitConfig): Promise<void> {
  const model = await modelOf(name, config);
  const file = await models.toOnnx(model, { inputs: INPUTS, dynamic: ["batch", "height", "width"] });
  await file.save(join(folder, `${name}.onnx`), { externalData: name.startsWith("SigLIP") });
  for (const [i, shape] of RUNS.entries()) {
    const [x] = draw(INPUTS, [shape]).values();
    const stored = (tensor: Tensor) => ({
      dtype: "F32" as const,
      shape: tensor.shape,
      data: Float32Array.from(tensor.dataSync()),
    });
    const tensors = new Map([
      ["in.pixel_values", stored(x)],
      ["out.output", stored(model.forward(x))],
    ]);
    await safetensors.write(join(folder, `${name}.${i}.safetensors`), tensors);
  }
}

describe("models written as ONNX, in Python", { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), "fovea-onnx-"));
  let checked: Record<string, Checked>;
  before(async () => {
    await nn.start();
    for (const [name, config] of Object.entries(CASES)) await write(folder, name, config);
    const script = join(import.meta.dirname, "check_onnx.py");
    const { stdout, stderr, status } = spawnSync(python!, [script, folder], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    checked = JSON.parse(stdout) as Record<string, Checked>;
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const name of Object.keys(CASES))
    it(`${name}: valid, and equal to 1e-5 at every batch size and grid`, () => {
      const { worst, runs, opset } = checked[name];
      assert.ok(worst <= 1e-5, `${worst}`);
      assert.deepEqual([runs, opset], [3, 20]);
    });

  it("parameters are initializers under their names and in their shapes, modules are scopes", () => {
    const { initializers, scopes } = checked["plain"];
    assert.deepEqual(initializers["blocks.1.attn.qkv.weight"], [48, 16]);
    assert.deepEqual(initializers["pos_embed"], [1, 17, 16]);
    assert.equal(Object.keys(initializers).length, 30, "all of them");
    for (const scope of ["/blocks/0/attn/qkv", "/blocks/1/mlp/fc2", "/patch_embed", "/blocks/0/norm1"])
      assert.ok(scopes.includes(scope), scope);
    assert.ok("blocks.0.attn.qkv.adapters.default.lora_A.weight" in checked["adapted"].initializers);
  });
});
