/** On the build that `npm test` installs into `.fovea/backends`, or that FOVEA_BACKENDS names. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import util from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import { probeTraining } from "../../kernel/backend";
import {
  registerTensorflow,
  tensorflowBuild,
  type TensorflowBuild,
  type TfjsCore,
} from "../../kernel/backend/node/tensorflow";

const core = tf as unknown as TfjsCore;
const build = tensorflowBuild();
const absent = build ? false : "TensorFlow is not installed: fovea backend install tensorflow";

describe("TensorFlow under tfjs", { skip: absent }, () => {
  it("registers itself and its kernels with the tfjs-core of the caller, once, without those Node 23 took away", async () => {
    const removed = util as { isNullOrUndefined?: unknown };
    delete removed.isNullOrUndefined;
    const { folder } = registerTensorflow(core);
    assert.equal(registerTensorflow(core).folder, folder);
    assert.equal(typeof removed.isNullOrUndefined, "function");
    assert.ok(await tf.setBackend("tensorflow"));
    assert.ok(tf.getKernelsForBackend("tensorflow").length > 150);
    const requireThere = createRequire(`${folder}/node_modules/@tensorflow/tfjs-node/dist/index.js`);
    const { NodeJSKernelBackend } = requireThere("./nodejs_kernel_backend") as {
      NodeJSKernelBackend: new () => object;
    };
    assert.ok(tf.backend() instanceof NodeJSKernelBackend);
    assert.ok(tf.backend() instanceof tf.KernelBackend, "of our own copy of tfjs-core");
  });

  it("computes: a product, values by their order, a negative slope, an exponential of integers", () => {
    tf.tidy(() => {
      const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
      assert.deepEqual(tf.matMul(x, x).arraySync(), [
        [7, 10],
        [15, 22],
      ]);
      assert.deepEqual(tf.topk(tf.tensor1d([3, 1, 2]), 2).indices.arraySync(), [0, 2]);
      assert.deepEqual(tf.argMax(tf.tensor1d([false, true], "bool")).arraySync(), 1);
      assert.deepEqual(tf.prelu(tf.tensor1d([-2, 2]), tf.tensor1d([0.5, 0.5])).arraySync(), [-1, 2]);
      const e = tf.exp(tf.tensor1d([0, 1], "int32")).arraySync();
      assert.ok(Math.abs(e[1] - Math.E) < 1e-6, `${e[1]}`);
    });
  });

  it("frees its tensors with the scope that made them", () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => tf.matMul(tf.ones([8, 8]), tf.ones([8, 8])).dataSync());
    assert.equal(tf.memory().numTensors, before);
  });

  it("is a rung of the ladder, with the version of its library", async () => {
    const rung = (await probeTraining()).find((one) => one.backend === (build?.gpu ? "tensorflow-gpu" : "tensorflow"));
    assert.deepEqual(
      { ok: rung?.ok, reason: rung?.reason, version: rung?.version },
      { ok: true, reason: null, version: "2.21.0" },
    );
  });
});

describe("TensorFlow that is not installed, or broken", () => {
  it("is refused with the command that installs it", () => {
    assert.throws(() => registerTensorflow(core, null), /nn.start: .*fovea backend install tensorflow/);
  });

  it("is refused with what the loader says", () => {
    const broken: TensorflowBuild = { folder: "/nonexistent", gpu: false, versions: {} };
    const fresh = { ...tf, findBackendFactory: () => null } as unknown as TfjsCore;
    assert.throws(
      () => registerTensorflow(fresh, broken),
      /TensorFlow in \/nonexistent must load, received .*Cannot find/,
    );
  });
});
