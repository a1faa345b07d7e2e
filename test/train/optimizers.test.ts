import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { onEveryDevice } from "../nn/devices.ts";
import { assertClose, below, goldenFile, tensorOf } from "../nn/golden.ts";
import { nn, train, tf } from "../nn/names.ts";
import * as safetensors from "../../kernel/safetensors";

const golden = goldenFile("optimizers");
const TOLERANCE = 1e-6;
const scalar: safetensors.SafetensorsTensor = { dtype: "F64", shape: [], data: Float64Array.of(1) };

type Make = (parameters: Map<string, nn.Parameter>) => train.Optimizer;

const only = (parameters: Map<string, nn.Parameter>, name: string) => new Map([[name, parameters.get(name)!]]);

const MOMENTUM = { learningRate: 0.05, momentum: 0.8, weightDecay: 0.3 };

const CASES: Record<string, Make> = {
  adamw: (parameters) => new train.AdamW([{ parameters }]),
  "adamw-set": (parameters) =>
    new train.AdamW([{ parameters }], { learningRate: 0.05, betas: [0.8, 0.95], eps: 1e-3, weightDecay: 0.3 }),
  "adamw-groups": (parameters) =>
    new train.AdamW(
      [{ parameters: only(parameters, "0"), learningRate: 0.1, weightDecay: 0 }, { parameters: only(parameters, "1") }],
      { learningRate: 0.01, weightDecay: 0.2 },
    ),
  "adam-amsgrad": (parameters) =>
    new train.AdamW([{ parameters }], {
      learningRate: 0.05,
      betas: [0.9, 0.98],
      eps: 1e-9,
      weightDecay: 0,
      amsgrad: true,
    }),
  "adamw-amsgrad": (parameters) =>
    new train.AdamW([{ parameters }], { learningRate: 0.05, betas: [0.8, 0.5], weightDecay: 0.3, amsgrad: true }),
  sgd: (parameters) => new train.SGD([{ parameters }], { learningRate: 0.1 }),
  "sgd-momentum": (parameters) => new train.SGD([{ parameters }], MOMENTUM),
  "sgd-nesterov": (parameters) => new train.SGD([{ parameters }], { ...MOMENTUM, nesterov: true }),
  "sgd-groups": (parameters) =>
    new train.SGD(
      [{ parameters: only(parameters, "0"), learningRate: 0.1, weightDecay: 0 }, { parameters: only(parameters, "1") }],
      { ...MOMENTUM, nesterov: true },
    ),
};

function startOf(name: string): Map<string, nn.Parameter> {
  const stored = below(golden, `${name}/start.`);
  return new Map(
    [...stored].map(([key, { shape, data }]) => [key, new nn.Parameter(shape, () => data as Float32Array)]),
  );
}

function stepWith(optimizer: train.Optimizer, name: string, step: number, scale?: number): void {
  const gradients = new Map(
    [...below(golden, `${name}/grad.${step}.`)].map(([key, stored]) => [key, tensorOf(stored)]),
  );
  optimizer.step(gradients, scale);
  for (const gradient of gradients.values()) gradient.dispose();
}

onEveryDevice("optimizers", () => {
  for (const [name, make] of Object.entries(CASES)) {
    it(`updates as torch.optim does: ${name}`, () => {
      const before = tf.memory().numTensors;
      const parameters = startOf(name);
      const optimizer = make(parameters);
      for (let step = 0; step < 5; step++) {
        stepWith(optimizer, name, step);
        for (const [key, stored] of below(golden, `${name}/after.${step}.`))
          assertClose(parameters.get(key)!.value, stored, TOLERANCE, `parameter ${key} after step ${step}`);
      }
      optimizer.dispose();
      for (const parameter of parameters.values()) parameter.dispose();
      assert.equal(tf.memory().numTensors, before);
    });
  }

  for (const name of ["adamw-set", "adamw-amsgrad", "sgd-nesterov", "sgd"])
    it(`goes on from its stored state bit for bit: ${name}`, async () => {
      const [parameters, copies] = [startOf(name), startOf(name)];
      const optimizer = CASES[name](parameters);
      for (let step = 0; step < 3; step++) stepWith(optimizer, name, step);
      for (const [key, copy] of copies) copy.assign(await parameters.get(key)!.read());
      const resumed = CASES[name](copies);
      resumed.loadState(safetensors.parse(safetensors.encode(await optimizer.state())).tensors);
      for (let step = 3; step < 5; step++) [optimizer, resumed].forEach((one) => stepWith(one, name, step));
      for (const [key, copy] of copies) assert.deepEqual(await copy.read(), await parameters.get(key)!.read());
      [optimizer, resumed, ...parameters.values(), ...copies.values()].forEach((one) => one.dispose());
    });

  it("leaves a frozen parameter alone and keeps no state of it", async () => {
    const parameters = startOf("adamw");
    parameters.get("1")!.trainable = false;
    const start = await parameters.get("1")!.read();
    const optimizer = CASES.adamw(parameters);
    stepWith(optimizer, "adamw", 0);
    assert.deepEqual(optimizer.statefulNames(), ["0"]);
    assert.deepEqual(await parameters.get("1")!.read(), start);
    [optimizer, ...parameters.values()].forEach((one) => one.dispose());
  });
});

describe("settings of optimizers", () => {
  it("are refused out of range, and so is a parameter in two groups", async () => {
    assert.throws(() => new train.AdamW([], { learningRate: -1 }), /learningRate must be at least 0, received -1/);
    assert.throws(() => new train.AdamW([], { betas: [0.9, 1] }), /betas must lie in \[0, 1\), received \[0.9, 1\]/);
    assert.throws(() => new train.SGD([], { momentum: -0.1 }), /momentum must be at least 0, received -0.1/);
    assert.throws(() => new train.SGD([], { nesterov: true }), /nesterov needs a momentum above 0, received 0/);
    const parameters = startOf("adamw");
    for (const Kind of [train.AdamW, train.SGD])
      assert.throws(() => new Kind([{ parameters }, { parameters }]), /belongs to one group, received "0"/);
    const other = safetensors.parse(safetensors.encode(new Map([["step.0", scalar]]))).tensors;
    assert.throws(() => new train.SGD([{ parameters }]).loadState(other), /named momentum_buffer.…, received "step.0"/);
    parameters.forEach((parameter) => parameter.dispose());
  });
});
