import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { onEveryDevice } from "../nn/devices.ts";
import { checkModule, goldenFile } from "../nn/golden.ts";
import { countedPlaces } from "../../kernel/models/vision-language-model.ts";
import { models, nn, refine, tf, type Tensor } from "./names.ts";

const GOLDEN = new URL("golden/", import.meta.url);
const golden = goldenFile("model", GOLDEN);

const SHAPE: models.VitConfig = {
  ...models.vitConfig("aimv2_large_patch14_448"),
  imgSize: 8,
  patchSize: 2,
  embedDim: 8,
  depth: 2,
  numHeads: 2,
  hiddenDim: 12,
};
const WORDS = {
  vocab_size: 11,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
};
const second: refine.RefineEncoder = {
  vit: { ...SHAPE, embedDim: 4, numHeads: 1, hiddenDim: 6, finalNorm: true },
  indices: [0, -1],
};

function make(config: Partial<refine.RefineConfig> = {}): refine.RefineModel {
  nn.manualSeed(3);
  return new refine.RefineModel({ encoders: [SHAPE], languageModel: new models.LanguageModel(WORDS), ...config });
}

/** The loss from tensors, as the golden script computes it. */
function lossOf(model: refine.RefineModel, pixels: Tensor, ids: Tensor, mask: Tensor, targets: Tensor): Tensor {
  const { places, words } = countedPlaces("refine.loss", targets);
  const hidden = model.forward({ pixels, ids, mask });
  const rows = tf.reshape(hidden, [-1, hidden.shape[2] as number]);
  return nn.crossEntropy(model.languageModel.logits(nn.gatherRows(rows, places)), words);
}

onEveryDevice("the network of gradual refinement like PyTorch's", () => {
  const cases: [name: string, config: Partial<refine.RefineConfig>][] = [
    ["tiles", {}],
    ["wide", {}],
    ["hierarchy", { encoders: [SHAPE, second], connectorNorm: true }],
  ];
  for (const [name, config] of cases)
    it(`${name}: loss and every gradient`, () =>
      checkModule(
        golden,
        name,
        () => make(config).eval(),
        (model, pixels, ids, mask, targets) => lossOf(model, pixels, ids, mask, targets),
        { tolerance: 5e-5 },
      ));
});

describe("the connector", () => {
  before(() => nn.start("wasm"));

  it("has 33,562,624 parameters between widths 1024 and 4096", () => {
    // Counted from its shapes: arXiv 2507.01643's connector, 4C · D + D + D² + D.
    const [C, D] = [64, 256];
    const projector = new models.Projector(C, D, { merge: 2 });
    const count = [...projector.namedParameters().values()].reduce((sum, { size }) => sum + size, 0);
    assert.equal(count, 4 * C * D + D + D * D + D);
    assert.equal(4 * 1024 * 4096 + 4096 + 4096 ** 2 + 4096, 33_562_624);
    projector.dispose();
  });

  it("makes a quarter of the tokens four times as wide, and back", () => {
    const x = tf.randomNormal([2, 32 * 32, 3]);
    const merged = models.mergeTokens(x, [32, 32], 2);
    assert.deepEqual(merged.shape, [2, 256, 12]);
    assert.deepEqual(models.splitTokens(merged, [32, 32], 2).dataSync(), x.dataSync());
    const numbered = tf.reshape(tf.range(0, 16), [1, 16, 1]);
    assert.deepEqual(
      [...models.mergeTokens(numbered as Tensor, [4, 4], 2).dataSync()].slice(0, 8),
      [0, 1, 4, 5, 2, 3, 6, 7],
    );
  });

  it("refuses an odd grid, another grid and features that are no multiple", () => {
    const x = tf.zeros([1, 9, 4]);
    assert.throws(() => models.mergeTokens(x, [3, 3], 2), /grid must be a multiple of merge 2, received \[3, 3\]/);
    assert.throws(() => models.mergeTokens(x, [2, 4], 2), /tokens must be \[B, 8, C\]/);
    assert.throws(() => models.splitTokens(tf.zeros([1, 1, 6]), [2, 2], 2), /multiple of 4, received 6/);
  });
});

describe("refine.RefineModel", () => {
  before(() => nn.start("wasm"));

  it("names its groups", () => {
    const groups = new Set([...make().namedParameters().keys()].map((name) => name.split(".")[0]));
    assert.deepEqual([...groups], ["vision", "connector", "language_model"]);
  });

  it("ignores the words of the prompt as targets, and pads without a trace", () => {
    const model = make().eval();
    const example = (seed: number, prompt: number[], text: number[]): refine.RefineExample => {
      const random = new nn.Prng(seed);
      return { pixels: Float32Array.from({ length: 192 }, () => random.normal()), shape: [1, 3, 8, 8], prompt, text };
    };
    const long = example(1, [1, 2, 3, 4], [5, 6]);
    const short = example(2, [1, 2], [7]);
    const batch = refine.batch([long, short]);
    assert.deepEqual([...batch.targets], [-100, -100, -100, 5, 6, -100, -100, 7, -100, -100, -100, -100]);
    const loss = (examples: refine.RefineExample[]): number =>
      tf.tidy(() => refine.loss(model, refine.batch(examples)).dataSync()[0]);
    // Three words count: two of the long example, one of the short one.
    const apart = (2 * loss([long]) + loss([short])) / 3;
    assert.ok(Math.abs(loss([long, short]) - apart) < 1e-5);
  });

  it("refuses what cannot be", () => {
    assert.throws(() => make({ encoders: [] }), /RefineError|encoders must hold at least one/);
    assert.throws(() => make({ encoders: [{ vit: SHAPE, indices: [] }] }), /must name a block/);
    assert.throws(
      () => make({ encoders: [null as never] }),
      /RefineModel: encoders\[0\] must be an object, received null/,
    );
    assert.throws(() => make({ merges: 2 } as never), /options are encoders, languageModel/);
    const uneven = make({ encoders: [SHAPE, { ...SHAPE, patchSize: 4 }] });
    assert.throws(() => uneven.see(tf.zeros([1, 3, 8, 8]), 1), /encoders must have equal grids/);
    assert.throws(() => make().see(tf.zeros([3, 3, 8, 8]), 2), /equally many tiles, received 3/);
    const bad = { pixels: new Float32Array(1), shape: [1, 3, 8, 8] as const, prompt: [1], text: [2] };
    assert.throws(() => refine.batch([bad]), /pixels must fill/);
    for (const none of [[], null, 3, {}])
      assert.throws(() => refine.batch(none as never), /refine\.batch: examples must be a list of at least one/);
    for (const part of [null, 7, {}, { ...bad, pixels: [0] }, { ...bad, shape: null }])
      assert.throws(() => refine.batch([part as never]), /an example must have pixels/);
    assert.throws(() => refine.batch([{ ...bad, prompt: "a" as never }]), /must be lists of word ids/);
    assert.throws(() => refine.batch([{ ...bad, text: [1.5] }]), /must be lists of word ids/);
  });

  it("scores the examples whose words are all the most likely ones", async () => {
    const model = make();
    const pixels = Float32Array.from({ length: 192 }, (_, i) => Math.cos(i));
    const shape = [1, 3, 8, 8] as const;
    const likely = (prompt: readonly number[]): number =>
      tf.tidy(() => {
        const { pixels: seen, shape: dims, ids, mask } = refine.batch([{ pixels, shape, prompt, text: [0] }]);
        const size = [1, prompt.length + 1];
        const hidden = model.forward({
          pixels: tf.tensor(seen, [...dims]),
          ids: tf.tensor(ids, size, "int32"),
          mask: tf.tensor(mask, size, "int32"),
        });
        const last = tf.slice(tf.squeeze(hidden, [0]), [prompt.length - 1, 0], [1, -1]);
        return tf.argMax(model.languageModel.logits(last), 1).dataSync()[0];
      });
    const first = likely([1, 2]);
    const second = likely([1, 2, first]);
    const other = (word: number): number => (word + 1) % 11;
    const texts = [[first], [other(first)], [first, second], [first, other(second)], [first, second]];
    const examples = texts.map((text) => ({ pixels, shape, prompt: [1, 2], text }));
    const found = await refine.score(model, examples, { batchSize: 2 });
    assert.deepEqual([found.right, found.total, found.accuracy], [3, 5, 0.6]);
    assert.ok(found.interval[0] < 0.6 && found.interval[1] > 0.6);
    assert.equal(model.training, true);
    await assert.rejects(refine.score(model, []), /a list of at least one/);
    await assert.rejects(refine.score(model, examples, { batchSize: 0 }), /batchSize must be/);
    await assert.rejects(refine.score(model, examples, { signal: AbortSignal.abort() }), /abort/i);
  });

  it("reports the keys of public weights, and refuses another shape", async () => {
    const vit = new models.VisionTransformer(SHAPE);
    const written = await models.vitState(vit, { names: "aimv2-release" });
    assert.ok(written.has("preprocessor.patchifier.proj.weight") && written.has("trunk.blocks.1.mlp.fc3.weight"));
    const model = make();
    const report = models.loadVitState(model.vision.encoders[0], written);
    assert.deepEqual([report.names, report.missing, report.unexpected], ["aimv2-release", [], []]);
    written.delete("trunk.post_trunk_norm.weight");
    assert.throws(() => models.loadVitState(model.vision.encoders[0], written), /norm\.weight/);
    const wide = new models.VisionTransformer({ ...SHAPE, embedDim: 16 });
    assert.throws(() => models.loadVitState(wide, new Map(written)), /embed/);
  });
});

describe("tiles", () => {
  it("are 1 to 12 of 448 pixels where nothing else is said", () => {
    assert.deepEqual(refine.tileGrid({ width: 13_000, height: 1000 }), [1, 12]);
    // Four tiles need half of 4 x 448^2 pixels: 633.6 squared.
    assert.deepEqual(refine.tileGrid({ width: 633, height: 633 }), [1, 1]);
    assert.deepEqual(refine.tileGrid({ width: 634, height: 634 }), [2, 2]);
  });

  interface Case {
    size: [number, number];
    tiles: [number, number];
    grid: [number, number];
  }
  const cases = JSON.parse(readFileSync(new URL("tiles.json", GOLDEN), "utf8")) as Case[];

  it(`have the grid of the reference in ${cases.length} cases`, () => {
    for (const { size, tiles, grid } of cases) {
      const [width, height] = size;
      const [minTiles, maxTiles] = tiles;
      assert.deepEqual(refine.tileGrid({ width, height }, { minTiles, maxTiles }), grid, `${size} ${tiles}`);
    }
  });

  it("are of a picture with width and height", () => {
    for (const size of [
      null,
      5,
      {},
      { width: 0, height: 2 },
      { width: Infinity, height: 2 },
      { width: "8", height: 8 },
    ])
      assert.throws(() => refine.tileGrid(size as never), /refine\.tileGrid: a picture must have width and height/);
    assert.throws(() => refine.tilePicture(null as never), /a picture must have width and height/);
    assert.throws(() => refine.tilePicture({ width: 2, height: 2 } as never), /must hold 3 bytes a pixel/);
  });

  it("cut a picture row by row, with a thumbnail where there are several", () => {
    const [width, height] = [8, 4];
    const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => (i % 24 < 12 ? 10 : 200));
    const { tiles, grid } = refine.tilePicture({ data, width, height, channels: 3 }, { tileSize: 4, maxTiles: 2 });
    assert.deepEqual(grid, [1, 2]);
    assert.deepEqual(
      tiles.map(({ width, height }) => [width, height]),
      [
        [4, 4],
        [4, 4],
        [4, 4],
      ],
    );
    assert.deepEqual([...new Set(tiles[0].data)], [10]);
    assert.deepEqual([...new Set(tiles[1].data)], [200]);
    const square = { data: data.subarray(0, 48), width: 4, height: 4, channels: 3 as const };
    assert.equal(refine.tilePicture(square, { tileSize: 4 }).tiles.length, 1);
    assert.throws(() => refine.tilePicture({ ...square, width: 5 }), /3 bytes a pixel/);
    assert.throws(
      () => refine.tileGrid(square, { minTiles: 3, maxTiles: 2 }),
      /minTiles must be at most maxTiles \(2\)/,
    );
    assert.throws(() => refine.tileGrid(square, { tiles: 3 } as never), /options are tileSize/);
    for (const maxTiles of [1e9, 1025, 0, 1.5])
      assert.throws(() => refine.tileGrid(square, { maxTiles }), /maxTiles must be a whole number of 1 to 1024/);
    assert.throws(() => refine.tilePicture(square, { tileSize: 1e8 }), /tileSize must be a whole number of 1 to 8192/);
  });
});
