import assert from "node:assert/strict";
import { it } from "node:test";
import { onEveryDevice } from "./devices.ts";
import { nn, train, type Tensor, tf } from "./names.ts";
import { Prng } from "../../kernel/numeric/prng.ts";

/**
 * The slope of a scalar function along a random direction: by its gradients, and by the difference quotient
 * (f(x + h u) - f(x - h u)) / 2h in single precision, which is good to about a hundredth here.
 */
function checkSlope(name: string, shapes: number[][], f: (...inputs: Tensor[]) => Tensor, seed = 1): void {
  const random = new Prng(seed, name);
  const draw = (shape: number[]) => nn.normal(0, 0.7)(shape, random);
  const [at, along] = [shapes.map(draw), shapes.map(draw)];
  const inputs = shapes.map((shape, i) => new nn.Parameter(shape, () => at[i]));
  const values = inputs.map(({ value }) => value);
  const result = train.lossAndGradients(() => f(...values), new Map(inputs.map((one, i) => [String(i), one])));
  const slope = along.reduce((sum, direction, i) => {
    const gradient = result.gradients.get(String(i))!.dataSync();
    return sum + direction.reduce((total, value, k) => total + value * gradient[k], 0);
  }, 0);
  const h = 5e-3;
  const shifted = (sign: number): number => {
    inputs.forEach((input, i) => input.assign(at[i].map((value, k) => value + sign * h * along[i][k])));
    const y = tf.tidy(() => f(...values));
    const [value] = y.dataSync();
    y.dispose();
    return value;
  };
  const quotient = (shifted(1) - shifted(-1)) / (2 * h);
  const tolerance = 0.02 * Math.max(1, Math.abs(quotient));
  assert.ok(Math.abs(slope - quotient) < tolerance, `${name}: slope ${slope}, difference quotient ${quotient}`);
  train.disposeGradients(result);
  for (const input of inputs) input.dispose();
}

const energy = (x: Tensor): Tensor => tf.mean(tf.square(x));

onEveryDevice("gradients agree with difference quotients", () => {
  it("of norms in one, two and four dimensions", () => {
    for (const shape of [[6], [3, 6], [2, 3, 2, 6]]) {
      checkSlope(`layer norm ${shape}`, [shape, [6], [6]], (x, w, b) => energy(nn.layerNorm(x, w, b)));
      checkSlope(`RMS norm ${shape}`, [shape, [6]], (x, w) => energy(nn.rmsNorm(x, w)));
    }
  });

  it("of attention over another's tokens with shared heads, a mask and a causal order", () => {
    nn.manualSeed(2);
    const layer = new nn.Attention(8, {
      heads: 4,
      keyValueHeads: 1,
      headFeatures: 3,
      contextFeatures: 5,
      causal: true,
    });
    const keyMask = tf.tensor2d([
      [1, 1, 0, 1],
      [1, 1, 1, 1],
    ]);
    checkSlope(
      "attention",
      [
        [2, 4, 8],
        [2, 4, 5],
      ],
      (x, context) => energy(layer.forward(x, { context, keyMask })),
    );
    keyMask.dispose();
    layer.dispose();
  });

  it("of deformable sampling, one head, one point, a level of a single cell", () => {
    const sizes: nn.Grid[] = [
      [1, 1],
      [5, 4],
    ];
    const shapes = [
      [2, 21, 1, 3],
      [2, 4, 1, 2, 1, 2],
      [2, 4, 1, 2, 1],
    ];
    checkSlope("sampling", shapes, (values, places, weights) =>
      energy(nn.deformableSample(values, sizes, tf.add(tf.mul(places, 0.2), 0.45), weights)),
    );
  });

  it("of losses in the forms that have no golden tensor", () => {
    const pair = [
      [5, 4],
      [5, 4],
    ];
    checkSlope("one-sided contrast", pair, (a, b) => nn.infoNce(a, b, { symmetric: false, temperature: 0.5 }));
    checkSlope("sum of cosines", pair, (a, b) => nn.cosineLoss(a, b, { reduction: "sum" }));
    checkSlope("distillation", [pair[0]], (a) => nn.distillation(a, tf.ones([5, 4]), { temperature: 0.7 }));
    const targets = tf.tensor1d([0, 3, -1, 2, 2], "int32");
    checkSlope("cross-entropy, sum, own mark for ignored", [pair[0]], (a) =>
      nn.crossEntropy(a, targets, { reduction: "sum", labelSmoothing: 0.3, ignoreIndex: -1 }),
    );
    targets.dispose();
  });

  it("of a pixel shuffle inside a patch embedding", () => {
    nn.manualSeed(3);
    const layer = new nn.PatchEmbedding(5, 2, { channels: 2, bias: false });
    checkSlope("pixels", [[1, 8, 2, 2]], (x) => energy(layer.forward(nn.pixelShuffle(x, 2))));
    layer.dispose();
  });
});
