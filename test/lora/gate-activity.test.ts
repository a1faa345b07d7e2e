import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { nn, type Tensor, tf } from "../nn/names.ts";
import { inputOf, Model, randomize } from "./model.ts";
import { lora } from "./names.ts";

const DUAL: lora.AdapterOptions = {
  peftType: "DUAL_LORA",
  targetModules: ["q_proj"],
  r: 4,
  loraAlpha: 8,
  loraDropout: 0,
};

function adapted(options: lora.AdapterOptions): { model: Model; adapters: lora.Adapters } {
  nn.manualSeed(5);
  const model = new Model();
  const adapters = lora.attach(model, options);
  randomize(adapters);
  return { model, adapters };
}

/** Inputs [2, 4, 6] that push every gate's T x far to one side, and its opposite. */
function oneSided(model: Model, sign: number): Tensor {
  const branch = (model.namedModules().get("layers.0.self_attn.q_proj") as lora.AdaptedLayer).adapters.get("default");
  (branch as lora.DualBranch).lora_T!.weight.assign(new Float32Array(24).fill(0.5));
  return tf.fill([2, 4, 6], sign);
}

describe("gate activity", () => {
  before(() => nn.start("native"));

  it("is the mean opening and the share of open inputs, task by task, batches together", async () => {
    const { model, adapters } = adapted({
      ...DUAL,
      targetModules: ["layers.0.self_attn.v_proj"],
    } as lora.AdapterOptions);
    const [one, two, three] = [1, 2, 3].map(inputOf);
    const branch = (model.namedModules().get("layers.0.self_attn.v_proj") as lora.AdaptedLayer).adapters.get("default");
    const openings: number[][] = [];
    // The expected gate comes from the branch's public method.
    const gate = branch as lora.DualBranch;
    const apply = gate.apply.bind(gate);
    gate.apply = (x, result) => {
      openings.push(...(gate.openings(x)!.arraySync() as number[][]));
      return apply(x, result);
    };
    for (const x of [one, two]) tf.tidy(() => void model.forward(x));
    const expected = { mean: [0, 0, 0, 0], active: [0, 0, 0, 0] };
    for (const row of openings)
      row.forEach((value, unit) => {
        expected.mean[unit] += value / openings.length;
        expected.active[unit] += value > 0 ? 1 / openings.length : 0;
      });
    gate.apply = apply;
    const before = tf.memory().numTensors;
    const { uses, pictures } = await lora.gateActivity(adapters, { first: [one, two], second: [three] }, (x) =>
      model.forward(x),
    );
    assert.equal(tf.memory().numTensors, before, "no tensor is left");
    assert.deepEqual(
      [uses[0].task, uses[0].layer, uses[0].inputs, uses[1].inputs],
      ["first", "layers.0.self_attn.v_proj", 16, 8],
    );
    uses[0].mean.forEach((value, unit) => assert.ok(Math.abs(value - expected.mean[unit]) < 1e-6));
    uses[0].active.forEach((value, unit) => assert.ok(Math.abs(value - expected.active[unit]) < 1e-6));
    assert.deepEqual(
      pictures.map(({ title, rows, columns, values }) => [title, rows.length, columns.length, values.length]),
      [
        ["Active units, layers.0.self_attn.v_proj", 2, 4, 8],
        ["Mean gate, layers.0.self_attn.v_proj", 2, 4, 8],
      ],
    );
    assert.equal(pictures[0].values[4], uses[1].active[0], "the second row is the second task");
    adapters.detach();
    model.dispose();
  });

  it("tells tasks apart whose inputs open and close the same gate, and names layers where there are several", async () => {
    const { model, adapters } = adapted(DUAL);
    const [up, down] = [oneSided(model, 1), oneSided(model, -1)];
    const { pictures } = await lora.gateActivity(adapters, { up: [up], down: [down] }, (x) =>
      // The first layer's own input, without its norm.
      model.layers[0].selfAttn.qProj.forward(x),
    );
    assert.deepEqual(
      pictures.map(({ title }) => title),
      ["Active units by layer", "Mean gate by layer", "Active units", "Mean gate"],
    );
    const [active, , byUnit] = pictures;
    assert.deepEqual(active.columns, ["layers.0.self_attn.q_proj", "layers.1.self_attn.q_proj"]);
    assert.deepEqual([active.values[0], active.values[2]], [1, 0], "all units open for one task, none for the other");
    assert.ok(Number.isNaN(active.values[1]), "a layer that saw nothing has no share");
    assert.equal(byUnit.columns[4], "layers.1.self_attn.q_proj 1");
    adapters.detach();
    model.dispose();
  });

  it("looks at a mixture's experts in the same way", async () => {
    const [layer, router] = ["layers.0.self_attn.q_proj", "top-k"] as const;
    const shared = { targetModules: [layer], r: 2, loraAlpha: 2, experts: 3 };
    const { model, adapters } = adapted({ ...shared, peftType: "MOE_LORA", router, topK: 1 });
    const seen: number[] = [];
    const onProgress = ({ done, total }: { done: number; total: number }) => void seen.push(done / total);
    const { uses } = await lora.gateActivity(adapters, { all: [inputOf()] }, (x) => model.forward(x), { onProgress });
    assert.deepEqual(seen, [1]);
    assert.equal(uses[0].mean.length, 3);
    const sum = uses[0].active.reduce((total, share) => total + share, 0);
    assert.ok(Math.abs(sum - 1) < 1e-6, "one expert an input");
    adapters.detach();
    model.dispose();
  });

  it("refuses adapters without gates, and ones that do not apply", async () => {
    const { model, adapters } = adapted({ targetModules: ["q_proj"], r: 2, loraAlpha: 2 });
    const run = (name?: string) => lora.gateActivity(adapters, { one: [inputOf()] }, (x) => model.forward(x), { name });
    await assert.rejects(run(), /lora\.gateActivity: the adapter must have gates.*received "LORA"/);
    adapters.add("other", DUAL);
    await assert.rejects(run("other"), /the adapter must be active, received "other"/);
    await assert.rejects(run("none"), lora.LoraError);
    adapters.detach();
    model.dispose();
  });
});
