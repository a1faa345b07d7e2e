import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { onEveryDevice } from "../nn/devices.ts";
import { checkModule } from "../nn/golden.ts";
import { nn, tf, type Tensor } from "../nn/names.ts";
import { Vce, type VceOptions } from "../../kernel/vce/index.ts";
import * as safetensors from "../../kernel/safetensors";
import { sharedRandom } from "../../kernel/nn/module/random.ts";

const GRID = [3, 4] as const;
const SMALL: VceOptions = { indices: [-1, -2, -3], heads: 2, points: 3 };

const golden = safetensors.parse(readFileSync(join(import.meta.dirname, "golden", "vce.safetensors"))).tensors;

const levelsOf = (vce: Vce, value: (level: number) => Tensor): Tensor[] => vce.indices.map((_, level) => value(level));

function parameterCount(module: nn.Module): number {
  return [...module.namedParameters().values()].reduce((sum, { size }) => sum + size, 0);
}

onEveryDevice("VCE", () => {
  it("equals grid_sample in PyTorch, with every gradient, the high level asking", () => {
    checkModule(
      golden,
      "high",
      () => new Vce(8, SMALL),
      (vce, ...levels) => vce.forward(levels, GRID),
      { tolerance: 5e-5 },
    );
  });

  it("takes the release's anchor, the last of the list, when told", () => {
    checkModule(
      golden,
      "last",
      () => new Vce(8, { ...SMALL, anchor: -3 }),
      (vce, ...levels) => vce.forward(levels, GRID),
      { tolerance: 5e-5 },
    );
  });
});

describe("VCE", () => {
  before(() => nn.start("native"));

  it("has the published number of parameters: 2,892,544 with the norm that is never used", () => {
    // Counts for the configuration of arXiv 2411.12787; 5,785,088 bytes in half precision.
    const published = new Vce(1024, { unusedNorm: true });
    assert.equal(parameterCount(published), 2_892_544);
    assert.equal(parameterCount(new Vce(1024)), 2_890_496);
  });

  it("never computes with the unused norm", () => {
    nn.manualSeed(3);
    const vce = new Vce(8, { ...SMALL, unusedNorm: true });
    const levels = levelsOf(vce, () => tf.randomNormal([1, 12, 8], 0, 1, "float32", 5));
    const first = vce.forward(levels, GRID).dataSync();
    vce.norm!.weight.assign(new Float32Array(8).fill(NaN));
    assert.deepEqual(vce.forward(levels, GRID).dataSync(), first);
  });

  it("keeps the number of tokens: 576 to 576", () => {
    const vce = new Vce(32, { indices: [-2, -8, -14, -20] });
    const y = tf.tidy(() =>
      vce.forward(
        levelsOf(vce, () => tf.ones([2, 576, 32])),
        [24, 24],
      ),
    );
    assert.deepEqual(y.shape, [2, 576, 32]);
  });

  it("does not depend on offsets where maps are constant and samples stay inside", () => {
    nn.manualSeed(1);
    const vce = new Vce(8, { indices: [-1, -2], heads: 2, points: 1 });
    const levels = levelsOf(vce, (level) => tf.fill([1, 81, 8], level + 0.5));
    // A constant token is all zero after the norm: give the norm a shift, so that there is a value to sample.
    vce.normFeature.bias.assign(Float32Array.from({ length: 8 }, (_, i) => i));
    const center = (): Float32Array =>
      vce
        .forward(levels, [9, 9])
        .dataSync()
        .slice(40 * 8, 41 * 8) as Float32Array;
    const first = center();
    const { bias } = vce.attn.samplingOffsets;
    bias!.assign(Float32Array.from({ length: bias!.size }, (_, i) => ((i * 7) % 5) - 2));
    assert.deepEqual(
      [...center()].map((x) => x.toFixed(5)),
      [...first].map((x) => x.toFixed(5)),
    );
  });

  it("is the mean over levels of the own cell when offsets and weights are zero", () => {
    nn.manualSeed(2);
    const vce = new Vce(8, SMALL);
    for (const { weight, bias } of [vce.attn.samplingOffsets, vce.attn.attentionWeights])
      for (const parameter of [weight, bias!]) parameter.assign(new Float32Array(parameter.size));
    const levels = levelsOf(vce, (level) => tf.randomNormal([1, 12, 8], 0, 1, "float32", level + 1));
    const expected = tf.tidy(() => {
      const values = levels.map((level) => vce.attn.valueProj.forward(vce.normFeature.forward(level)));
      const mean = tf.div(tf.addN(values), values.length);
      return tf.add(levels[0], vce.attn.outputProj.forward(mean));
    });
    const y = vce.forward(levels, GRID).dataSync();
    expected.dataSync().forEach((value, i) => assert.ok(Math.abs(value - y[i]) < 1e-5, `value ${i}`));
  });

  it("does not change when levels are permuted together with their parameters", () => {
    nn.manualSeed(4);
    const options = { heads: 2, points: 1 };
    const [one, other] = [
      [-1, -2],
      [-2, -1],
    ].map((indices) => new Vce(8, { ...options, indices, anchor: -1 }));
    const rows = (parameter: nn.Parameter): Float32Array => parameter.value.dataSync() as Float32Array;
    for (const [name, parameter] of one.namedParameters())
      if (!/sampling_offsets|attention_weights/.test(name)) other.namedParameters().get(name)!.assign(rows(parameter));
    // [head, level, point(, coordinate)] along the outputs: levels change places.
    const swap = (parameter: nn.Parameter, inner: number): Float32Array => {
      const shape = [2, 2, inner * (parameter.size / (4 * inner))];
      return tf.tidy(() =>
        tf.reverse(tf.tensor(rows(parameter), shape as [number, number, number]), 1).dataSync(),
      ) as Float32Array;
    };
    for (const name of ["samplingOffsets", "attentionWeights"] as const) {
      const random = one.attn[name];
      random.weight.assign(Float32Array.from({ length: random.weight.size }, (_, i) => Math.sin(i) / 3));
      other.attn[name].weight.assign(swap(random.weight, 1));
      other.attn[name].bias!.assign(swap(random.bias!, 1));
    }
    const [high, low] = [7, 8].map((seed) => tf.randomNormal([1, 12, 8], 0, 1, "float32", seed) as Tensor);
    const expected = one.forward([high, low], GRID).dataSync();
    const y = other.forward([low, high], GRID).dataSync();
    expected.forEach((value, i) => assert.ok(Math.abs(value - y[i]) < 1e-5, `value ${i}`));
  });

  it("says how much each level is looked at", () => {
    const vce = new Vce(8, SMALL);
    const shares = vce.levelWeights(levelsOf(vce, () => tf.ones([1, 12, 8]))).dataSync();
    assert.deepEqual(
      [...shares].map((share) => share.toFixed(4)),
      ["0.3333", "0.3333", "0.3333"],
    );
  });

  it("refuses levels and anchors that do not fit, by name", () => {
    assert.throws(() => new Vce(8, { ...SMALL, anchor: -5 }), /vce\.Vce: anchor must be one of -1, -2, -3.*-5/);
    assert.throws(() => new Vce(8, { ...SMALL, head: 2 } as object), /vce\.Vce: .*head/);
    assert.throws(() => new Vce(8, { ...SMALL, indices: [-1, -1] }), /vce\.Vce: indices must name at least one level/);
    const vce = new Vce(8, SMALL);
    assert.throws(() => vce.forward([tf.ones([1, 12, 8])], GRID), /vce\.Vce\.forward: there must be a level for each/);
    const short = levelsOf(vce, (level) => tf.ones([1, level ? 12 : 11, 8]));
    assert.throws(() => vce.forward(short, GRID), /every level must be \[1, 12, 8\].*\[1,11,8\]|11/);
  });

  it("draws level weights by head and over the grid, whose means are the level weights", async () => {
    nn.manualSeed(7);
    const vce = new Vce(8, SMALL);
    vce.attn.attentionWeights.weight.assign(nn.normal(0, 1)([18, 8], sharedRandom()));
    const levels = levelsOf(vce, (level) => tf.randomNormal([2, 12, 8], 0, 1, "float32", 11 + level));
    const before = tf.memory().numTensors;
    const [byHead, ...maps] = await vce.levelPictures(levels, GRID);
    assert.equal(tf.memory().numTensors, before);
    const weights = vce.levelWeights(levels).dataSync();
    assert.deepEqual(
      [byHead.rows, byHead.columns],
      [
        ["level -1", "level -2", "level -3"],
        ["1", "2"],
      ],
    );
    assert.deepEqual(
      maps.map(({ title, rows, columns }) => [title, rows.length, columns.length]),
      [-1, -2, -3].map((index) => [`Level ${index} over the grid`, 3, 4]),
    );
    const mean = (values: ArrayLike<number>): number =>
      Array.from(values).reduce((sum, v) => sum + v, 0) / values.length;
    maps.forEach(({ values }, level) => {
      assert.ok(Math.abs(mean(values) - weights[level]) < 1e-6);
      assert.ok(Math.abs(mean(Array.from(byHead.values).slice(2 * level, 2 * level + 2)) - weights[level]) < 1e-6);
    });
    await assert.rejects(vce.levelPictures(levels.slice(1), GRID), /there must be a level for each of/);
  });
});
