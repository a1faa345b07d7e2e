import assert from "node:assert/strict";
import { it } from "node:test";
import { onEveryDevice } from "../nn/devices.ts";
import { below, checkFunction, checkModule, goldenFile } from "../nn/golden.ts";
import { grounding, nn, tasks, tf, type Tensor } from "./names.ts";

const golden = goldenFile("head", new URL("golden/", import.meta.url));
const TOLERANCE = { tolerance: 3e-5 };
const SIZES = {
  inputDim: 6,
  embedDim: 8,
  numHeads: 2,
  generatorHidden: 6,
  decoderHidden: 10,
} satisfies grounding.GroundingHeadConfig;

const featuresOf = ([object, image, text, textMask]: Tensor[]): grounding.GroundingFeatures => ({
  object,
  image,
  text,
  textMask,
  grid: [2, 3],
});

const makeHead = (options: grounding.GroundingHeadConfig) => (): grounding.GroundingHead =>
  new grounding.GroundingHead({ ...SIZES, ...options }).eval();

/** Logits and boxes of all predictions, one after the other. */
function flat({ token, decoder }: grounding.GroundingPredictions): Tensor {
  const all = [token!, ...decoder!].flatMap(({ logits, boxes }) => [logits, boxes]);
  return tf.concat(all.map((one) => tf.reshape(one, [-1])));
}

/** Targets of the pictures of a case. */
const targetsOf = (name: string): tasks.boxes.BoxTargets =>
  [0, 1].map((b) => {
    const { data, shape } = golden.get(`${name}/target${b}`)!;
    return Array.from({ length: shape[0] }, (_, i) => [...(data as Float32Array).slice(4 * i, 4 * i + 4)]) as never;
  });

/** The loss of a case, whose weight of the decoder is checked. */
function lossOf(name: string, predictions: grounding.GroundingPredictions, balance: "dynamic" | number): Tensor {
  const [expected] = golden.get(`${name}/weight`)!.data as Float32Array;
  const { loss, metrics } = grounding.loss(predictions, targetsOf(name), { balance });
  assert.ok(Math.abs((metrics.W_dt as number) - expected) < 1e-6, `weight ${metrics.W_dt as number} for ${expected}`);
  return loss;
}

onEveryDevice("grounding like PyTorch", () => {
  for (const [name, options] of Object.entries({
    head: {},
    "head-queries": { queries: 3, tokenLayers: 2 },
    "head-legacy": { legacyTextPosition: true, legacyTextPool: true },
    "head-no-mlp": { queries: 2, tokenLayers: 0 },
  }))
    it(`${name}: every branch and every gradient`, () => {
      const forward = (head: grounding.GroundingHead, ...inputs: Tensor[]): Tensor =>
        flat(head.forward(featuresOf(inputs)));
      checkModule(golden, name, makeHead(options), forward, TOLERANCE);
    });

  for (const [name, balance] of [
    ["loss", "dynamic"],
    ["loss-queries", "dynamic"],
    ["loss-some-empty", "dynamic"],
    ["loss-empty", "dynamic"],
    ["loss-crowded", "dynamic"],
    ["loss-fixed", 0.5],
    ["loss-truth", 0],
    ["loss-taught", 1],
  ] as const)
    it(`${name}: value, weight and every gradient`, () => {
      const forward = (...[logits, boxes, ...rest]: Tensor[]): Tensor => {
        const decoder = [0, 2, 4].map((i) => ({ logits: rest[i], boxes: rest[i + 1] }));
        return lossOf(name, { token: { logits, boxes }, decoder }, balance);
      };
      checkFunction(golden, name, forward, undefined, TOLERANCE);
    });

  it("loss through the head: no gradient reaches the decoder by the distillation", () => {
    const forward = (head: grounding.GroundingHead, ...inputs: Tensor[]): Tensor =>
      lossOf("loss-through", head.forward(featuresOf(inputs)), "dynamic");
    checkModule(golden, "loss-through", makeHead({ queries: 3 }), forward, TOLERANCE);
  });

  it("IoU and GIoU of boxes: values and gradients", () => {
    checkFunction(golden, "iou", tasks.boxes.boxIou);
    checkFunction(golden, "giou", tasks.boxes.generalizedBoxIou);
  });

  for (const [name, options] of [
    ["entropy", {}],
    ["entropy-smooth", { labelSmoothing: 0.2 }],
    ["entropy-sum", { reduction: "sum" }],
  ] as const)
    it(`cross-entropy with weights of classes: ${name}`, () => {
      assert.ok(below(golden, `${name}/`).size);
      const loss = (x: Tensor, y: Tensor): Tensor => nn.crossEntropy(x, y, { weight: [1, 0.1, 2.5], ...options });
      checkFunction(golden, name, loss);
    });
});
