import assert from "node:assert/strict";
import { it } from "node:test";
import { onEveryDevice } from "./devices.ts";
import { checkFunction, checkModule, goldenFile } from "./golden.ts";
import { nn, type Tensor, tf } from "./names.ts";

const golden = goldenFile("layers");
const apply = (layer: nn.Layer, x: Tensor): Tensor => layer.forward(x);

onEveryDevice("layers as PyTorch computes them", () => {
  it("Linear", () => {
    checkModule(
      golden,
      "linear",
      () => new nn.Linear(5, 7),
      (layer, x) => layer.forward(x),
    );
    checkModule(
      golden,
      "linear-no-bias",
      () => new nn.Linear(5, 7, { bias: false }),
      (layer, x) => layer.forward(x),
    );
  });

  it("LayerNorm", () => {
    checkModule(
      golden,
      "layer-norm",
      () => new nn.LayerNorm(6),
      (layer, x) => layer.forward(x),
    );
    checkModule(
      golden,
      "layer-norm-eps",
      () => new nn.LayerNorm(6, { eps: 0.1 }),
      (layer, x) => layer.forward(x),
    );
  });

  it("RMSNorm", () => {
    checkModule(golden, "rms-norm", () => new nn.RMSNorm(6), apply);
  });

  it("Embedding, one index several times", () => {
    checkModule(golden, "embedding", () => new nn.Embedding(5, 3), apply);
    const table = new nn.Embedding(5, 3);
    for (const wrong of [5, -1])
      assert.throws(() => table.forward(tf.tensor1d([0, wrong], "int32")), /indices must lie in 0..4, received/);
    table.dispose();
  });

  it("PatchEmbedding, as a convolution", () => {
    checkModule(golden, "patch-embedding", () => new nn.PatchEmbedding(5, 2), apply);
  });

  it("pixel shuffle and unshuffle, which undo each other", () => {
    checkFunction(golden, "pixel-shuffle", (x) => nn.pixelShuffle(x, 2));
    checkFunction(golden, "pixel-unshuffle", (x) => nn.pixelUnshuffle(x, 2));
    tf.tidy(() => {
      const x = tf.reshape(tf.range(0, 2 * 8 * 4 * 6), [2, 8, 4, 6]);
      assert.deepEqual(nn.pixelShuffle(nn.pixelUnshuffle(x, 2), 2).dataSync(), x.dataSync());
    });
    assert.throws(() => nn.pixelShuffle(tf.zeros([1, 6, 2, 2]), 2), /channels must be a multiple of 4, received 6/);
  });

  it("activations", () => {
    checkFunction(golden, "gelu", (x) => nn.gelu(x));
    checkFunction(golden, "gelu-tanh", (x) => nn.gelu(x, "tanh"));
    checkFunction(golden, "silu", nn.silu);
    checkFunction(golden, "relu", nn.relu);
    checkFunction(golden, "normalise", (x) => nn.normalize(x));
  });

  it("Mlp and SwiGlu", () => {
    checkModule(golden, "mlp", () => new nn.Mlp(4), apply);
    checkModule(golden, "mlp-tanh", () => new nn.Mlp(4, { activation: "gelu-tanh" }), apply);
    checkModule(golden, "swiglu", () => new nn.SwiGlu(4, { hiddenFeatures: 6 }), apply);
  });

  it("Attention: plain, causal, masked, grouped, cross", () => {
    const make = (options: Partial<nn.AttentionOptions> = {}) => new nn.Attention(8, { heads: 2, ...options });
    checkModule(
      golden,
      "attention",
      () => make(),
      (layer, x) => layer.forward(x),
    );
    checkModule(
      golden,
      "attention-causal",
      () => make({ causal: true }),
      (layer, x) => layer.forward(x),
    );
    const masked = (layer: nn.Attention, x: Tensor, keyMask: Tensor) => layer.forward(x, { keyMask });
    checkModule(golden, "attention-mask", () => make(), masked);
    checkModule(golden, "attention-causal-mask", () => make({ causal: true }), masked);
    const grouped = { heads: 4, keyValueHeads: 2, bias: false };
    checkModule(
      golden,
      "attention-groups",
      () => make(grouped),
      (layer, x) => layer.forward(x),
    );
    const cross = (layer: nn.Attention, x: Tensor, context: Tensor) => layer.forward(x, { context });
    checkModule(golden, "attention-cross", () => make({ contextFeatures: 6 }), cross);
  });

  it("Block with layer scale", () => {
    const make = () => new nn.Block(8, { heads: 2, layerScale: 1 });
    checkModule(golden, "block", make, (layer, x) => layer.forward(x));
  });

  it("a matrix product in all four transpositions, batched too, with its gradients", () => {
    for (const batch of [[], [3]])
      for (const transposeA of [false, true])
        for (const transposeB of [false, true]) productAgreesWithLoop(batch, transposeA, transposeB);
  });
});

/** d(Σ (A B) ∘ D) / dA = D Bᵀ and so on, by a loop over every term. */
function productAgreesWithLoop(batch: number[], transposeA: boolean, transposeB: boolean): void {
  const [rows, inner, columns] = [4, 5, 6];
  const count = batch[0] ?? 1;
  const at = (n: number, i: number, j: number, height: number, width: number, flip: boolean): number =>
    n * height * width + (flip ? j * height + i : i * width + j);
  tf.tidy(() => {
    const a = tf.randomNormal([...batch, ...(transposeA ? [inner, rows] : [rows, inner])], 0, 1, "float32", 1);
    const b = tf.randomNormal([...batch, ...(transposeB ? [columns, inner] : [inner, columns])], 0, 1, "float32", 2);
    const d = tf.randomNormal([...batch, rows, columns], 0, 1, "float32", 3);
    const [av, bv, dv] = [a, b, d].map((tensor) => tensor.dataSync());
    const da = new Float64Array(av.length);
    const db = new Float64Array(bv.length);
    const y = new Float64Array(dv.length);
    for (let n = 0; n < count; n++)
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++)
          for (let k = 0; k < inner; k++) {
            const p = at(n, i, k, rows, inner, transposeA);
            const q = at(n, k, j, inner, columns, transposeB);
            const r = at(n, i, j, rows, columns, false);
            y[r] += av[p] * bv[q];
            da[p] += dv[r] * bv[q];
            db[q] += dv[r] * av[p];
          }
    const product = (a: typeof d, b: typeof d) => tf.matMul(a, b, transposeA, transposeB);
    const [ga, gb] = tf.grads((a, b) => tf.sum(tf.mul(product(a as never, b as never), d)))([a, b]);
    for (const [actual, expected] of [
      [product(a as never, b as never), y],
      [ga, da],
      [gb, db],
    ] as const)
      actual.dataSync().forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-5));
  });
}
