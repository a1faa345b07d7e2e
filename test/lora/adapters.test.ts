import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { onEveryDevice } from "../nn/devices.ts";
import { nn, type Tensor, tf, train } from "../nn/names.ts";
import { inputOf, largestDifference, Model, outputOf, randomize, snapshot } from "./model.ts";
import { lora } from "./names.ts";

const TARGETS = ["q_proj", "v_proj"];
const KINDS: lora.AdapterOptions[] = [
  { targetModules: TARGETS },
  { targetModules: TARGETS, useRslora: true, r: 3 },
  { targetModules: TARGETS, useDora: true },
  { targetModules: ["q_proj"], loraBias: true },
  { peftType: "DUAL_LORA", r: 4 },
  { peftType: "DUAL_LORA", r: 4, gate: "softmax-blocks", useNorm: false },
  { peftType: "MOE_LORA", targetModules: TARGETS, router: "top-k", r: 2 },
];
const nameOf = (options: lora.AdapterOptions): string => JSON.stringify(options);

onEveryDevice("adapters of a model", () => {
  let model: Model;
  let x: Tensor;
  let tensors: number;
  beforeEach(() => {
    nn.manualSeed(3);
    tensors = tf.memory().numTensors;
    model = new Model();
    x = inputOf();
  });
  afterEach(() => {
    model.dispose();
    x.dispose();
    assert.equal(tf.memory().numTensors, tensors, "no tensor is left");
  });

  for (const options of KINDS)
    it(`changes nothing at first, nothing of the base by training, and nothing after it is gone: ${nameOf(options)}`, () => {
      const base = outputOf(model, x);
      const frozen = model.namedParameters();
      const bytes = snapshot(frozen);
      model.head.bias!.trainable = false;
      const adapters = lora.attach(model, options);
      assert.deepEqual(outputOf(model, x), base, "at first, bit for bit");
      const group = adapters.parameters("default");
      const optimizer = new train.AdamW([{ parameters: group }], { learningRate: 0.05 });
      const before = tf.memory().numTensors;
      for (let step = 0; step < 3; step++) {
        const all = model.namedParameters();
        const found = train.lossAndGradients(() => tf.mean(tf.square(model.forward(x))), all);
        assert.deepEqual(
          [...found.gradients.keys()].filter((name) => !group.has(name)),
          [],
          "no gradient of the base",
        );
        optimizer.step(found.gradients);
        train.disposeGradients(found);
      }
      assert.equal(tf.memory().numTensors, before + 2 * group.size, "a step leaves the optimiser's state only");
      assert.deepEqual(optimizer.statefulNames().sort(), [...group.keys()].sort());
      assert.ok(largestDifference(outputOf(model, x), base) > 1e-3, "training changed the output");
      assert.deepEqual(
        adapters.disabled(() => outputOf(model, x)),
        base,
        "disabled",
      );
      assert.deepEqual(snapshot(frozen), bytes, "the base's bytes");
      optimizer.dispose();
      adapters.detach();
      assert.deepEqual(outputOf(model, x), base, "detached");
      assert.deepEqual([...model.namedParameters().keys()], [...frozen.keys()]);
      assert.equal(model.head.bias!.trainable, false);
      assert.equal(model.head.weight.trainable, true);
    });

  for (const options of KINDS.slice(0, 4))
    it(`merges to the same output and takes it back bit for bit: ${nameOf(options)}`, async () => {
      const base = outputOf(model, x);
      const adapters = lora.attach(model, options);
      randomize(adapters);
      const separate = outputOf(model, x);
      await adapters.merge();
      assert.ok(largestDifference(outputOf(model, x), separate) < 2e-5);
      assert.throws(() => adapters.disabled(() => 0), /lora.Adapters.disabled: merged adapters must be unmerged first/);
      await assert.rejects(adapters.merge(), /must be unmerged first/);
      adapters.unmerge();
      assert.deepEqual(outputOf(model, x), separate);
      assert.deepEqual(
        adapters.disabled(() => outputOf(model, x)),
        base,
      );
      await adapters.merge();
      adapters.detach({ keepMerged: true });
      assert.ok(largestDifference(outputOf(model, x), separate) < 2e-5, "merged for good");
    });

  it("does not merge what depends on the input, what is not finite, or copies of modules", async () => {
    const adapters = lora.attach(model, { peftType: "DUAL_LORA", r: 4 });
    await assert.rejects(
      adapters.merge(),
      /lora.Adapters.merge: DUAL_LORA cannot be merged: its gate or norm makes the update depend on the input, received "default"/,
    );
    adapters.add("mixture", { peftType: "MOE_LORA", targetModules: TARGETS });
    await assert.rejects(adapters.merge(["mixture"]), /its router makes the update depend/);
    adapters.add("plain", { peftType: "DUAL_LORA", r: 2, gate: "none", useNorm: false });
    await adapters.merge(["plain"]);
    adapters.unmerge();
    adapters.add("head", { targetModules: ["q_proj"], modulesToSave: ["head"] });
    await assert.rejects(adapters.merge(["head"]), /copies of whole modules \(modulesToSave\) cannot be merged/);
    adapters.add("broken", { targetModules: TARGETS });
    const bytes = snapshot(model.namedParameters());
    const [first] = adapters.parameters("broken").values();
    first.assign(new Float32Array(first.size).fill(Infinity));
    await assert.rejects(adapters.merge(["broken"]), /merged weights must be finite; nothing was merged/);
    first.assign(bytes.get("layers.0.self_attn.q_proj.adapters.broken.lora_A.weight")!);
    assert.deepEqual(snapshot(model.namedParameters()), bytes);
    adapters.detach();
  });

  it("holds several adapters: active ones add up, in scopes none applies", async () => {
    const base = outputOf(model, x);
    const adapters = lora.attach(model, { targetModules: TARGETS }, { name: "first" });
    adapters.add("second", { targetModules: ["v_proj"], r: 2 });
    for (const name of adapters.names) randomize(adapters, name);
    assert.deepEqual([adapters.names, adapters.active], [["first", "second"], ["first"]]);
    const first = outputOf(model, x);
    adapters.activate("second");
    const second = outputOf(model, x);
    adapters.activate();
    assert.deepEqual(outputOf(model, x), base);
    adapters.activate("first", "second");
    const both = outputOf(model, x);
    assert.ok(largestDifference(both, first) > 1e-3 && largestDifference(both, second) > 1e-3);
    const scope = adapters.disabled(async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return outputOf(model, x);
    });
    assert.deepEqual(adapters.active, [], "off while the promise is open");
    assert.deepEqual(await scope, base);
    assert.throws(() => adapters.disabled(() => assert.fail("inside")), /inside/);
    assert.deepEqual(adapters.active, ["first", "second"], "on again, after an error too");
    adapters.remove("first");
    assert.deepEqual(outputOf(model, x), second);
    adapters.detach();
  });

  it("trains the active adapters only", () => {
    const adapters = lora.attach(model, { targetModules: TARGETS }, { name: "first" });
    adapters.add("second", { targetModules: TARGETS });
    const trainable = () => [...model.namedParameters()].filter(([, one]) => one.trainable).map(([name]) => name);
    assert.deepEqual(trainable(), [...adapters.parameters("first").keys()]);
    adapters.activate("second");
    assert.deepEqual(trainable(), [...adapters.parameters("second").keys()]);
    adapters.detach();
  });

  it("combines: cat and a full svd are the sum of the updates, linear of one is that one, of two it is not the sum", async () => {
    const adapters = lora.attach(model, { targetModules: ["q_proj"], loraAlpha: 5, r: 2 }, { name: "a" });
    adapters.add("b", { targetModules: ["q_proj", "v_proj"], r: 2, useRslora: true });
    for (const name of adapters.names) randomize(adapters, name);
    const weights = { a: 0.7, b: -1.3 };
    await adapters.combine("cat", weights, { type: "cat" });
    await adapters.combine("svd", weights, { rank: 4 });
    await adapters.combine("linear", weights, { type: "linear" });
    await adapters.combine("alone", { b: 1 }, { type: "linear" });
    const update = (path: string, name: string): Float32Array =>
      tf.tidy(() => {
        const layer = model.namedModules().get(path) as lora.AdaptedLayer;
        const zero = tf.zeros([layer.outFeatures, layer.inFeatures]);
        return Float32Array.from((layer.adapters.get(name)?.merged(zero) ?? zero).dataSync());
      });
    for (const path of adapters.matched("cat").adapted) {
      const [a, b] = [update(path, "a"), update(path, "b")];
      const sum = a.map((value, i) => 0.7 * value - 1.3 * b[i]);
      assert.ok(largestDifference(update(path, "cat"), sum) < 1e-5, `cat, ${path}`);
      assert.ok(largestDifference(update(path, "svd"), sum) < 1e-5, `svd, ${path}`);
      assert.ok(largestDifference(update(path, "alone"), b) < 1e-5, `alone, ${path}`);
      const crossed = path.endsWith("q_proj");
      assert.equal(largestDifference(update(path, "linear"), sum) > 1e-2, crossed, `linear, ${path}`);
    }
    assert.equal(adapters.config("cat").r, 4);
    adapters.add("dual", { peftType: "DUAL_LORA", r: 2 });
    await assert.rejects(adapters.combine("c", { a: 1, dual: 1 }), /only plain LoRA adapters combine.*"dual"/);
    await assert.rejects(adapters.combine("c", { a: 1 }, { type: "ties" }), /density of ties must be .*undefined/);
    await assert.rejects(
      adapters.combine("c", { a: 1 }, { type: "dare_ties", density: 1.5 }),
      /at most 1, received 1.5/,
    );
    await assert.rejects(
      adapters.combine("c", { a: 1 }, { type: "dare_linear_svd" }),
      /density of dare_linear_svd must be .*undefined/,
    );
    await assert.rejects(adapters.combine("c", { a: 1 }, { clamp: 0.4 }), /clamp must be above 0.5 .* received 0.4/);
    await assert.rejects(adapters.combine("c", { a: 1 }, { rank: 0 }), /rank must be a whole number .* received 0/);
    await assert.rejects(
      adapters.combine("c", { a: 1 }, { type: "dare_svd" as "svd" }),
      /type must be one of cat, linear, svd, ties, .*, magnitude_prune_svd, received "dare_svd"/,
    );
    await assert.rejects(adapters.combine("c", { a: 1, nobody: 1 }), /adapters are a, b, .*received "nobody"/);
    adapters.detach();
  });

  it("combines adapters of rsLoRA to their exact sum, whose file scales by alpha / r = 1 and not by √r as PEFT's own", async () => {
    const adapters = lora.attach(model, { targetModules: TARGETS, r: 4, useRslora: true }, { name: "a" });
    adapters.add("b", { targetModules: TARGETS, r: 5, loraAlpha: 3, useRslora: true });
    for (const name of adapters.names) randomize(adapters, name);
    const weights = { a: 0.5, b: 2 };
    await adapters.combine("cat", weights, { type: "cat" });
    for (const path of adapters.matched("cat").adapted) {
      const layer = model.namedModules().get(path) as lora.AdaptedLayer;
      const update = (name: string): Float32Array =>
        tf.tidy(() => {
          const zero = tf.zeros([layer.outFeatures, layer.inFeatures]);
          return Float32Array.from((layer.adapters.get(name)?.merged(zero) ?? zero).dataSync());
        });
      const [a, b] = [update("a"), update("b")];
      const sum = a.map((value, i) => weights.a * value + weights.b * b[i]);
      assert.ok(largestDifference(update("cat"), sum) < 1e-5, path);
    }
    const { r, loraAlpha, useRslora } = adapters.config("cat") as lora.LoraConfig;
    assert.deepEqual([r, loraAlpha, useRslora], [9, 9, false]);
    adapters.detach();
  });

  it("combines whole updates on wide and on tall layers: with all values, at the sum of the ranks, nothing is lost", async () => {
    class Sides extends nn.Module {
      wide = new nn.Linear(9, 4);
      tall = new nn.Linear(4, 9);
    }
    const sides = new Sides();
    const adapters = lora.attach(sides, { targetModules: ["wide", "tall"], r: 1 }, { name: "a" });
    adapters.add("b", { targetModules: ["wide", "tall"], r: 2 });
    for (const name of adapters.names) randomize(adapters, name);
    const weights = { a: 0.5, b: -2 };
    await adapters.combine("cat", weights, { type: "cat" });
    await adapters.combine("whole", weights, { type: "magnitude_prune_svd", density: 1, rank: 3 });
    await adapters.combine("more", weights, { type: "dare_linear_svd", density: 1, rank: 6 });
    for (const path of ["wide", "tall"])
      tf.tidy(() => {
        const layer = sides.namedModules().get(path) as lora.AdaptedLayer;
        const updates = ["cat", "whole", "more"].map((name) => {
          const zero = tf.zeros([layer.outFeatures, layer.inFeatures]);
          return Float32Array.from(layer.adapters.get(name)!.merged(zero).dataSync());
        });
        assert.ok(largestDifference(updates[1], updates[0]) < 1e-5, path);
        assert.ok(largestDifference(updates[2], updates[0]) < 1e-5, `${path}, of more ranks than the update has`);
      });
    adapters.detach();
    sides.dispose();
  });

  it("holds copies of whole modules that the adapter trains", () => {
    const base = outputOf(model, x);
    const adapters = lora.attach(model, { targetModules: ["q_proj"], modulesToSave: ["head"] });
    assert.deepEqual(outputOf(model, x), base);
    assert.deepEqual(adapters.matched("default").saved, ["head"]);
    randomize(adapters);
    assert.ok(largestDifference(outputOf(model, x), base) > 1e-3);
    assert.deepEqual(
      adapters.disabled(() => outputOf(model, x)),
      base,
    );
    adapters.detach();
    assert.deepEqual(outputOf(model, x), base);
  });

  it("DoRA: a longer magnitude lengthens the weight's part of the output, not the bias's", () => {
    const adapters = lora.attach(model, { targetModules: ["q_proj"], useDora: true });
    randomize(adapters);
    const layer = model.namedModules().get("layers.0.self_attn.q_proj") as lora.AdaptedLayer;
    const magnitude = (layer.adapters.get("default") as lora.DoraBranch).lora_magnitude_vector;
    const bias = (layer.base_layer as nn.Linear).bias!.value.dataSync();
    const part = outputOf(layer, x).map((value, i) => value - bias[i % bias.length]);
    magnitude.assign(Float32Array.from(magnitude.value.dataSync(), (value) => 3 * value));
    const longer = outputOf(layer, x).map((value, i) => value - bias[i % bias.length]);
    assert.ok(
      largestDifference(
        longer,
        part.map((value) => 3 * value),
      ) < 1e-4,
    );
    adapters.detach();
  });

  it("drops inputs of A in training only, by the shared generator", () => {
    const adapters = lora.attach(model, { targetModules: ["q_proj"], loraDropout: 0.5 });
    randomize(adapters);
    const drawn = (seed: number): Float32Array => {
      nn.manualSeed(seed);
      return outputOf(model, x);
    };
    assert.deepEqual(drawn(1), drawn(1));
    assert.ok(largestDifference(drawn(1), drawn(2)) > 1e-3);
    model.eval();
    assert.deepEqual(drawn(1), drawn(2));
    adapters.detach();
  });
});

describe("what adapters refuse", () => {
  const refused = (options: object, message: RegExp): void => {
    const model = new Model();
    const names = [...model.namedParameters().keys()];
    assert.throws(
      () => lora.attach(model, options as lora.AdapterOptions),
      (error: unknown) => {
        assert.ok(error instanceof lora.LoraError);
        assert.match(error.message, message);
        return true;
      },
    );
    assert.deepEqual([...model.namedParameters().keys()], names, "nothing is attached");
    assert.ok(
      [...model.namedParameters().values()].every((one) => one.trainable),
      "nothing is frozen",
    );
    model.dispose();
  };

  it("targets that match nothing, or what is no layer", () => {
    refused(
      { targetModules: ["query"] },
      /targetModules must match a layer; layers are layers.0, .*received \[query\]/,
    );
    refused({ targetModules: "q_proj" }, /must match a layer/);
    refused({ targetModules: ["norm"] }, /must name Linear, Conv1D or Embedding layers; layers.0.norm is none/);
    refused({ targetModules: ["v_proj"], loraBias: true }, /loraBias needs layers that have a bias/);
  });

  it("options out of range, unknown, or against each other", () => {
    refused({ targetModules: ["q_proj"], r: 0 }, /r must be a whole number of at least 1, received 0/);
    refused({ targetModules: ["q_proj"], rank: 4 }, /options of LORA are r, .*received "rank"/);
    refused({ targetModules: ["q_proj"], loraDropout: 1 }, /loraDropout must be in \[0, 1\), received 1/);
    refused({ targetModules: ["q_proj"], rankPattern: { q: 0.5 } }, /rankPattern must be an object of whole numbers/);
    refused({ peftType: "DUAL_LORA", r: 1 }, /r must be at least 2 with the norm/);
    refused({ peftType: "DUAL_LORA", r: 6, gate: "softmax-blocks" }, /r must be a multiple of the 4 gateBlocks/);
    refused({ peftType: "DUAL_LORA", gate: "tanh" }, /gate must be one of relu, sigmoid, softmax-blocks, none/);
    refused(
      { peftType: "MOE_LORA", targetModules: TARGETS, experts: 2, topK: 3 },
      /topK must be at most the 2 experts/,
    );
    refused({ targetModules: ["q_proj"], useDora: true, loraBias: true }, /exclude each other/);
    refused({ peftType: "IA3", targetModules: ["q_proj"] }, /peftType must be one of LORA,DUAL_LORA,MOE_LORA/);
  });

  it("expressions that are none, or that never end", () => {
    refused({ targetModules: "(" }, /expression is Python's .* has a \( without its \), received "\("/);
    const model = new Model();
    Object.assign(model, { ["a".repeat(40)]: new nn.Linear(1, 1) });
    assert.throws(() => lora.attach(model, { targetModules: "(a+)+b" }), /must end within 1000 ms/);
    model.dispose();
  });

  it("a second set of adapters, names twice or with dots, adapters that are not there", () => {
    const model = new Model();
    const adapters = lora.attach(model, { targetModules: TARGETS });
    assert.throws(() => lora.attach(model, { targetModules: TARGETS }), /the model has adapters already/);
    assert.throws(() => adapters.add("default", { targetModules: TARGETS }), /each adapter must have a different name/);
    assert.throws(() => adapters.add("a.b", { targetModules: TARGETS }), /a name has letters, digits/);
    assert.throws(() => adapters.activate("nobody"), /lora.Adapters.activate: adapters are default, received "nobody"/);
    adapters.detach();
    model.dispose();
  });
});
