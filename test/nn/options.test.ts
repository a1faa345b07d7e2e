import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as nn from "../../kernel/nn/index.ts";
import { tf } from "../../kernel/backend/tf.ts";

before(() => nn.start("wasm"));

describe("an option that a layer does not know", () => {
  const stray = { bais: false } as never;
  const heads = { heads: 2, ...(stray as object) } as never;
  const makers: Record<string, () => unknown> = {
    Linear: () => new nn.Linear(2, 2, stray),
    LayerNorm: () => new nn.LayerNorm(2, stray),
    RMSNorm: () => new nn.RMSNorm(2, stray),
    Embedding: () => new nn.Embedding(2, 2, stray),
    Conv2d: () => new nn.Conv2d(1, 1, { kernel: 1, ...(stray as object) } as never),
    PatchEmbedding: () => new nn.PatchEmbedding(2, 2, stray),
    Mlp: () => new nn.Mlp(2, stray),
    Attention: () => new nn.Attention(2, heads),
    "Attention of a Block": () => new nn.Block(2, heads),
    DeformableAttention: () => new nn.DeformableAttention(2, heads),
    crossEntropy: () => nn.crossEntropy(tf.zeros([1, 2]), tf.zeros([1], "int32"), stray),
    mse: () => nn.mse(tf.zeros([1]), tf.zeros([1]), stray),
    smoothL1: () => nn.smoothL1(tf.zeros([1]), tf.zeros([1]), stray),
    cosineLoss: () => nn.cosineLoss(tf.zeros([1, 2]), tf.zeros([1, 2]), stray),
    distillation: () => nn.distillation(tf.zeros([1, 2]), tf.zeros([1, 2]), stray),
    infoNce: () => nn.infoNce(tf.zeros([1, 2]), tf.zeros([1, 2]), stray),
    rotary: () => nn.rotary(tf.zeros([1, 2]), stray),
    SwiGlu: () => new nn.SwiGlu(2, stray),
    Conv1D: () => new nn.Conv1D(2, 2, stray),
    allowCapture: () => nn.allowCapture(nn.Linear, stray),
    loadState: () => nn.loadState(new nn.Linear(2, 2), new Map(), stray),
  };
  for (const [name, make] of Object.entries(makers))
    it(`is refused by ${name}`, () => {
      const rule = new RegExp(`nn\\.${name.split(" ")[0]}: options are .*, received "bais"`);
      assert.throws(make, rule);
    });

  it("is refused as the name of an activation", () => {
    for (const name of ["constructor", "gelu_tanh", undefined] as never[])
      assert.throws(() => nn.activate(tf.zeros([2]), name), /nn\.activate: activation must be gelu, .*, received/);
  });
});
