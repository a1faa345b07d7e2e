import assert from "node:assert/strict";
import { it } from "node:test";
import { onEveryDevice } from "./devices.ts";
import { checkModule, goldenFile } from "./golden.ts";
import { nn, tf } from "./names.ts";

const golden = goldenFile("layers");

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
