/** Blocks with adapters that the device `native` computes as one graph forward and one backward. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { apart, counting } from "../nn/graphs.ts";
import { nn, train, type Tensor, tf } from "../nn/names.ts";
import { largestDifference, randomize } from "./model.ts";
import { lora } from "./names.ts";

const SHAPE = [5, 19, 48];
const TARGETS = { targetModules: ["q_proj", "v_proj", "fc1"], r: 4, loraAlpha: 8, loraDropout: 0 };
const KINDS: Record<string, lora.AdapterOptions> = {
  LoRA: TARGETS,
  "LoRA with dropout and bias": { ...TARGETS, loraDropout: 0.2, loraBias: true },
  DoRA: { ...TARGETS, useDora: true },
  "DoRA with dropout": { ...TARGETS, useDora: true, loraDropout: 0.2 },
  "Dual-LoRA": { ...TARGETS, peftType: "DUAL_LORA" },
  "Dual-LoRA with dropout": { ...TARGETS, peftType: "DUAL_LORA", loraDropout: 0.2 },
  "Dual-LoRA with softmax gates": { ...TARGETS, peftType: "DUAL_LORA", gate: "softmax-blocks", gateBlocks: 2 },
};

interface Adapted {
  block: nn.Block;
  adapters: lora.Adapters;
}

function adapted(options: lora.AdapterOptions): Adapted {
  nn.manualSeed(4);
  const block = new nn.Block(SHAPE[2], { heads: 4 });
  const adapters = lora.attach(block, options);
  randomize(adapters);
  return { block, adapters };
}

function discard({ block, adapters }: Adapted): void {
  adapters.detach();
  block.dispose();
}

/** Output and gradients of the adapters, as numbers by name, and the number of graphs that computed them. */
function run({ block, adapters }: Adapted, x: Tensor): [values: Map<string, Float32Array>, graphs: number] {
  const compute = (): train.LossAndGradients => {
    nn.manualSeed(9);
    return train.lossAndGradients(() => tf.mean(tf.square(block.forward(x))), adapters.parameters("default"));
  };
  // The second call, so that a graph is there.
  train.disposeGradients(compute());
  const { numTensors } = tf.memory();
  const [found, graphs] = counting(compute);
  const all = [...found.gradients, ["loss", found.loss] as const];
  const values = new Map(all.map(([name, one]) => [name, Float32Array.from(one.dataSync())]));
  train.disposeGradients(found);
  assert.equal(tf.memory().numTensors, numTensors, "no tensor is left");
  return [values, graphs];
}

const output = ({ block }: Adapted, x: Tensor): Float32Array =>
  tf.tidy(() => Float32Array.from(block.forward(x).dataSync()));

describe("a block with adapters as one graph", () => {
  before(() => nn.start("native"));

  for (const [name, options] of Object.entries(KINDS))
    // Values of the large batch are computed in parts.
    for (const batch of [SHAPE[0], 300])
      it(`equals single operations, ${name}, batch ${batch}`, () => {
        const model = adapted(options);
        const x = tf.randomNormal([batch, ...SHAPE.slice(1)], 0, 1, "float32", 3);
        const [one, graphs] = run(model, x);
        apart(model.block.mlp);
        const [many, single] = run(model, x);
        assert.ok(graphs < single / 2, `${graphs} graphs in place of ${single}`);
        assert.deepEqual([...one.keys()], [...many.keys()]);
        for (const [key, values] of many) {
          const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
          const difference = largestDifference(values, one.get(key)!);
          assert.ok(difference <= 2e-5 * scale, `${key} differs by ${difference} of ${scale}`);
        }
        x.dispose();
        discard(model);
      });

  it("follows what is applied: none, merged, others", async () => {
    const model = adapted(TARGETS);
    const x = tf.randomNormal(SHAPE, 0, 1, "float32", 3);
    const [plain, withAdapters] = [model.adapters.disabled(() => output(model, x)), output(model, x)];
    assert.ok(largestDifference(plain, withAdapters) > 0.1);
    await model.adapters.merge();
    assert.ok(largestDifference(output(model, x), withAdapters) < 1e-4, "merged");
    model.adapters.unmerge();
    assert.deepEqual(output(model, x), withAdapters, "unmerged");
    assert.deepEqual(
      model.adapters.disabled(() => output(model, x)),
      plain,
      "disabled again",
    );
    x.dispose();
    discard(model);
  });

  it("shows the openings of each call to an observer", async () => {
    const model = adapted(KINDS["Dual-LoRA"]);
    const x = tf.randomNormal(SHAPE, 0, 1, "float32", 3);
    output(model, x);
    const { uses } = await lora.gateActivity(model.adapters, { all: [x] }, (x) => model.block.forward(x));
    assert.ok(uses.length > 0);
    x.dispose();
    discard(model);
  });
});
