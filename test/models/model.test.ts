import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { nn, tf, train, type Tensor } from "../nn/names.ts";
import { Vce } from "../../kernel/vce/index.ts";
import { models } from "./names.ts";

const CONFIG = {
  vocab_size: 9,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
};
const GRID = [2, 4] as const;

const noise = (shape: number[], seed: number): Tensor => tf.randomNormal(shape, 0, 1, "float32", seed);
const ints = (values: number[] | number[][]): Tensor => tf.tensor(values, undefined, "int32");

function makeModel(withVce: boolean): InstanceType<typeof models.VisionLanguageModel> {
  nn.manualSeed(5);
  const vce = withVce ? new Vce(4, { indices: [-1, -2], heads: 2, points: 2 }) : undefined;
  const languageModel = new models.LanguageModel(CONFIG);
  return new models.VisionLanguageModel({ features: 4, grid: GRID, languageModel, vce });
}

const levels = (): Tensor[] => [noise([2, 8, 4], 1), noise([2, 8, 4], 2)];

describe("a model that sees", () => {
  before(() => nn.start("native"));

  it("projects squares of neighbouring tokens, side by side in raster order", () => {
    const projector = new models.Projector(3, 8, { merge: 2 });
    const x = noise([1, 8, 3], 3);
    const values = x.dataSync();
    // Squares of the 2 x 4 grid: tokens 0, 1, 4, 5 and 2, 3, 6, 7.
    const squares = [
      [0, 1, 4, 5],
      [2, 3, 6, 7],
    ].map((tokens) => tokens.flatMap((token) => [...values.slice(token * 3, token * 3 + 3)]));
    const expected = projector.fc2.forward(nn.gelu(projector.fc1.forward(tf.tensor([squares], [1, 2, 12]))));
    assert.deepEqual(projector.forward(x, GRID).dataSync(), expected.dataSync());
  });

  it("gives the same answers whatever stands behind the padding", () => {
    const model = makeModel(true);
    const seen = levels();
    const mask = ints([
      [1, 1, 1, 1, 0],
      [1, 1, 1, 0, 0],
    ]);
    const logits = (filler: number): Float32Array => {
      const ids = ints([
        [1, 2, 3, 4, filler],
        [1, 5, 6, filler, filler],
      ]);
      return model.logitsAt({ levels: seen, ids, mask }, ints([3, 7])).dataSync() as Float32Array;
    };
    assert.deepEqual(logits(0), logits(8));
  });

  it("answers by what it sees", () => {
    const model = makeModel(false);
    const ids = ints([[1, 2, 3]]);
    const mask = ints([[1, 1, 1]]);
    const answer = (seed: number): number[] => [
      ...model.logitsAt({ levels: [noise([1, 8, 4], seed)], ids, mask }, ints([2])).dataSync(),
    ];
    assert.notDeepEqual(answer(1), answer(2));
  });

  it("counts in the loss only the words that it is told to", () => {
    const model = makeModel(false);
    const batch = {
      levels: levels(),
      ids: ints([
        [1, 2, 3],
        [1, 4, 5],
      ]),
      mask: ints([
        [1, 1, 1],
        [1, 1, 1],
      ]),
    };
    const loss = model
      .loss(
        batch,
        ints([
          [-100, -100, 7],
          [-100, 3, -100],
        ]),
      )
      .dataSync()[0];
    const logits = model.logitsAt(batch, ints([2, 4]));
    const expected = tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), tf.oneHot(ints([7, 3]), 9)), 1)));
    assert.ok(Math.abs(loss - expected.dataSync()[0]) < 1e-6);
    const nothing = ints([
      [-100, -100, -100],
      [-100, -100, -100],
    ]);
    assert.throws(
      () => model.loss(batch, nothing),
      /models\.VisionLanguageModel\.loss: at least one target of the batch must count/,
    );
  });

  it("reaches VCE and projector with gradients while the language model is frozen", () => {
    const model = makeModel(true);
    model.languageModel.freeze();
    const batch = {
      levels: levels(),
      ids: ints([
        [1, 2, 3],
        [1, 4, 5],
      ]),
      mask: ints([
        [1, 1, 1],
        [1, 1, 1],
      ]),
    };
    const targets = ints([
      [-100, -100, 7],
      [-100, -100, 3],
    ]);
    const found = train.lossAndGradients(() => model.loss(batch, targets), model.namedParameters());
    const names = [...found.gradients.keys()];
    assert.ok(
      names.every((name) => /^(vce|mm_projector)\./.test(name)),
      names.join(", "),
    );
    assert.equal(names.length, model.vce!.namedParameters().size + model.mmProjector.namedParameters().size);
    // Offsets and weights begin at zero, so nothing passes through them to the norm before them yet.
    for (const [name, gradient] of found.gradients)
      assert.equal(gradient.dataSync().some(Boolean), !name.startsWith("vce.norm_query"), name);
  });

  it("refuses VCE of another width", () => {
    nn.manualSeed(1);
    const languageModel = new models.LanguageModel(CONFIG);
    const vce = new Vce(8, { indices: [-1], heads: 2 });
    const make = () => new models.VisionLanguageModel({ features: 4, grid: GRID, languageModel, vce });
    assert.throws(make, /models\.VisionLanguageModel: vce must have 4 features.*8/);
  });
});
