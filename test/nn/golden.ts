import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { nn, train, type Tensor, tf } from "./names.ts";
import * as safetensors from "../../kernel/safetensors";

type Stored = safetensors.SafetensorsTensor;
type StoredMap = ReadonlyMap<string, Stored>;

/** A file of golden tensors that the folder's `make.py` computed with torch 2.13. */
export function goldenFile(name: string, folder = new URL("golden/", import.meta.url)): Map<string, Stored> {
  return safetensors.parse(readFileSync(new URL(`${name}.safetensors`, folder))).tensors;
}

/** The tensors below a prefix, without it. */
export function below(file: StoredMap, prefix: string): Map<string, Stored> {
  const inside = [...file].filter(([name]) => name.startsWith(prefix));
  return new Map(inside.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

export function tensorOf({ data, shape, dtype }: Stored): Tensor {
  return tf.tensor(data as Float32Array, shape, dtype === "I32" ? "int32" : "float32");
}

/** Below this a golden tensor counts as zero up to rounding, such as the gradient of the bias of an attention's keys. */
const SMALL = 0.2;

/** Largest difference, in parts of the golden tensor's largest value. */
export function relativeDifference(actual: ArrayLike<number>, golden: Stored): number {
  const expected = golden.data as Float32Array;
  assert.equal(actual.length, expected.length, "number of values");
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), SMALL);
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i] - expected[i]);
    worst = Math.max(worst, Number.isNaN(difference) ? Infinity : difference / scale);
  }
  return worst;
}

export function assertClose(actual: Tensor, golden: Stored, tolerance: number, what: string): void {
  assert.deepEqual(actual.shape, golden.shape, `shape of ${what}`);
  const worst = relativeDifference(actual.dataSync(), golden);
  assert.ok(worst <= tolerance, `${what} differs by ${worst}, allowed ${tolerance}`);
}

interface CheckOptions {
  /** Tolerance as a share of the largest value. Default 1e-5. */
  tolerance?: number;
}

/** Checks a module against its case: output, gradients of inputs and of parameters, and that no tensor is left behind. */
export function checkModule<M extends nn.Module>(
  file: StoredMap,
  name: string,
  make: () => M,
  forward: (module: M, ...inputs: Tensor[]) => Tensor,
  { tolerance = 1e-5 }: CheckOptions = {},
): void {
  const before = tf.memory().numTensors;
  const module = make();
  nn.loadState(module, below(file, `${name}/p.`));
  const gradients = checkFunction(file, name, (...inputs) => forward(module, ...inputs), module.namedParameters(), {
    tolerance,
  });
  for (const [key, golden] of below(file, `${name}/dp.`)) {
    const gradient = gradients.get(key);
    assert.ok(gradient, `${name} has a gradient of ${key}`);
    assertClose(gradient, golden, tolerance, `${name} gradient of ${key}`);
    gradient.dispose();
  }
  module.dispose();
  assert.equal(tf.memory().numTensors, before, `${name} leaves no tensor`);
}

/** Checks output and input gradients of a function against its case; returns the gradients of `parameters`. */
export function checkFunction(
  file: StoredMap,
  name: string,
  forward: (...inputs: Tensor[]) => Tensor,
  parameters: ReadonlyMap<string, nn.Parameter> = new Map(),
  { tolerance = 1e-5 }: CheckOptions = {},
): Map<string, Tensor> {
  const golden = below(file, `${name}/`);
  assert.ok(golden.size, `the golden file has ${name}`);
  const stored = [...golden.keys()].filter((key) => /^x\d+$/.test(key)).map((key) => golden.get(key)!);
  const before = tf.memory().numTensors;
  // Floating inputs become parameters, so that one pass gives every gradient.
  const inputs = stored.map((x) =>
    x.dtype === "F32" ? new nn.Parameter(x.shape, () => x.data as Float32Array) : null,
  );
  const others = stored.map((x, i) => (inputs[i] ? null : tensorOf(x)));
  const values = stored.map((_, i) => inputs[i]?.value ?? others[i]!);
  const all = new Map(parameters);
  inputs.forEach((input, i) => input && golden.has(`dx${i}`) && all.set(`input ${i}`, input));
  const dy = tensorOf(golden.get("dy")!);
  const { loss, gradients } = train.lossAndGradients(() => tf.sum(tf.mul(forward(...values), dy)), all);
  const y = tf.tidy(() => forward(...values));
  assertClose(y, golden.get("y")!, tolerance, `${name} output`);
  inputs.forEach((_, i) => {
    const gradient = gradients.get(`input ${i}`);
    const expected = golden.get(`dx${i}`);
    if (expected) assertClose(gradient!, expected, tolerance, `${name} gradient of input ${i}`);
    gradient?.dispose();
    gradients.delete(`input ${i}`);
  });
  for (const tensor of [loss, y, dy, ...inputs, ...others]) tensor?.dispose();
  assert.equal(tf.memory().numTensors, before + gradients.size, `${name} leaves no tensor`);
  return gradients;
}
