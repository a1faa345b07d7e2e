import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { grounding, nn, type tasks, tf, type Tensor, train } from "./names.ts";
import { Capture } from "../../kernel/backend/native/capture.ts";
import { watching } from "../../kernel/nn/module/watch.ts";
import { iou, toCorners } from "../../kernel/tasks/boxes/plain.ts";

const SIZES = {
  inputDim: 6,
  embedDim: 8,
  numHeads: 2,
  generatorHidden: 6,
  decoderHidden: 10,
} satisfies grounding.GroundingHeadConfig;

const sizeOf = (module: nn.Module): number =>
  [...module.namedParameters().values()].reduce((n, { size }) => n + size, 0);

function features(text: Tensor = tf.randomNormal([2, 5, 6], 0, 1, "float32", 5)): grounding.GroundingFeatures {
  const textMask = tf.tensor2d([1, 1, 1, 0, 0, 1, 0, 0, 0, 0], [2, 5]);
  const object = tf.randomNormal([2, 6], 0, 1, "float32", 1);
  return { object, image: tf.randomNormal([2, 6, 6], 0, 1, "float32", 2), grid: [2, 3], text, textMask };
}

const bits = (x: Tensor): Uint8Array => new Uint8Array(Float32Array.from(x.dataSync()).buffer);
const tokenBits = ({ token }: grounding.GroundingPredictions): Uint8Array[] => [
  bits(token!.logits),
  bits(token!.boxes),
];

/** Operations while something runs, by name. */
function operations(run: () => unknown): Map<string, number> {
  const counts = new Map<string, number>();
  const engine = tf.engine();
  const original = engine.runKernel.bind(engine);
  engine.runKernel = ((name: string, ...rest: [never, never]) => {
    counts.set(name, (counts.get(name) ?? 0) + 1);
    return original(name, ...rest);
  }) as never;
  try {
    // Nothing is one graph while it is watched.
    watching(() => {}, run);
  } finally {
    delete (engine as { runKernel?: unknown }).runKernel;
  }
  return counts;
}

/** Number of graphs that the device `native` runs meanwhile. */
function graphs(run: () => unknown): number {
  let count = 0;
  const original = Reflect.get(Capture.prototype, "forward");
  Capture.prototype.forward = function (...inputs) {
    count++;
    return original.apply(this, inputs);
  };
  try {
    run();
  } finally {
    Capture.prototype.forward = original;
  }
  return count;
}

describe("numbers of a head's parameters", () => {
  before(() => nn.start("native"));

  it("equal those that follow from the shapes of arXiv 2409.17531", () => {
    const both = grounding.headParameters();
    assert.deepEqual(both, {
      projections: 590_592,
      generator: 1_582_080,
      decoder: 4_736_768,
      tokenMlp: 65_792,
      classHead: 514,
      boxHead: 132_612,
      queryInit: 256,
      total: 7_241_740,
    });
    assert.equal(grounding.headParameters({ branches: "token" }).total, 2_371_846);
    assert.equal(both.total - grounding.headParameters({ branches: "token" }).total, 4_869_894);
    assert.equal(grounding.headParameters({ queries: 10 }).total, 7_241_740 + 9 * 256);
  });

  it("are those of the module, with every option", () => {
    for (const options of [
      {},
      { branches: "token" },
      { branches: "decoder" },
      { queries: 3, tokenLayers: 0, decoderLayers: 1 },
      { tokenLayers: 3, generatorLayers: 1 },
    ] as grounding.GroundingHeadConfig[]) {
      const head = new grounding.GroundingHead({ ...SIZES, ...options });
      assert.equal(sizeOf(head), grounding.headParameters({ ...SIZES, ...options }).total);
      head.dispose();
    }
    assert.equal(sizeOf(new grounding.GroundingHead()), 7_241_740);
  });
});

describe("a grounding head", () => {
  before(() => nn.start("native"));

  const make = (options: grounding.GroundingHeadConfig = {}): grounding.GroundingHead =>
    new grounding.GroundingHead({ ...SIZES, ...options }).eval();

  it("runs no layer of the decoder for the token branch, and gives the bits of the joint run", () => {
    const [head, input] = [make({ queries: 2 }), features()];
    const both = head.forward(input);
    const decoder = head.decoder as grounding.QueryDecoder;
    decoder.forward = () => assert.fail("the decoder ran");
    const token = head.forward(input, "token");
    assert.equal(token.decoder, undefined);
    assert.deepEqual(tokenBits(token), tokenBits(both));
    delete (decoder as { forward?: unknown }).forward;
    const dispatched = Object.fromEntries(
      (["token", "both"] as const).map((branch) => [branch, graphs(() => head.forward(input, branch))]),
    );
    assert.deepEqual(dispatched, { token: 2, both: 3 }, "queries, token branch, decoder");
    const alone = make({ queries: 2, branches: "token" });
    const counts = operations(() => alone.forward(input));
    assert.deepEqual(
      operations(() => head.forward(input, "token")),
      counts,
    );
    const total = (all: Map<string, number>): number => [...all.values()].reduce((sum, n) => sum + n, 0);
    assert.ok(total(operations(() => head.forward(input))) > 1.5 * total(counts), "the decoder has operations");
    assert.equal(head.forward(input, "decoder").token, undefined);
    assert.equal(head.forward(input, "decoder").decoder?.length, 3);
  });

  it("loads the token branch of a head with both, and computes the same bits", async () => {
    const [both, token, input] = [make(), make({ branches: "token" }), features()];
    const state = await nn.stateOf(both);
    const light = new Map([...state].filter(([name]) => !name.startsWith("decoder")));
    nn.loadState(token, light);
    assert.deepEqual(tokenBits(token.forward(input)), tokenBits(both.forward(input)));
    assert.throws(() => token.forward(input, "both"), /branches are token, received "both"/);
  });

  it("ignores padding: other values there change no bit", () => {
    const [head, input] = [make(), features()];
    const noise = tf.mul(tf.randomNormal([2, 5, 6], 0, 50), tf.sub(1, tf.expandDims(input.textMask, 2)));
    const other = head.forward({ ...input, text: tf.add(input.text, noise) });
    assert.deepEqual(tokenBits(other), tokenBits(head.forward(input)));
  });

  it("pads without a trace: a longer table gives the same boxes", () => {
    const [head, input] = [make(), features()];
    const pad = <T extends Tensor>(x: T, width: number): T =>
      tf.concat([x, tf.zeros([2, 4, ...(width ? [width] : [])])], 1) as T;
    const longer = { ...input, text: pad(input.text, 6), textMask: pad(input.textMask, 0) };
    const [a, b] = [input, longer].map((one) => head.forward(one).token!.boxes);
    assert.ok(tf.max(tf.abs(tf.sub(a, b))).dataSync()[0] < 1e-6);
  });

  it("gives each word the same share where there is one", () => {
    const attention = new nn.Attention(8, { heads: 2 });
    const context = tf.randomNormal([1, 1, 8]);
    const seen = attention.forward(tf.randomNormal([1, 3, 8]), { context });
    const [first, second, third] = tf.split(seen, 3, 1).map((x) => [...x.dataSync()]);
    assert.deepEqual([second, third], [first, first]);
  });

  it("lets only the first two channels of legacy positions vary", async () => {
    const { textPositions } = await import("../../kernel/grounding/positions.ts");
    const [legacy, real] = [true, false].map((on) => tf.reshape(textPositions(6, 8, on), [6, 8]));
    const varies = (x: Tensor): boolean[] => tf.split(x, 8, 1).map((channel) => new Set(channel.dataSync()).size > 1);
    assert.deepEqual(varies(legacy), [true, true, false, false, false, false, false, false]);
    assert.ok(varies(real).every(Boolean));
  });

  it("refuses what does not fit", () => {
    const [head, input] = [make(), features()];
    assert.throws(() => head.forward({ ...input, text: tf.zeros([2, 5, 7]) }), /text must be \[2, 5, 6\]/);
    assert.throws(() => head.forward({ ...input, textMask: tf.zeros([2, 4]) }), /textMask must be \[2, 5\]/);
    assert.throws(() => head.forward({ ...input, grid: [2, 2] }), /image must be \[2, 4, 6\]/);
    assert.throws(() => make({ embedDim: 10, numHeads: 5 }), /multiple of 4/);
    assert.throws(() => make({ querys: 1 } as never), /options are .*queries.*received "querys"/s);
    assert.throws(() => make({ branches: "fast" as never }), /branches must be token, decoder, both/);
  });
});

describe("the weight of distillation", () => {
  before(() => nn.start("native"));

  const truth: tasks.boxes.BoxTargets = [[[0.5, 0.5, 0.4, 0.4]]];
  const sure = (box: tasks.boxes.CenterBox, logits = [40, -40]): tasks.boxes.BoxPredictions => ({
    logits: tf.tensor3d([[logits]]),
    boxes: tf.tensor3d([[[...box]]]),
  });
  const weightOf = (decoder: tasks.boxes.BoxPredictions, targets = truth): number =>
    grounding.loss({ token: sure([0.4, 0.5, 0.4, 0.4]), decoder: [decoder] }, targets).metrics.W_dt as number;

  it("is 1 where the decoder is right and sure, 0 where it is beside, and 0 without a match", () => {
    assert.ok(Math.abs(weightOf(sure([0.5, 0.5, 0.4, 0.4])) - 1) < 1e-6);
    assert.equal(weightOf(sure([0.1, 0.1, 0.1, 0.1])), 0);
    assert.equal(weightOf(sure([0.5, 0.5, 0.4, 0.4]), [[]]), 0);
    const half = weightOf(sure([0.5, 0.5, 0.4, 0.4], [0, 0]));
    assert.ok(Math.abs(half - 0.5) < 1e-6);
  });

  it("is the probability times the IoU", () => {
    const box: tasks.boxes.CenterBox = [0.55, 0.5, 0.4, 0.4];
    const expected = (1 / (1 + Math.exp(-1))) * iou(toCorners(box), toCorners(truth[0][0]));
    assert.ok(Math.abs(weightOf(sure(box, [1, 0])) - expected) < 1e-6);
  });

  it("of 0 leaves the truth alone, of 1 the decoder alone", () => {
    const token = sure([0.4, 0.5, 0.4, 0.4], [0.3, 0.1]);
    const decoder = [sure([0.55, 0.5, 0.4, 0.4])];
    const parts = (balance: number): string[] =>
      Object.keys(grounding.loss({ token, decoder }, truth, { balance }).metrics);
    assert.deepEqual(parts(0), ["decoder", "token", "W_dt"]);
    assert.deepEqual(parts(1), ["decoder", "distillation", "W_dt"]);
  });

  it("leaves only classes where token, decoder and truth agree", () => {
    const exact = sure([0.5, 0.5, 0.4, 0.4]);
    const { loss } = grounding.loss({ token: exact, decoder: [exact] }, truth);
    assert.ok(loss.dataSync()[0] < 1e-4);
  });

  it("gives the decoder no gradient but from its own loss", () => {
    const head = new grounding.GroundingHead(SIZES).eval();
    const input = features();
    const targets: tasks.boxes.BoxTargets = [truth[0], truth[0]];
    const gradients = (decoder: number): Map<string, Tensor> =>
      train.lossAndGradients(
        () => grounding.loss(head.forward(input), targets, { decoder }).loss,
        head.namedParameters(),
      ).gradients;
    const most = (all: Map<string, Tensor>): number =>
      Math.max(
        ...[...all].filter(([name]) => name.startsWith("decoder")).map(([, g]) => tf.max(tf.abs(g)).dataSync()[0]),
      );
    assert.equal(most(gradients(0)), 0);
    assert.ok(most(gradients(1)) > 0);
  });

  it("refuses options that cannot be", () => {
    const token = sure([0.4, 0.5, 0.4, 0.4]);
    assert.throws(() => grounding.loss({ token }, truth, { balance: 2 }), /balance must be dynamic or lie in/);
    for (const balance of [NaN, "0.5", null] as never[])
      assert.throws(() => grounding.loss({ token }, truth, { balance }), /balance must be dynamic or lie in/);
    for (const name of ["decoder", "token", "distillation"])
      for (const value of [-1, NaN, Infinity, "2"])
        assert.throws(
          () => grounding.loss({ token }, truth, { [name]: value }),
          new RegExp(`${name} must be at least 0 and finite`),
        );
    assert.throws(() => grounding.loss({ token }, truth, { boxes: { l1: -5 } }), /l1 must be a finite number/);
    assert.throws(() => grounding.loss({}, truth), /predictions of a branch/);
    assert.throws(() => grounding.loss({ token }, truth, { token: 0 }), /factor above 0/);
    assert.throws(() => grounding.loss({ token }, truth, { wdt: 1 } as never), /received "wdt"/);
  });
});
