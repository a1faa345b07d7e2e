/** Blocks that the device `native` computes as one graph forward and one backward, beside the same by single operations. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { apart, counting } from "./graphs.ts";
import { nn, train, type Tensor, tf } from "./names.ts";

const SHAPE = [3, 20, 48];
const OPTIONS: Record<string, Partial<nn.BlockOptions>> = {
  "as it comes": {},
  "with dropout": { dropout: 0.2 },
  "with grouped queries": { keyValueHeads: 2, dropout: 0.1 },
  "with a causal mask and layer scale": { causal: true, layerScale: 0.1 },
  "with silu": { activation: "silu" },
  "with relu": { activation: "relu" },
  "with the tanh form of gelu, without biases": { activation: "gelu-tanh", bias: false },
};

interface Run {
  loss: number;
  gradients: Map<string, Float32Array>;
  /** Number of graphs that ran. */
  graphs: number;
}

type Call = (block: nn.Block, x: Tensor) => Tensor;

/** Loss and gradients of a new block; its second call, so that a graph is there. */
function run(options: Partial<nn.BlockOptions>, single: boolean, call: Call = (block, x) => block.forward(x)): Run {
  nn.manualSeed(4);
  const block = new nn.Block(SHAPE[2], { heads: 4, ...options });
  if (single) apart(block.mlp);
  const x = new nn.Parameter(SHAPE, nn.normal());
  const parameters = new Map([...block.namedParameters(), ["x", x]]);
  const compute = (): train.LossAndGradients => {
    nn.manualSeed(9);
    return train.lossAndGradients(() => tf.sum(tf.square(call(block, x.value))), parameters);
  };
  train.disposeGradients(compute());
  const before = tf.memory();
  const [found, graphs] = counting(compute);
  const gradients = new Map([...found.gradients].map(([name, g]) => [name, Float32Array.from(g.dataSync())]));
  const [loss] = found.loss.dataSync();
  train.disposeGradients(found);
  assert.deepEqual(
    [tf.memory().numTensors, tf.memory().numBytes],
    [before.numTensors, before.numBytes],
    "no tensor is left",
  );
  for (const parameter of parameters.values()) parameter.dispose();
  return { loss, gradients, graphs };
}

function assertSame(actual: Run, expected: Run): void {
  assert.ok(Math.abs(actual.loss - expected.loss) <= 1e-5 * expected.loss, `${actual.loss}, not ${expected.loss}`);
  assert.deepEqual([...actual.gradients.keys()], [...expected.gradients.keys()]);
  for (const [name, values] of expected.gradients) {
    const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    const worst = values.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - actual.gradients.get(name)![i])),
      0,
    );
    assert.ok(worst <= 1e-5 * scale, `gradient of ${name} differs by ${worst} of ${scale}`);
  }
}

describe("a block as one graph forward and one backward", () => {
  before(() => nn.start("native"));

  for (const [name, options] of Object.entries(OPTIONS))
    it(`equals single operations, ${name}`, () => {
      const [one, many] = [run(options, false), run(options, true)];
      assertSame(one, many);
      assert.ok(one.graphs < many.graphs / 2, `${one.graphs} graphs in place of ${many.graphs}`);
    });

  it("equals single operations with a mask of keys and a context", () => {
    const context = tf.randomNormal([3, 7, 48], 0, 1, "float32", 3);
    const mask = tf.tensor2d([1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1], [3, 7], "int32");
    const call: Call = (block, x) => block.forward(x, { context, keyMask: mask });
    const [one, many] = [run({ dropout: 0.1 }, false, call), run({ dropout: 0.1 }, true, call)];
    assertSame(one, many);
    assert.ok(one.graphs < many.graphs / 2);
    tf.dispose([context, mask]);
  });

  it("equals single operations in parts of a large batch, with masks", () => {
    const call: Call = (block, x) =>
      tf.tidy(() => {
        const large = tf.tile(x, [5, 23, 1]);
        const keyMask = tf.cast(tf.greater(tf.range(0, 15 * 460), 900), "float32");
        return block.forward(large, { keyMask: tf.reshape(keyMask, [15, 460]) });
      });
    const options = { causal: true, dropout: 0.1, keyValueHeads: 1 };
    const [one, many] = [run(options, false, call), run(options, true, call)];
    assertSame(one, many);
  });

  it("computes parts of a batch again for the gradient", async () => {
    const model = Object.assign(new (class extends nn.Module {})(), { blocks: [new nn.Block(48, { heads: 4 })] });
    const x = tf.randomNormal([15, 460, 48], 0, 1, "float32", 3);
    const losses: number[] = [];
    for (const recompute of [false, true]) {
      nn.manualSeed(2);
      for (const parameter of model.namedParameters().values())
        parameter.assign(new Float32Array(parameter.size).fill(0.01));
      const { last } = await train.fit({
        model,
        data: train.batches([0], { batchSize: 1 }),
        loss: () => tf.mean(tf.square(model.blocks[0].forward(x))),
        stages: [{ name: "one", groups: [{ parameters: "blocks", learningRate: 0.01 }], steps: 3 }],
        recompute,
      });
      losses.push(last!.loss, last!.gradientNorm);
    }
    assert.ok(Math.abs(losses[0] - losses[2]) <= 1e-5 * losses[0], losses.join());
    assert.ok(Math.abs(losses[1] - losses[3]) <= 1e-4 * losses[1], losses.join());
    model.dispose();
    x.dispose();
  });

  it("gives the same bits each time", () => {
    const [first, second] = [run({ dropout: 0.1 }, false), run({ dropout: 0.1 }, false)];
    assert.deepEqual(first, second);
  });

  it("equals single operations without a gradient, in evaluation and in training", () => {
    const block = new nn.Block(SHAPE[2], { heads: 4, dropout: 0.3 });
    const x = tf.randomNormal(SHAPE, 0, 1, "float32", 8);
    for (const on of [true, false]) {
      block.train(on);
      const outputs = [false, true].map((single) => {
        nn.manualSeed(5);
        if (single) apart(block.mlp);
        return Array.from(tf.tidy(() => block.forward(x).dataSync()));
      });
      delete (block.mlp as { forward?: unknown }).forward;
      outputs[0].forEach((value, i) => assert.ok(Math.abs(value - outputs[1][i]) <= 1e-5));
    }
    block.dispose();
    x.dispose();
  });

  it("computes no gradient for what is frozen, and takes part again when it trains again", () => {
    const block = new nn.Block(SHAPE[2], { heads: 4 });
    const x = tf.randomNormal(SHAPE, 0, 1, "float32", 8);
    const loss = (): Tensor => tf.sum(tf.square(block.forward(x)));
    block.freeze(/^(norm1|attn)/);
    const some = train.lossAndGradients(loss, block.namedParameters());
    assert.ok([...some.gradients.keys()].every((name) => !/^(norm1|attn)/.test(name)));
    block.freeze(/(?:)/, true);
    const all = train.lossAndGradients(loss, block.namedParameters());
    assert.equal(all.gradients.size, block.namedParameters().size);
    for (const [name, gradient] of some.gradients)
      assert.ok(tf.tidy(() => tf.max(tf.abs(tf.sub(gradient, all.gradients.get(name)!))).dataSync()[0]) < 1e-3, name);
    [some, all].forEach(train.disposeGradients);
    block.dispose();
    x.dispose();
  });

  it("has gradients in plain tensors, and in frozen parameters that someone asks for", () => {
    const block = new nn.Block(SHAPE[2], { heads: 4 });
    const x = tf.randomNormal(SHAPE, 0, 1, "float32", 8);
    const gradients = [false, true].map((single) => {
      if (single) apart(block.mlp);
      const inX = tf.tidy(() =>
        tf
          .grad((x) => tf.sum(tf.square(block.forward(x))))(x)
          .dataSync(),
      );
      block.freeze();
      const variable = block.norm1.weight.value;
      const { grads, value } = tf.variableGrads(() => tf.sum(tf.square(block.forward(x))) as never, [variable]);
      const inWeight = Float32Array.from(grads[variable.name].dataSync());
      tf.dispose([grads[variable.name], value]);
      block.freeze(/(?:)/, true);
      return [...inX, ...inWeight];
    });
    gradients[0].forEach((value, i) => assert.ok(Math.abs(value - gradients[1][i]) <= 1e-3, `value ${i}`));
    block.dispose();
    x.dispose();
  });

  it("has second derivatives", () => {
    nn.manualSeed(4);
    const block = new nn.Block(8, { heads: 2, dropout: 0.1 });
    const x = tf.randomNormal([1, 3, 8], 0, 1, "float32", 8);
    /** Length of the gradient, squared. */
    const length = (x: Tensor): Tensor => {
      nn.manualSeed(5);
      return tf.sum(tf.square(tf.grad((x) => tf.mean(tf.square(block.forward(x))))(x)));
    };
    const found = tf.tidy(() => Float32Array.from(tf.grad(length)(x).dataSync()));
    const step = 1e-2;
    for (let i = 0; i < found.length; i += 5) {
      const at = (sign: number): number =>
        tf.tidy(() => {
          const moved = Float32Array.from(x.dataSync(), (value, k) => value + (k === i ? sign * step : 0));
          return length(tf.tensor(moved, x.shape)).dataSync()[0];
        });
      const slope = (at(1) - at(-1)) / (2 * step);
      assert.ok(Math.abs(found[i] - slope) <= 1e-2 * Math.max(0.1, Math.abs(slope)), `${found[i]}, not ${slope}`);
    }
    assert.ok(found.some((value) => Math.abs(value) > 1e-2));
    block.dispose();
    x.dispose();
  });

  it("leaves classes that extend it, and replaced layers, to their own code", () => {
    class Doubled extends nn.Block {
      override forward(x: Tensor): Tensor {
        return tf.mul(super.forward(x), 2);
      }
    }
    class Twice extends nn.Linear {
      override forward(x: Tensor): Tensor {
        return tf.mul(super.forward(x), 2);
      }
    }
    const x = tf.randomNormal(SHAPE, 0, 1, "float32", 8);
    const made = (type: typeof nn.Block): nn.Block => {
      nn.manualSeed(4);
      return new type(SHAPE[2], { heads: 4 });
    };
    const [plain, doubled, replaced] = [made(nn.Block), made(Doubled), made(nn.Block)];
    nn.manualSeed(4);
    const twice = new Twice(4 * SHAPE[2], SHAPE[2]);
    replaced.replaceModule("mlp.fc2", twice);
    const sums = [plain, doubled, replaced].map((block) => tf.tidy(() => block.forward(x).dataSync()[5]));
    assert.ok(Math.abs(sums[1] - 2 * sums[0]) < 1e-5);
    replaced.mlp.replaceModule("fc2", plain.mlp.fc2);
    twice.weight.assign(plain.mlp.fc2.weight.value);
    assert.notEqual(sums[2], sums[0]);
    for (const module of [plain, doubled, twice]) module.dispose();
    x.dispose();
  });

  it("throws the error of a wrong input, and computes the next right one", () => {
    const block = new nn.Block(SHAPE[2], { heads: 4 });
    const wrong = tf.zeros([1, 3, 40]);
    for (let i = 0; i < 2; i++)
      assert.throws(() => block.forward(wrong), /nn.LayerNorm: the input must be \[..., 48\]/);
    const right = tf.zeros([1, 3, 48]);
    assert.throws(() => block.forward(right, { keyMask: wrong }), /keyMask must be \[1, 3\]/);
    tf.dispose([block.forward(right), wrong, right]);
    block.dispose();
  });
});
