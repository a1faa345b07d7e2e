/** Blocks of vision transformers that the device `native` computes as one graph, beside the same by single operations. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { nn, train, type Tensor, tf } from "../nn/names.ts";
import { models } from "./names.ts";

const SMALL: models.VitConfig = { imgSize: 24, patchSize: 4, embedDim: 16, depth: 3, numHeads: 2, mlpRatio: 2 };

const FAMILIES: Record<string, models.VitConfig> = {
  "drop path and layer scale": { dropPathRate: 0.5, initValues: 0.1 },
  "rotary positions and registers": { posEmbed: "rotary", regTokens: 2 },
  "neighbouring rotary positions, norms of queries and keys": {
    posEmbed: "rotary",
    rotary: { layout: "interleaved" },
    qkNorm: true,
  },
  "RMS norms and a gated layer": { normLayer: "rms", mlpLayer: "swiglu", globalPool: "avg", classToken: false },
  "a packed gated layer": { mlpLayer: "swiglu-packed", globalPool: "avg" },
  "the activation of CLIP, and dropout": { actLayer: "quick-gelu", attnDropRate: 0.1, projDropRate: 0.1 },
};

interface Run {
  loss: number;
  gradients: Map<string, Float32Array>;
  graphs: number;
}

function run(config: models.VitConfig, single: boolean): Run {
  nn.manualSeed(4);
  const model = new models.VisionTransformer({ ...SMALL, ...config }).train();
  // Its own `forward` keeps a module out of a graph.
  if (single) for (const { mlp } of model.blocks) Object.assign(mlp, { forward: Object.getPrototypeOf(mlp).forward });
  const x = tf.randomNormal([2, 3, 24, 24], 0, 1, "float32", 7);
  const parameters = model.namedParameters();
  const { device } = tf.backend() as unknown as { device: { runSession: (...args: unknown[]) => unknown } };
  const original = device.runSession;
  let graphs = 0;
  device.runSession = function (...args) {
    graphs++;
    return original.apply(this, args);
  };
  nn.manualSeed(5);
  const loss = (): Tensor => tf.sum(tf.square(model.forwardFeatures(x)));
  const found = train.lossAndGradients(loss, parameters);
  device.runSession = original;
  const gradients = new Map([...found.gradients].map(([name, g]) => [name, Float32Array.from(g.dataSync())]));
  const [value] = found.loss.dataSync();
  train.disposeGradients(found);
  model.dispose();
  x.dispose();
  return { loss: value, gradients, graphs };
}

describe("blocks of vision transformers as one graph", () => {
  before(() => nn.start("native"));

  for (const [name, config] of Object.entries(FAMILIES))
    it(`equal single operations: ${name}`, () => {
      const tensors = tf.memory().numTensors;
      const [one, many] = [run(config, false), run(config, true)];
      assert.equal(tf.memory().numTensors, tensors);
      assert.ok(one.graphs < 0.7 * many.graphs, `${one.graphs} graphs in place of ${many.graphs}`);
      assert.ok(Math.abs(one.loss - many.loss) <= 1e-5 * Math.abs(many.loss));
      assert.deepEqual([...one.gradients.keys()].sort(), [...many.gradients.keys()].sort());
      for (const [key, values] of many.gradients) {
        const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
        const own = one.gradients.get(key) as Float32Array;
        const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - own[i])), 0);
        assert.ok(worst <= 1e-5 * scale, `gradient of ${key} differs by ${worst} of ${scale}`);
      }
    });
});
