/** Dual-LoRA by the formulas of arXiv 2411.12787, one test a statement. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Matrix, SingularValueDecomposition } from "ml-matrix";
import { onEveryDevice } from "../nn/devices.ts";
import { nn, type Tensor, tf, train } from "../nn/names.ts";
import { inputOf, largestDifference, outputOf, randomize, snapshot } from "./model.ts";
import { lora } from "./names.ts";

class Model extends nn.Module {
  proj = new nn.Linear(6, 5);

  forward(x: Tensor): Tensor {
    return this.proj.forward(x);
  }
}

const layerOf = (model: Model): lora.AdaptedLayer => model.namedModules().get("proj") as lora.AdaptedLayer;
const dualOf = (model: Model): lora.DualBranch => layerOf(model).adapters.get("default") as lora.DualBranch;
const moeOf = (model: Model): lora.MoeBranch => layerOf(model).adapters.get("default") as lora.MoeBranch;
const valuesOf = (parameter: nn.Parameter): Float32Array => Float32Array.from(parameter.value.dataSync());

onEveryDevice("Dual-LoRA", () => {
  let model: Model;
  let x: Tensor;
  beforeEach(() => {
    nn.manualSeed(5);
    model = new Model();
    x = inputOf();
  });
  afterEach(() => {
    model.dispose();
    x.dispose();
  });

  function dual(options: Partial<lora.DualLoraConfig> = {}): lora.Adapters {
    const shared = { r: 4, loraAlpha: 6, loraDropout: 0, targetModules: ["proj"] };
    const adapters = lora.attach(model, { ...shared, ...options, peftType: "DUAL_LORA" });
    randomize(adapters);
    return adapters;
  }

  it("has the paper's defaults: r 32, alpha 64, so s = 2, dropout .05, ReLU and norm, on q_proj and v_proj", () => {
    const adapters = lora.attach(model, { peftType: "DUAL_LORA", targetModules: ["proj"] });
    const { r, loraAlpha, loraDropout, gate, useNorm } = adapters.config("default") as lora.DualLoraConfig;
    assert.deepEqual([r, loraAlpha, loraDropout, gate, useNorm], [32, 64, 0.05, "relu", true]);
    assert.equal(dualOf(model).scaling, 2);
    assert.equal(dualOf(model).lora_norm!.eps, 1e-5);
    adapters.detach();
    const scaled = dual({ scaling: 0.3 });
    assert.equal(dualOf(model).scaling, 0.3);
    scaled.detach();
  });

  it("without gate and norm is LoRA, bit for bit", () => {
    const adapters = dual({ gate: "none", useNorm: false });
    adapters.add("plain", { targetModules: ["proj"], r: 4, loraAlpha: 6 });
    const plain = adapters.parameters("plain");
    for (const [name, parameter] of adapters.parameters("default"))
      plain.get(name.replace(".default.", ".plain."))!.assign(parameter.value);
    const own = outputOf(model, x);
    adapters.activate("plain");
    assert.deepEqual(outputOf(model, x), own);
    adapters.detach();
  });

  for (const [gate, router] of [
    ["relu", "rectified"],
    ["softmax-blocks", "softmax"],
  ] as const)
    it(`with gate ${gate} and each expert's row of T repeated is the ${router} mixture; a router row zero takes its expert out`, () => {
      const adapters = dual({ gate, useNorm: false, gateBlocks: 2 });
      const { lora_A: a, lora_B: b, lora_T: t } = dualOf(model);
      const rows = [valuesOf(t!.weight).slice(0, 6), valuesOf(t!.weight).slice(6, 12)];
      t!.weight.assign(Float32Array.from([...rows[0], ...rows[0], ...rows[1], ...rows[1]]));
      const own = outputOf(model, x);
      // s = alpha / r is of one expert in a mixture.
      adapters.add("moe", { peftType: "MOE_LORA", targetModules: ["proj"], r: 2, loraAlpha: 3, experts: 2, router });
      const moe = layerOf(model).adapters.get("moe") as lora.MoeBranch;
      moe.lora_A.weight.assign(a.weight.value);
      moe.lora_B.weight.assign(b.weight.value);
      moe.lora_router.weight.assign(Float32Array.from([...rows[0], ...rows[1]]));
      adapters.activate("moe");
      assert.ok(largestDifference(outputOf(model, x), own) < 1e-5);
      if (router !== "rectified") return adapters.detach();
      moe.lora_router.weight.assign(Float32Array.from([...rows[0], ...new Float32Array(6)]));
      const first = outputOf(model, x);
      moe.lora_router.weight.assign(Float32Array.from([...rows[0], ...rows[1]]));
      moe.lora_B.weight.assign(valuesOf(moe.lora_B.weight).map((value, i) => (i % 4 < 2 ? value : 0)));
      assert.ok(largestDifference(outputOf(model, x), first) < 1e-6, "the second expert alone is gone");
      adapters.detach();
    });

  it("without norm: the update for one input is s B diag(gate) A, of a rank of at most the open units", () => {
    const adapters = dual({ useNorm: false });
    const branch = dualOf(model);
    const rows = tf.tidy(() => tf.reshape(x, [-1, 6]).arraySync() as number[][]);
    const open = tf.tidy(() => branch.openings(tf.reshape(x, [-1, 6]))!.arraySync() as number[][]);
    const matrix = ({ value }: nn.Parameter) => new Matrix(value.arraySync() as number[][]);
    const [a, b] = [matrix(branch.lora_A.weight), matrix(branch.lora_B.weight)];
    const change = updateOf(model, adapters, x);
    assert.ok(
      open.some((units) => units.filter((unit) => unit > 0).length < 3),
      "inputs with closed units",
    );
    open.forEach((units, n) => {
      const update = b.mmul(Matrix.diag(units)).mmul(a).mul(branch.scaling);
      update
        .mmul(Matrix.columnVector(rows[n]))
        .to1DArray()
        .forEach((value, i) => {
          assert.ok(Math.abs(value - change[n * 5 + i]) < 1e-5);
        });
      assert.ok(new SingularValueDecomposition(update).rank <= units.filter((unit) => unit > 0).length);
    });
    adapters.detach();
  });

  it("finite differences agree for A, T, B, γ and β, and a closed unit gets no gradient", () => {
    const adapters = dual();
    const one = tf.tidy(() => tf.randomNormal([1, 6], 0, 1, "float32", 4));
    const weights = tf.tidy(() => tf.randomNormal([1, 5], 0, 1, "float32", 2));
    const along = Array.from(one.dataSync(), (value) => 0.3 * value);
    const against = along.map((value) => -value);
    dualOf(model).lora_T!.weight.assign(Float32Array.from([...along, ...against, ...along, ...against]));
    const loss = (): Tensor => tf.sum(tf.mul(model.forward(one), weights));
    const group = adapters.parameters("default");
    const found = train.lossAndGradients(loss, group);
    const at = (): number => tf.tidy(() => loss().dataSync()[0]);
    for (const [name, parameter] of group) {
      const values = valuesOf(parameter);
      const gradient = Float32Array.from(found.gradients.get(name)!.dataSync());
      const scale = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0.1);
      for (const i of [0, values.length >> 1, values.length - 1]) {
        const moved = (by: number): number => {
          parameter.assign(values.map((value, j) => (i === j ? value + by : value)));
          return at();
        };
        const slope = (moved(5e-3) - moved(-5e-3)) / 1e-2;
        assert.ok(Math.abs(slope - gradient[i]) < 5e-3 * scale, `${name}[${i}]: ${slope}, ${gradient[i]}`);
      }
      parameter.assign(values);
    }
    const open = tf.tidy(() => dualOf(model).openings(one)!.dataSync());
    const closed = [...open.keys()].filter((unit) => open[unit] === 0);
    assert.deepEqual(closed, [1, 3]);
    const of = (key: string): Tensor => found.gradients.get(`proj.adapters.default.${key}`)!;
    for (const unit of closed) {
      const zero = (values: Iterable<number>): void => assert.ok([...values].every((value) => value === 0));
      zero(tf.tidy(() => tf.slice(of("lora_T.weight"), [unit, 0], [1, 6]).dataSync()));
      zero(tf.tidy(() => tf.slice(of("lora_B.weight"), [0, unit], [5, 1]).dataSync()));
      zero([of("lora_norm.weight").dataSync()[unit], of("lora_norm.bias").dataSync()[unit]]);
    }
    train.disposeGradients(found);
    tf.dispose([one, weights] as never);
    adapters.detach();
  });

  it("the first step changes B only, the second everything", () => {
    const adapters = lora.attach(model, { peftType: "DUAL_LORA", r: 4, loraDropout: 0, targetModules: ["proj"] });
    const group = adapters.parameters("default");
    const optimizer = new train.AdamW([{ parameters: group }], { learningRate: 0.01, weightDecay: 0 });
    const changed = (): string[] => {
      const before = snapshot(group);
      const found = train.lossAndGradients(() => tf.mean(tf.square(model.forward(x))), group);
      optimizer.step(found.gradients);
      train.disposeGradients(found);
      const after = snapshot(group);
      return [...group.keys()].filter((name) => largestDifference(before.get(name)!, after.get(name)!) > 0);
    };
    assert.deepEqual(changed(), ["proj.adapters.default.lora_B.weight"]);
    assert.deepEqual(changed(), [...group.keys()]);
    optimizer.dispose();
    adapters.detach();
  });

  it("with the norm A's length does not matter, and T's length scales the update", () => {
    const adapters = dual();
    const own = outputOf(model, x);
    const update = updateOf(model, adapters, x);
    const { lora_A: a, lora_T: t } = dualOf(model);
    a.weight.assign(valuesOf(a.weight).map((value) => 7 * value));
    assert.ok(largestDifference(outputOf(model, x), own) < 1e-3, "up to the norm's eps");
    a.weight.assign(valuesOf(a.weight).map((value) => value / 7));
    t!.weight.assign(valuesOf(t!.weight).map((value) => 3 * value));
    assert.ok(
      largestDifference(
        updateOf(model, adapters, x),
        update.map((value) => 3 * value),
      ) < 1e-4,
    );
    adapters.detach();
  });

  it("drops what the skill space sees, never what the task space sees", () => {
    const adapters = dual({ loraDropout: 0.5, useNorm: false });
    nn.manualSeed(9);
    const own = updateOf(model, adapters, x);
    nn.manualSeed(9);
    const expected = tf.tidy(() => {
      const rows = tf.reshape(x, [-1, 6]);
      const { lora_A: a, lora_B: b, scaling } = dualOf(model);
      const skill = a.forward(nn.dropout(rows, 0.5));
      return Float32Array.from(tf.mul(b.forward(tf.mul(dualOf(model).openings(rows)!, skill)), scaling).dataSync());
    });
    assert.ok(largestDifference(own, expected) < 1e-5);
    adapters.detach();
  });

  it("a mixture's routing sums to one, and with top-k names that many experts", () => {
    const options = { peftType: "MOE_LORA" as const, targetModules: ["proj"], experts: 5, topK: 2 };
    for (const router of ["softmax", "top-k"] as const) {
      const adapters = lora.attach(model, { ...options, router });
      const weights = tf.tidy(
        () =>
          moeOf(model)
            .routing(tf.reshape(x, [-1, 6]))
            .arraySync() as number[][],
      );
      for (const row of weights) {
        assert.ok(Math.abs(row.reduce((sum, one) => sum + one, 0) - 1) < 1e-5);
        assert.equal(row.filter((one) => one > 0).length, router === "top-k" ? 2 : 5);
      }
      adapters.detach();
    }
  });
});

/** Sum that the adapters add to the output. */
function updateOf(model: Model, adapters: lora.Adapters, x: Tensor): Float32Array {
  const base = adapters.disabled(() => outputOf(model, x));
  return outputOf(model, x).map((value, i) => value - base[i]);
}

describe("numbers of values", () => {
  const square = { inFeatures: 4096, outFeatures: 4096 };
  const targetModules = ["q_proj", "v_proj"];
  /** Query and value projections of 32 layers. */
  const of7B = (options: lora.AdapterOptions): number => 64 * lora.parameterCount(options, square);

  it("are those of the sheet for a 7B model", () => {
    const moe = { peftType: "MOE_LORA" as const, targetModules };
    assert.equal(lora.parameterCount({ peftType: "DUAL_LORA" }, square), 393_280);
    assert.equal(of7B({ peftType: "DUAL_LORA" }), 25_169_920);
    assert.equal(of7B({ targetModules, r: 8 }), 4_194_304);
    assert.equal(of7B({ targetModules, r: 32 }), 16_777_216);
    assert.equal(of7B({ targetModules, r: 48 }), 25_165_824);
    assert.equal(of7B({ peftType: "DUAL_LORA" }) - of7B({ targetModules, r: 48 }), 4_096);
    assert.equal(of7B({ ...moe, r: 32 }), 68_157_440);
    assert.equal(of7B({ ...moe, r: 8 }), 17_825_792);
  });

  it("are those of the tensors", async () => {
    await nn.start("cpu");
    const kinds: lora.AdapterOptions[] = [
      { targetModules: ["proj"] },
      { targetModules: ["proj"], useDora: true },
      { targetModules: ["proj"], loraBias: true },
      { peftType: "DUAL_LORA", targetModules: ["proj"] },
      { peftType: "DUAL_LORA", targetModules: ["proj"], gate: "none" },
      { peftType: "DUAL_LORA", targetModules: ["proj"], useNorm: false },
      { peftType: "MOE_LORA", targetModules: ["proj"], experts: 3 },
    ];
    for (const options of kinds) {
      const model = new Model();
      const adapters = lora.attach(model, options);
      const count = lora.parameterCount(options, { inFeatures: 6, outFeatures: 5 });
      assert.deepEqual([adapters.counts().trainable, adapters.counts().all], [count, count + 35]);
      adapters.detach();
      model.dispose();
    }
  });

  it("are printed as PEFT prints them", () => {
    class Wide extends nn.Module {
      proj = new nn.Linear(1200, 1000);
    }
    const model = new Wide();
    const adapters = lora.attach(model, { targetModules: ["proj"], r: 8 });
    const expected = "trainable params: 17,600 || all params: 1,218,600 || trainable%: 1.4443";
    assert.equal(adapters.summary(), expected);
    adapters.detach();
    model.dispose();
  });
});
