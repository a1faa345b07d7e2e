import assert from "node:assert/strict";
import { it } from "node:test";
import { tasks } from "../../../kernel/index.ts";
import { mapsOf, tokensOfMaps } from "../../../kernel/tasks/dense/maps.ts";
import { resizeTokens } from "../../../kernel/tasks/dense/resize.ts";
import { onEveryDevice } from "../../nn/devices.ts";
import { assertClose, below, checkFunction, checkModule, goldenFile, tensorOf } from "../../nn/golden.ts";
import { nn, type Tensor, tf, train } from "../../nn/names.ts";

const golden = goldenFile("losses", new URL("golden/", import.meta.url));
const { balancedLoss, boundaryLoss, classLoss, DenseHead, depthLoss, loss, normalsLoss, resizeBilinear } = tasks.dense;
const [GRID, SIZE] = [
  [2, 3],
  [16, 24],
] as const;
const makeHead = (): tasks.dense.DenseHead => new DenseHead({ channels: 8, outputs: 3 });
const run = (head: tasks.dense.DenseHead, features: Tensor[]): Tensor => head.forward(features, GRID, SIZE);

onEveryDevice("dense tasks as PyTorch computes them", () => {
  it("losses and their gradients", () => {
    checkFunction(golden, "classes", classLoss);
    checkFunction(golden, "balanced", balancedLoss);
    checkFunction(golden, "boundary", boundaryLoss);
    checkFunction(golden, "normals", normalsLoss);
    checkFunction(golden, "depth", depthLoss);
  });

  it("bilinear resizing up, down and mixed", () => {
    checkFunction(golden, "resize-up", (x) => resizeBilinear(x, [13, 20]));
    checkFunction(golden, "resize-down", (x) => resizeBilinear(x, [3, 4]));
    checkFunction(golden, "resize-mixed", (x) => resizeBilinear(x, [9, 4]));
  });

  it("resizing of tokens as that of their maps, by one product and, for many of them, by rows and columns", () => {
    for (const [from, to] of [
      [GRID, [5, 4]],
      [
        [33, 32],
        [33, 33],
      ],
    ] as const) {
      const x = tf.randomNormal([2, from[0] * from[1], 3], 0, 1, "float32", 1);
      const viaMaps = (x: Tensor): Tensor => tokensOfMaps(resizeBilinear(mapsOf(x, from), to));
      const direct = (x: Tensor): Tensor => resizeTokens(x, from, to);
      const dy = tf.randomNormal([2, to[0] * to[1], 3], 0, 1, "float32", 2);
      const apart = (a: Tensor, b: Tensor): number => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
      assert.ok(apart(direct(x), viaMaps(x)) < 1e-6);
      assert.ok(apart(tf.grad(direct)(x, dy), tf.grad(viaMaps)(x, dy)) < 1e-5);
    }
  });

  it("the head, its gradients and its running statistics", () => {
    // The gradient of a bias before a batch norm is 0 up to rounding.
    checkModule(golden, "head", makeHead, (head, ...features) => run(head, features), { tolerance: 1e-4 });
    const head = makeHead();
    nn.loadState(head, below(golden, "head/p."));
    const features = [0, 1, 2, 3].map((i) => tensorOf(golden.get(`head/x${i}`)!));
    run(head, features).dispose();
    assertClose(head.bn.runningMean.value, golden.get("after/running_mean")!, 1e-5, "running mean");
    assertClose(head.bn.runningVar.value, golden.get("after/running_var")!, 1e-5, "running variance");
    const y = run(head.eval(), features);
    assertClose(y, golden.get("after/y")!, 2e-5, "evaluation");
    for (const tensor of [y, ...features]) tensor.dispose();
    head.dispose();
  });

  it("pictures without labels have the loss 0 and no gradient", () => {
    const empty = (shape: number[]): Tensor => tf.fill(shape, 255, "int32");
    const check = (x: nn.Parameter, compute: (x: Tensor) => Tensor): void => {
      const { loss, gradients } = train.lossAndGradients(() => compute(x.value), new Map([["x", x]]));
      assert.ok(loss.dataSync()[0] === 0);
      assert.ok(
        gradients
          .get("x")!
          .dataSync()
          .every((value) => value === 0),
      );
    };
    const x = (channels: number): nn.Parameter => new nn.Parameter([1, channels, 2, 2], nn.normal(1));
    check(x(4), (x) => classLoss(x, empty([1, 2, 2])));
    check(x(2), (x) => balancedLoss(x, empty([1, 2, 2])));
    check(x(1), (x) => boundaryLoss(x, tf.fill([1, 1, 2, 2], 255)));
    check(x(3), (x) => normalsLoss(x, tf.zeros([1, 3, 2, 2])));
    check(x(1), (x) => depthLoss(x, tf.zeros([1, 1, 2, 2])));
  });

  it("the sum over tasks has the paper's weights", () => {
    const names = ["semseg", "saliency", "normals", "boundary", "depth"] as const;
    const cases = ["classes", "balanced", "normals", "boundary", "depth"];
    const values = (key: string): Record<string, Tensor> =>
      Object.fromEntries(names.map((name, i) => [name, tensorOf(golden.get(`${cases[i]}/${key}`)!)]));
    const weights = [1, 5, 10, 50, 1];
    const expected = cases.reduce((sum, name, i) => sum + weights[i] * Number(golden.get(`${name}/y`)!.data[0]), 0);
    const total = loss(values("x0"), values("x1")).dataSync()[0];
    assert.ok(Math.abs(total - expected) < 1e-4 * expected, `${total} for ${expected}`);
    const doubled = loss({ depth: values("x0").depth }, { depth: values("x1").depth }, { depth: 2 }).dataSync()[0];
    assert.ok(Math.abs(doubled - 2 * Number(golden.get("depth/y")!.data[0])) < 1e-5);
  });
});

onEveryDevice("dense tasks refuse", () => {
  it("other shapes, labels outside the classes and missing labels", () => {
    const x = tf.zeros([1, 2, 2, 2]);
    const labels = tf.fill([1, 2, 2], 7, "int32");
    assert.throws(() => classLoss(x, labels), /indices must lie in 0..1, received 7/);
    assert.throws(
      () => classLoss(x, tf.zeros([1, 3, 3], "int32")),
      /tasks.dense.classLoss: predictions must be \[B, C, H, W\]/,
    );
    assert.throws(() => depthLoss(x, x), /tasks.dense.depthLoss: predictions must be \[B, 1, H, W\]/);
    assert.throws(() => loss({ semseg: x }, {}), /tasks.dense.loss: the batch must have labels of semseg/);
    assert.throws(() => new DenseHead({ channels: 10, outputs: 1 }), /width must be a multiple of 4/);
    const head = makeHead();
    assert.throws(() => run(head, [tf.zeros([1, 6, 8])]), /features must be of 4 levels, received 1/);
    assert.throws(() => run(head, Array(4).fill(tf.zeros([1, 5, 8]))), /features must be \[B, 6, C\]/);
  });

  it("count the paper's parameters of a head", () => {
    const head = new DenseHead({ channels: 384, outputs: 21 });
    const trained = [...head.namedParameters()].filter(([name]) => !name.includes("running"));
    const count = trained.reduce((sum, [, { size }]) => sum + size, 0);
    const [C, n] = [384, 21];
    assert.equal(count, 4 * ((C * C) / 4 + C / 4) + 9 * C * C + C + 2 * C + n * (C + 1));
    head.dispose();
  });
});
