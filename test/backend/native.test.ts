/** The device `native` beside tfjs's plain JavaScript, kernel by kernel. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nn, type Tensor, tf } from "../nn/names.ts";
import { tensor, positive, SHAPES, type Compute, on, type Found, same } from "./both.ts";

describe("kernels of the device native", () => {
  it("computes functions of each value", async () => {
    const functions: Record<string, (x: Tensor) => Tensor> = {
      exp: tf.exp,
      log: (x) => tf.log(positive(x)),
      sqrt: (x) => tf.sqrt(positive(x)),
      neg: tf.neg,
      abs: tf.abs,
      floor: tf.floor,
      ceil: tf.ceil,
      sin: tf.sin,
      cos: tf.cos,
      reciprocal: (x) => tf.reciprocal(positive(x)),
      sigmoid: tf.sigmoid,
      relu: tf.relu,
      erf: tf.erf,
      tanh: tf.tanh,
      rsqrt: (x) => tf.rsqrt(positive(x)),
      square: tf.square,
      softmax: tf.softmax,
      logSoftmax: tf.logSoftmax,
      step: tf.step,
    };
    for (const [name, f] of Object.entries(functions))
      for (const shape of SHAPES) await same(`${name} of [${shape}]`, () => f(tensor(shape)));
  });

  it("computes operations of two tensors, broadcast both ways", async () => {
    const operations: Record<string, (a: Tensor, b: Tensor) => Tensor> = {
      add: tf.add,
      sub: tf.sub,
      mul: tf.mul,
      div: (a, b) => tf.div(a, positive(b)),
      maximum: tf.maximum,
      minimum: tf.minimum,
      squaredDifference: tf.squaredDifference,
    };
    const pairs = [
      [
        [3, 7],
        [3, 7],
      ],
      [[3, 7], [7]],
      [
        [3, 1],
        [1, 7],
      ],
      [[], [4]],
      [
        [2, 1, 5],
        [3, 1],
      ],
      [[70, 90], [90]],
      [
        [70, 1],
        [70, 90],
      ],
    ];
    for (const [name, f] of Object.entries(operations))
      for (const [a, b] of pairs)
        for (const [left, right] of [
          [a, b],
          [b, a],
        ])
          await same(`${name} of [${left}] and [${right}]`, () => f(tensor(left), tensor(right, 2)));
  });

  it("computes products with and without transposes, in batches and broadcast", async () => {
    for (const [m, k, n] of [
      [3, 4, 5],
      [1, 7, 1],
      [70, 30, 80],
    ])
      for (const [ta, tb] of [
        [false, false],
        [true, false],
        [false, true],
        [true, true],
      ])
        for (const [left, right] of [
          [[], []],
          [[2], [2]],
          [
            [2, 3],
            [2, 3],
          ],
          [[4], [1]],
          [
            [1, 3],
            [2, 3],
          ],
        ]) {
          const a = [...left, ...(ta ? [k, m] : [m, k])];
          const b = [...right, ...(tb ? [n, k] : [k, n])];
          await same(`[${a}] ${ta} [${b}] ${tb}`, () => tf.matMul(tensor(a), tensor(b, 2), ta, tb), 1e-5);
        }
    const fused = (activation?: "relu"): Tensor =>
      tf.fused.matMul({ a: tensor([3, 4]) as never, b: tensor([4, 5], 2) as never, bias: tensor([5], 3), activation });
    await same("fused product", () => fused(), 1e-5);
    await same("fused product with an activation", () => fused("relu"), 1e-5);
  });

  it("reduces over any axes, keeping them or not", async () => {
    for (const shape of [
      [3, 7],
      [2, 3, 5],
      [4, 70, 90],
    ])
      for (const axis of [undefined, 0, -1, [0, 1], [1], shape.map((_, d) => d)])
        for (const keep of [false, true]) {
          const what = `[${shape}] over ${axis} ${keep}`;
          await same(`sum of ${what}`, () => tf.sum(tensor(shape), axis, keep), 1e-5);
          await same(`mean of ${what}`, () => tf.mean(tensor(shape), axis, keep), 1e-5);
          await same(`max of ${what}`, () => tf.max(tensor(shape), axis, keep));
          await same(`min of ${what}`, () => tf.min(tensor(shape), axis, keep));
        }
  });

  it("computes gradients of activations, also of so many values that they are computed in parts", async () => {
    const activations = { gelu: nn.gelu, silu: nn.silu, tanh: (x: Tensor) => nn.gelu(x, "tanh") };
    for (const [name, f] of Object.entries(activations))
      for (const shape of [[3, 7], [70, 90], ...(name === "gelu" ? [[3, 2 ** 18 + 1, 2]] : [])]) {
        const gradient = (): Tensor => tf.grad((x: Tensor) => f(tf.mul(x, 3)))(tensor(shape), tensor(shape, 2));
        // 1 - tanh² cancels where the tanh is near 1.
        await same(`gradient of ${name} of [${shape}]`, gradient, name === "tanh" ? 2e-5 : 5e-6);
      }
  });

  it("computes gradients of norms in one process for batches of several sizes", async () => {
    const norms = {
      layerNorm: (x: Tensor, weight: Tensor) => nn.layerNorm(x, weight, tf.zeros([30])),
      rmsNorm: (x: Tensor, weight: Tensor) => nn.rmsNorm(x, weight),
    };
    for (const [name, f] of Object.entries(norms))
      for (const shape of [
        [2, 5, 30],
        [4, 9, 30],
        [1, 70, 30],
        [70, 30],
      ]) {
        const both = (): Tensor[] =>
          tf.grads((x: Tensor, weight: Tensor) => f(x, weight))([tensor(shape), tensor([30], 2)], tensor(shape, 3));
        for (const i of [0, 1]) await same(`gradient ${i} of ${name} of [${shape}]`, () => both()[i], 2e-5);
      }
  });

  it("moves values", async () => {
    const x = (): Tensor => tensor([4, 30, 50]);
    const rows = (...indices: number[]): Tensor => tf.tensor1d(indices, "int32");
    const moves: Record<string, Compute> = {
      transpose: () => tf.transpose(x(), [2, 0, 1]),
      tile: () => tf.tile(tensor([2, 3]), [2, 4]),
      "a slice at the end": () => tf.slice(x(), [1, 2, 3], [2, -1, 20]),
      "a slice of rows": () => tf.slice(x(), [2, 0, 0], [1, 30, 50]),
      "a slice by one number": () => tf.slice(tensor([6, 4]), 2, 3),
      "a slice of all": () => tf.slice(tensor([6, 4]), [0, 0], [6, 4]),
      "a pad of every axis": () =>
        tf.pad(x(), [
          [1, 2],
          [0, 3],
          [4, 0],
        ]),
      "a pad of whole rows with a value": () =>
        tf.pad(
          x(),
          [
            [2, 1],
            [0, 0],
            [0, 0],
          ],
          -3.5,
        ),
      "a pad of nothing": () =>
        tf.pad(tensor([6, 4]), [
          [0, 0],
          [0, 0],
        ]),
      "a pad of the longest axis": () => tf.pad(tensor([7]), [[3, 40]], 1),
      split: () => tf.split(x(), [10, 15, 5], 1),
      "split in equal parts": () => tf.split(x(), 5, -1),
      concat: () => tf.concat([x(), tensor([4, 2, 50], 2)], 1),
      "concat of rows": () => tf.concat([tensor([2, 3]), tensor([1, 3], 2)], 0),
      stack: () => tf.stack([tensor([2, 3]), tensor([2, 3], 2)], 1),
      gather: () => tf.gather(x(), rows(3, 0, 3)),
      "gather along an inner axis": () => tf.gather(x(), rows(3, 0, 3), 1),
      scatter: () => tf.scatterND(tf.reshape(rows(1, 3, 1), [3, 1]), tensor([3, 50]), [5, 50]),
      "scatter of values": () =>
        tf.scatterND(
          tf.tensor2d(
            [
              [0, 1],
              [1, 1],
            ],
            [2, 2],
            "int32",
          ),
          tensor([2]),
          [2, 2],
        ),
      addN: () => tf.addN([tensor([3, 4]), tensor([3, 4], 2), tensor([3, 4], 3)]),
      fill: () => [tf.zeros([3, 2]), tf.ones([2]), tf.fill([2, 2], 7), tf.zerosLike(x()), tf.onesLike(tensor([3]))],
      pad: () =>
        tf.pad(tensor([2, 3]), [
          [1, 0],
          [2, 1],
        ]),
      "one hot": () => tf.oneHot(rows(1, 0), 3),
      "cumulative sum": () => tf.cumsum(tensor([3, 4]), 1),
      reverse: () => tf.reverse(tensor([3, 4]), 0),
      select: () => tf.where(tf.greater(tensor([3, 4]), 0), tensor([3, 4], 2), tf.zeros([3, 4])),
      "top values": () => Object.values(tf.topk(tensor([3, 9]), 4)),
    };
    for (const [name, compute] of Object.entries(moves)) await same(name, compute);
  });

  it("computes with whole numbers, truth values and their casts", async () => {
    const whole = (...numbers: number[]): Tensor => tf.tensor1d(numbers, "int32");
    await same("whole numbers", () => {
      const [a, b] = [whole(2 ** 24 + 1, -3, 7), whole(5, 2, -2)];
      return [
        tf.add(a, b),
        tf.mul(a, b),
        tf.sub(a, b),
        tf.maximum(a, b),
        tf.sum(a),
        tf.max(b),
        tf.neg(a),
        tf.square(b),
      ];
    });
    await same("exact indices", () => tf.gather(tensor([3, 5]), whole(2, 2, 0)));
    await same("comparisons", () => [
      tf.greater(tensor([9]), 0),
      tf.equal(whole(1, 2), whole(1, 3)),
      tf.argMax(tensor([4, 5]), 1),
    ]);
    await same("casts", () => {
      const truth = tf.greater(tensor([9]), 0);
      const float = tf.cast(truth, "float32");
      return [
        float,
        tf.cast(whole(2 ** 24 + 1, -3), "float32"),
        tf.cast(tensor([9]), "int32"),
        tf.cast(tensor([4]), "bool"),
        tf.mul(float, 3),
      ];
    });
    await same("types mixed", () => [tf.add(whole(1, 2, 3), tensor([3])), tf.sum(tf.greater(tensor([9]), 0))]);
    await same("complex numbers", () => [
      tf.real(tf.complex(tensor([3]), tensor([3], 2))),
      tf.imag(tf.complex(tensor([3]), tensor([3], 2))),
    ]);
  });

  it("keeps NaN, infinities and signs of zero", async () => {
    const hard = [NaN, Infinity, -Infinity, 0, -0, 1, -1, 3e38, 1e-40];
    const x = (): Tensor => tf.tensor1d(Array.from({ length: 5000 }, (_, i) => hard[i % hard.length]));
    const functions: Record<string, (x: Tensor) => Tensor> = {
      exp: tf.exp,
      log: tf.log,
      sqrt: tf.sqrt,
      neg: tf.neg,
      abs: tf.abs,
      floor: tf.floor,
      sigmoid: tf.sigmoid,
      relu: tf.relu,
      erf: tf.erf,
      tanh: tf.tanh,
      square: tf.square,
      reciprocal: tf.reciprocal,
      maximum: (x) => tf.maximum(x, 1),
      minimum: (x) => tf.minimum(1, x),
      add: (x) => tf.add(x, 1),
      div: (x) => tf.div(1, x),
    };
    for (const [name, f] of Object.entries(functions)) {
      const [{ data }] = (await on("native", () => f(x()))) as Found[];
      const [{ data: expected }] = (await on("cpu", () => f(x()))) as Found[];
      // A denormal number may be computed as 0, also by a logarithm.
      data.forEach((value, i) => {
        if (i % hard.length === hard.length - 1) return;
        assert.ok(
          Object.is(value + 0, expected[i] + 0) || Math.abs(value - expected[i]) <= 2e-6 * Math.abs(expected[i]),
          `${name} of ${hard[i % hard.length]}: ${value}, not ${expected[i]}`,
        );
      });
    }
    const table = (): Tensor => tf.tensor2d([1, NaN, 3, 4, 5, 6], [3, 2]);
    for (const axis of [0, 1, undefined])
      await same(`reductions over ${axis}`, () => [
        tf.max(table(), axis),
        tf.min(table(), axis),
        tf.sum(table(), axis),
        tf.mean(table(), axis),
      ]);
  });

  it("computes with empty tensors and scalars", async () => {
    const none = (): Tensor => tf.zeros([0, 3]);
    await same("empty tensors", () => [
      tf.add(none(), none()),
      tf.exp(none()),
      tf.sum(none()),
      tf.sum(none(), 0),
      tf.matMul(none() as never, tensor([3, 2]) as never),
      tf.concat([none(), tensor([2, 3])], 0),
      tf.slice(tensor([2, 3]), [1, 0], [0, 3]),
      tf.transpose(none()),
      tf.reshape(none(), [3, 0]),
    ]);
    await same("scalars", () => [
      tf.add(1, 2),
      tf.exp(tf.scalar(1)),
      tf.sum(tf.scalar(3)),
      tf.neg(2),
      tf.transpose(tf.scalar(1)),
    ]);
  });
});
