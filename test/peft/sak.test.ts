/** Students of several teachers written as ONNX, in Python's onnxruntime, as `onnx.test.ts`. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as safetensors from "../../kernel/safetensors/index.ts";
import { nn, sak, type Tensor } from "../sak/names.ts";
import { make, picture, stir } from "../sak/students.ts";

const python = process.env.FOVEA_PEERS_PYTHON;
const skip = python ? false : "FOVEA_PEERS_PYTHON names no Python with onnx and onnxruntime";

const stored = (tensor: Tensor): { dtype: "F32"; shape: number[]; data: Float32Array } => ({
  dtype: "F32",
  shape: tensor.shape,
  data: Float32Array.from(tensor.dataSync()),
});

async function write(folder: string, name: string, model: sak.Sak, output: "features" | "tasks"): Promise<void> {
  await (await sak.toOnnx(model, { output })).save(join(folder, `${name}.onnx`));
  for (const images of [1, 3]) {
    const x = picture(images);
    const { stem, paths } = model.features(x);
    const results = output === "tasks" ? model.forward(x) : { stem_1: stem[1], clip_0: paths["clip"][0] };
    const outputs = Object.entries(results).map(([key, value]) => [`out.${key}`, stored(value)] as const);
    const tensors = new Map([["in.pixel_values", stored(x)] as const, ...outputs]);
    await safetensors.write(join(folder, `${name}.${images}.safetensors`), tensors);
  }
}

describe("students written as ONNX, in Python", { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), "fovea-sak-onnx-"));
  after(() => rmSync(folder, { recursive: true }));
  let checked: Record<string, { worst: number; runs: number }>;
  before(async () => {
    await nn.start();
    nn.manualSeed(2);
    for (const router of ["mor", "none"] as const) {
      const model = make({ router });
      stir(model);
      for (const output of ["tasks", "features"] as const) await write(folder, `${output}-${router}`, model, output);
    }
    const script = join(import.meta.dirname, "check_onnx.py");
    const { stdout, stderr, status } = spawnSync(python!, [script, folder], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    checked = JSON.parse(stdout) as typeof checked;
  });

  for (const name of ["tasks-mor", "tasks-none", "features-mor", "features-none"])
    it(`${name}: valid, and equal to 1e-4 at two batch sizes`, () => {
      assert.ok(checked[name].worst <= 1e-4, String(checked[name].worst));
      assert.equal(checked[name].runs, 2);
    });
});
