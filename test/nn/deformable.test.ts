import assert from "node:assert/strict";
import { it } from "node:test";
import { onEveryDevice } from "./devices.ts";
import { checkModule, goldenFile } from "./golden.ts";
import { nn, type Tensor, tf } from "./names.ts";
import { suitsProducts } from "../../kernel/nn/deformable/products.ts";

const golden = goldenFile("deformable");
const SIZES: nn.Grid[] = [
  [3, 4],
  [2, 2],
];
const TOKENS = 16;

/** One value of `nn.deformableSample`, point by point and corner by corner. */
function naive(values: Float32Array, locations: Float32Array, weights: Float32Array, [N, H, P, D]: number[]): number[] {
  const y = new Array<number>(N * H * D).fill(0);
  let sample = 0;
  for (let n = 0; n < N; n++)
    for (let h = 0; h < H; h++) {
      let start = 0;
      for (const [height, width] of SIZES) {
        for (let p = 0; p < P; p++, sample++) {
          const column = locations[2 * sample] * width - 0.5;
          const row = locations[2 * sample + 1] * height - 0.5;
          for (const i of [Math.floor(row), Math.floor(row) + 1])
            for (const j of [Math.floor(column), Math.floor(column) + 1]) {
              if (i < 0 || i >= height || j < 0 || j >= width) continue;
              const share = (1 - Math.abs(row - i)) * (1 - Math.abs(column - j));
              for (let d = 0; d < D; d++)
                y[(n * H + h) * D + d] += weights[sample] * share * values[((start + i * width + j) * H + h) * D + d];
            }
        }
        start += height * width;
      }
    }
  return y;
}

onEveryDevice("deformable attention", (device) => {
  const ways: nn.SamplingWay[] = ["loops", "operations"];
  if (device === "native") ways.push("products");

  it("is PyTorch's by grid_sample, forward and backward, also with references that all pictures share", () => {
    const make = () => new nn.DeformableAttention(8, { heads: 2, levels: 2, points: 3 });
    const forward = (layer: nn.DeformableAttention, query: Tensor, values: Tensor, references: Tensor) =>
      layer.forward(query, { values, references, sizes: SIZES });
    checkModule(golden, "attention", make, forward);
    checkModule(golden, "attention-shared", make, forward);
  });

  it("samples as a loop over points does, inside, across the border, on it and far outside", () => {
    const [N, H, P, D] = [4, 2, 6, 3];
    const places = [0.3, 0.01, 0, 1, 0.5, -0.07, 1.08, 0.99, 7, -5, 0.125, 0.6];
    tf.tidy(() => {
      const values = tf.randomNormal([1, TOKENS, H, D], 0, 1, "float32", 1);
      const weights = tf.randomNormal([1, N, H, 2, P], 0, 1, "float32", 2);
      const count = N * H * 2 * P * 2;
      const chosen = Array.from({ length: count }, (_, i) => places[(i * 7 + (i >> 3)) % places.length]);
      const locations = tf.tensor(chosen, [1, N, H, 2, P, 2]);
      const read = [values, locations, weights].map((one) => one.dataSync() as Float32Array);
      const expected = naive(read[0], read[1], read[2], [N, H, P, D]);
      for (const way of ways) {
        const y = nn.deformableSample(values, SIZES, locations, weights, way);
        assert.deepEqual(y.shape, [1, N, H * D]);
        y.dataSync().forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-5, way));
      }
    });
  });

  it("has the same gradients by every way", () => {
    const [B, N, H, P, D] = [2, 3, 2, 4, 5];
    tf.tidy(() => {
      const values = tf.randomNormal([B, TOKENS, H, D], 0, 1, "float32", 1);
      const locations = tf.randomUniform([B, N, H, 2, P, 2], -0.2, 1.2, "float32", 2);
      const weights = tf.randomNormal([B, N, H, 2, P], 0, 1, "float32", 3);
      const dy = tf.randomNormal([B, N, H * D], 0, 1, "float32", 4);
      const gradients = (way: nn.SamplingWay): Tensor[] => {
        const sum = (v: Tensor, l: Tensor, w: Tensor): Tensor =>
          tf.sum(tf.mul(nn.deformableSample(v, SIZES, l, w, way), dy));
        return tf.grads(sum as never)([values, locations, weights]);
      };
      const operations = gradients("operations");
      for (const way of ways)
        gradients(way).forEach((gradient, i) => {
          assert.deepEqual(gradient.shape, operations[i].shape);
          const expected = operations[i].dataSync();
          gradient.dataSync().forEach((value, k) => assert.ok(Math.abs(value - expected[k]) < 1e-4, `${way}, ${i}`));
        });
    });
  });

  it("refuses products on other devices than native", { skip: device === "native" }, () => {
    tf.tidy(() => {
      const [values, places, weights] = [tf.ones([1, 4, 1, 2]), tf.zeros([1, 1, 1, 1, 1, 2]), tf.ones([1, 1, 1, 1, 1])];
      assert.throws(
        () => nn.deformableSample(values, [[2, 2]], places, weights, "products"),
        /products need the device native and float32, received "products"/,
      );
    });
  });

  it("starts as the release does: head k looks along 2πk / heads, point p at distance p + 1, all weights equal", () => {
    const layer = new nn.DeformableAttention(8, { heads: 4, levels: 1, points: 2 });
    const offsets = layer.samplingOffsets.bias!.value.dataSync();
    const expected = [1, 0, 2, 0, 0, 1, 0, 2, -1, 0, -2, 0, 0, -1, 0, -2];
    expected.forEach((value, i) => assert.ok(Math.abs(offsets[i] - value) < 1e-6));
    assert.ok(layer.attentionWeights.weight.value.dataSync().every((value) => value === 0));
    layer.dispose();
  });

  it("refuses levels and references that do not fit", () => {
    const layer = new nn.DeformableAttention(8, { heads: 2, levels: 2, points: 3 });
    tf.tidy(() => {
      const [query, values] = [tf.zeros([2, 5, 8]), tf.zeros([2, TOKENS, 8])];
      const call = { values, sizes: SIZES, references: tf.zeros([1, 5, 2]) };
      assert.throws(
        () => layer.forward(query, { ...call, sizes: SIZES.slice(1) }),
        /there must be 2 levels, received 1/,
      );
      assert.throws(
        () => layer.forward(query, { ...call, references: tf.zeros([1, 4, 2]) }),
        /references must be \[2 or 1, 5, 2\], received \[1, 4, 2\]/,
      );
      const sizes: nn.Grid[] = [
        [3, 3],
        [2, 2],
      ];
      assert.throws(() => layer.forward(query, { ...call, sizes }), /values must be \[B, 13, heads, features\]/);
    });
    layer.dispose();
  });
});

it("samples by products only where their matrix is small, and not many times larger than the samples", () => {
  const sizes = { B: 1, H: 16, D: 64, points: 4, sizes: [] };
  assert.ok(suitsProducts({ ...sizes, N: 576, S: 4 * 576, K: 16 }));
  assert.ok(!suitsProducts({ ...sizes, N: 2304, S: 4 * 2304, K: 16 }));
  assert.ok(!suitsProducts({ ...sizes, N: 576, S: 4 * 576, K: 4 }));
});
