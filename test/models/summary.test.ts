import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { DISPLAY } from "../../kernel/display/describe.ts";
import { nn, tf, type Tensor } from "../nn/names.ts";
import { models } from "./names.ts";

const SMALL = { imgSize: 16, patchSize: 4, embedDim: 16, depth: 2, numHeads: 2 } as const;

describe("models.summary", () => {
  before(() => nn.start());

  it("counts operations as the formula of a transformer", () => {
    const model = new models.VisionTransformer({ ...SMALL, numClasses: 3 });
    const [B, N, C, d] = [2, 17, 16, 8];
    const attention = 2 * (B * N * C * 3 * C + 2 * B * 2 * N * N * d + B * N * C * C);
    const mlp = 2 * (2 * B * N * C * 4 * C);
    const patches = 2 * B * 16 * C * 48;
    const { rows, flops, stepFlops } = models.summary(model, { x: [B, 3, 16, 16] });
    const row = (name: string) => rows.find((one) => one.name === name)!;
    assert.equal(row("blocks.0.attn").flops, attention);
    assert.equal(row("blocks.1.mlp").flops, mlp);
    assert.equal(row("patch_embed").flops, patches);
    assert.equal(flops, 2 * (attention + mlp) + patches + 2 * B * C * 3);
    assert.equal(row("").flops, flops);
    // Each product has two in the backward pass, but that of the picture, which needs no gradient.
    assert.equal(stepFlops, 3 * flops - patches);
  });

  it("has the tree with classes, shapes and parameters", () => {
    const model = new models.VisionTransformer({ ...SMALL, numClasses: 3 });
    model.freeze(/^blocks\.0\./);
    const { rows } = models.summary(model, { x: [2, 3, 16, 16] });
    const row = (name: string) => rows.find((one) => one.name === name)!;
    assert.deepEqual(row("blocks.0.attn.qkv"), {
      name: "blocks.0.attn.qkv",
      kind: "Linear",
      output: [2, 17, 48],
      parameters: 816,
      trainable: 0,
      flops: 2 * 2 * 17 * 16 * 48,
    });
    assert.deepEqual(row("").output, [2, 3]);
    assert.equal(row("").parameters, models.vitParameters({ ...SMALL, numClasses: 3 }));
    assert.equal(row("").trainable, row("").parameters - row("blocks.0").parameters);
    assert.deepEqual(rows.map(({ name }) => name).slice(0, 3), ["", "patch_embed", "patch_embed.proj"]);
  });

  it("knows the bytes of a step: those of a linear layer by hand", () => {
    // Output [4, 3] and its square, their gradients, the gradient of the weight.
    const { memory } = models.summary(new nn.Linear(5, 3, { bias: false }), { x: [4, 5] });
    assert.deepEqual([memory.parameters, memory.optimizer], [60, 120]);
    assert.ok(memory.tensors >= 80 + 2 * 48 + 60, `${memory.tensors}: input, output, its gradient, the weight's`);
    assert.ok(memory.tensors <= 80 + 8 * 48 + 3 * 60, `${memory.tensors}`);
    assert.equal(memory.total, memory.parameters + memory.optimizer + memory.tensors);
  });

  it("memory grows with the batch, and frozen weights save it", () => {
    const model = new models.VisionTransformer({ ...SMALL, depth: 4 });
    const tensors = (B: number): number => models.summary(model, { x: [B, 3, 16, 16] }).memory.tensors;
    const [two, four] = [tensors(2), tensors(4)];
    assert.ok(four > 1.8 * two && four <= 2 * two, `${two}, ${four}`);
    model.freeze(/^(patch_embed|cls|pos|blocks\.[012])/);
    const tuned = models.summary(model, { x: [4, 3, 16, 16] });
    assert.ok(tuned.memory.tensors < 0.6 * four, `${tuned.memory.tensors} of ${four}`);
    assert.ok(tuned.stepFlops < 1.6 * tuned.flops);
  });

  it("needs no memory for itself: a giant at its full size", () => {
    const model = new models.VisionTransformer({ ...SMALL, posEmbed: "sine" });
    const { flops, memory } = models.summary(model, { x: [512, 3, 1024, 1024] });
    assert.ok(flops > 1e14 && memory.tensors > 2 ** 44, `${flops} ${memory.tensors}`);
  });

  it("shows itself as a table, leaves no tensor, and refuses what it does not know", () => {
    const model = new models.VisionTransformer(SMALL);
    const count = tf.memory().numTensors;
    const shown = models.summary(model, { x: [1, 3, 16, 16] })[DISPLAY]()["text/plain"];
    assert.match(shown, /^VisionTransformer: 7,664 parameters, 7,664 train, .* a training step\n/);
    assert.match(shown, /\n {4}blocks\.1 +VitBlock .*\n {6}norm1 .*\n {6}attn +VitAttention +\[1, 17, 16\] +1,088/);
    assert.equal(tf.memory().numTensors, count);
    assert.throws(() => models.summary(model, { x: [1, 3, 17, 16] }), /whole patches of 4 pixels/);
    const call = (x: Tensor): Tensor => tf.topk(x as never, 1).values;
    assert.throws(() => models.summary(model, { x: [1, 4] }, { call }), /known as ONNX operators/);
    assert.equal(tf.memory().numTensors, count);
  });
});
