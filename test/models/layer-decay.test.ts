import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { nn, tf, train, type Tensor } from "../nn/names.ts";
import { models } from "./names.ts";

/** Factor on the rate and weight decay of every parameter, by timm's `param_groups_layer_decay`. */
const golden = JSON.parse(readFileSync(new URL("golden/layer-decay.json", import.meta.url), "utf8")) as Record<
  string,
  [number, number]
>;

const SMALL = { imgSize: 12, patchSize: 4, embedDim: 8, depth: 3, numHeads: 2 } as const;

describe("layer-wise decay of the learning rate", () => {
  before(() => nn.start("wasm"));
  const make = () => new models.VisionTransformer({ ...SMALL, numClasses: 2, regTokens: 1, initValues: 0.1 });

  it("has timm's rate and weight decay for every parameter", () => {
    const model = make();
    const groups = train.layerDecay(model, { learningRate: 2, decay: 0.75, weightDecay: 0.05 });
    for (const name of model.namedParameters().keys()) {
      const own = groups.filter(({ parameters }) => (parameters as RegExp).test(name));
      assert.equal(own.length, 1, name);
      assert.deepEqual([own[0].learningRate / 2, own[0].weightDecay], golden[name], name);
    }
  });

  it("makes the groups of a stage: lower layers move less, frozen ones not at all", async () => {
    nn.manualSeed(2);
    const model = make();
    model.freeze(/^blocks\.1\./);
    const groups = train.layerDecay(model, { learningRate: 1e-2, decay: 0.1, weightDecay: 0 });
    const values = (name: string): Promise<Float32Array> => model.namedParameters().get(name)!.read();
    const distance = (a: Float32Array, b: Float32Array): number =>
      a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
    const names = ["head.weight", "blocks.2.mlp.fc2.weight", "blocks.0.mlp.fc2.weight", "blocks.1.mlp.fc2.weight"];
    const before = await Promise.all(names.map(values));
    const x = tf.randomNormal([4, 3, 12, 12], 0, 1, "float32", 1);
    const loss = (): Tensor => nn.crossEntropy(model.forward(x), tf.tensor([0, 1, 1, 0], [4], "int32"));
    await train.fit({
      model,
      data: train.batches([0], { batchSize: 1 }),
      loss,
      stages: [{ name: "tune", steps: 1, groups }],
    });
    const changes = await Promise.all(names.map(async (name, i) => distance(await values(name), before[i])));
    assert.ok(Math.abs(changes[0] / changes[1] - 10) < 0.5, "one layer above the last block");
    assert.ok(Math.abs(changes[1] / changes[2] - 100) < 5, "two layers");
    assert.equal(changes[3], 0);
  });

  it("refuses a decay that is none, and names without blocks", () => {
    assert.throws(
      () => train.layerDecay(make(), { learningRate: 1, decay: 0 }),
      /decay must lie in \(0, 1\], received 0/,
    );
    assert.throws(() => train.layerDecay(new nn.Linear(2, 2), { learningRate: 1 }), /must have blocks/);
  });
});
