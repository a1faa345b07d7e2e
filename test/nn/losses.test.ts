import assert from "node:assert/strict";
import { it } from "node:test";
import { onEveryDevice } from "./devices.ts";
import { checkFunction, goldenFile, tensorOf } from "./golden.ts";
import { nn, tf } from "./names.ts";

const golden = goldenFile("losses");

onEveryDevice("losses as PyTorch computes them", () => {
  it("cross-entropy: mean, sum, ignored targets, label smoothing", () => {
    checkFunction(golden, "cross-entropy", (x, t) => nn.crossEntropy(x, t));
    checkFunction(golden, "cross-entropy-sum", (x, t) => nn.crossEntropy(x, t, { reduction: "sum" }));
    checkFunction(golden, "cross-entropy-ignore", (x, t) => nn.crossEntropy(x, t));
    checkFunction(golden, "cross-entropy-smooth", (x, t) => nn.crossEntropy(x, t, { labelSmoothing: 0.2 }));
  });

  it("cross-entropy refuses a class that does not exist", () => {
    const targets = tf.tensor1d([0, 5], "int32");
    assert.throws(
      () => nn.crossEntropy(tf.zeros([2, 5]), targets),
      /nn.crossEntropy: indices must lie in 0..4, received 5/,
    );
  });

  it("squared, smooth and absolute differences", () => {
    checkFunction(golden, "mse", (a, b) => nn.mse(a, b));
    checkFunction(golden, "mse-sum", (a, b) => nn.mse(a, b, { reduction: "sum" }));
    checkFunction(golden, "smooth-l1", (a, b) => nn.smoothL1(a, b, { beta: 0.7 }));
    checkFunction(golden, "l1", (a, b) => nn.smoothL1(a, b, { beta: 0 }));
    assert.throws(() => nn.mse(tf.zeros([2, 5]), tf.zeros([2, 1])), /nn.mse: both inputs must be of one shape/);
  });

  it("cosine, distillation, contrast", () => {
    checkFunction(golden, "cosine", (a, b) => nn.cosineLoss(a, b));
    const teacher = tensorOf(golden.get("distillation/teacher")!);
    checkFunction(golden, "distillation", (s) => nn.distillation(s, teacher, { temperature: 3 }));
    teacher.dispose();
    checkFunction(golden, "info-nce", (a, b, temperature) => nn.infoNce(a, b, { temperature }));
  });
});
