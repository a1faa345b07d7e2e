import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { nn, type Tensor, tf } from "./names.ts";
import { Prng } from "../../kernel/numeric/prng.ts";
import * as safetensors from "../../kernel/safetensors";
import { toFloat32 } from "../../kernel/nn/module/floats.ts";

before(() => nn.start());

class Tower extends nn.Module {
  readonly patchEmbed = new nn.PatchEmbedding(8, 2);
  readonly blocks = [new nn.Block(8, { heads: 2 }), new nn.Block(8, { heads: 2, layerScale: 1 })];
  readonly lora_A = new nn.Parameter([2, 8], nn.zeros);
  readonly _hidden = new nn.Linear(2, 2);
  readonly tied = this.patchEmbed.proj;

  forward(x: Tensor): Tensor {
    return this.blocks.reduce((y, block) => block.forward(y), this.patchEmbed.forward(x));
  }
}

describe("modules", () => {
  it("name their parameters as PyTorch would, shared ones once, private ones not at all", () => {
    const tower = new Tower();
    const names = [...tower.namedParameters().keys()];
    assert.deepEqual(names.slice(0, 5), [
      "patch_embed.proj.weight",
      "patch_embed.proj.bias",
      "blocks.0.norm1.weight",
      "blocks.0.norm1.bias",
      "blocks.0.attn.q_proj.weight",
    ]);
    assert.ok(names.includes("blocks.1.ls2.gamma") && names.includes("lora_A"));
    assert.ok(!names.some((name) => /hidden|tied/.test(name)));
    assert.ok(tower.namedModules().get("blocks.1.attn.q_proj") instanceof nn.Linear);
    assert.deepEqual(tower.namedParameters().get("blocks.0.mlp.fc1.weight")!.shape, [32, 8]);
    tower.dispose();
    tower._hidden.dispose();
  });

  it("let a child be replaced by its name", () => {
    const tower = new Tower();
    const [old, other] = [tower.blocks[0].attn.qProj, new nn.Linear(8, 8, { bias: false })];
    tower.replaceModule("blocks.0.attn.q_proj", other);
    assert.equal(tower.blocks[0].attn.qProj, other);
    assert.ok(!tower.namedParameters().has("blocks.0.attn.q_proj.bias"));
    assert.throws(
      () => tower.replaceModule("blocks.0.attn.nobody", other),
      /modules are , patch_embed.*"blocks.0.attn.nobody"/,
    );
    assert.throws(() => tower.replaceModule("lora_A", other), /nn.Module.replaceModule/);
    old.dispose();
    tower.dispose();
    tower._hidden.dispose();
  });

  it("exchange their state, and refuse with every name that does not fit before anything changes", async () => {
    const [from, to] = [new nn.Linear(3, 2), new nn.Linear(3, 2)];
    const state = safetensors.parse(safetensors.encode(await nn.stateOf(from))).tensors;
    const prefixed = new Map([...state].map(([name, tensor]) => [`model.${name}`, tensor]));
    nn.loadState(to, prefixed, { rename: (name) => name.replace("model.", "") });
    assert.deepEqual(await nn.stateOf(to), state);
    const wrong = new Map([
      ["weight", { dtype: "F32" as const, shape: [3, 2], data: new Float32Array(6) }],
      ["extra", state.get("bias")!],
    ]);
    assert.throws(
      () => nn.loadState(to, wrong),
      /nn.loadState: .*"missing: bias; unexpected: extra; mis-shaped: weight \[3,2\] for \[2,3\]"/,
    );
    assert.deepEqual(await nn.stateOf(to), state);
    const report = nn.loadState(to, wrong, { strict: false });
    assert.deepEqual([report.loaded, report.missing, report.unexpected], [[], ["bias"], ["extra"]]);
    from.dispose();
    to.dispose();
  });

  it("read floating types of every width", () => {
    const read = (dtype: safetensors.SafetensorsDtype, data: safetensors.SafetensorsData) => [
      ...toFloat32("nn.loadState", { dtype, shape: [data.length], data }),
    ];
    assert.deepEqual(read("F16", Uint16Array.of(0x3c00, 0xc000, 1)), [1, -2, 2 ** -24]);
    assert.deepEqual(read("BF16", Uint16Array.of(0x3f80, 0xc000)), [1, -2]);
    assert.deepEqual(read("F64", Float64Array.of(0.5)), [0.5]);
    // torch 2.13: torch.tensor(bits, dtype=torch.uint8).view(torch.float8_e4m3fn).float(), and float8_e5m2.
    const bits = Uint8Array.of(0, 1, 8, 56, 126, 127, 184, 124, 253);
    assert.deepEqual(read("F8_E4M3", bits), [0, 2 ** -9, 2 ** -6, 1, 448, NaN, -1, 384, -416]);
    assert.deepEqual(read("F8_E5M2", bits), [0, 2 ** -16, 2 ** -13, 0.5, NaN, NaN, -0.5, Infinity, NaN]);
    assert.throws(() => read("I32", Int32Array.of(1)), /the type must be a floating one, received "I32"/);
  });
});

describe("first values", () => {
  const SHAPE = [200, 300];
  const draw = (init: nn.Initializer, seed = 1) => init(SHAPE, new Prng(seed, "test"));
  const spread = (values: Float32Array) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    return {
      mean,
      std: Math.sqrt(variance),
      low: Math.min(...values.slice(0, 5e4)),
      high: Math.max(...values.slice(0, 5e4)),
    };
  };
  const near = (value: number, expected: number, tolerance: number) =>
    assert.ok(Math.abs(value - expected) <= tolerance, `${value} is ${expected} up to ${tolerance}`);

  // Bounds by the formulas of torch.nn.init; a uniform variable's deviation is its bound / √3.
  it("have PyTorch's bounds and deviations", () => {
    for (const [init, bound] of [
      [nn.kaimingUniform(), 1 / Math.sqrt(300)],
      [nn.kaimingUniform(0), Math.sqrt(6 / 300)],
      [nn.xavierUniform(), Math.sqrt(6 / 500)],
      [nn.xavierUniform(2), 2 * Math.sqrt(6 / 500)],
    ] as const) {
      const { mean, std, low, high } = spread(draw(init));
      near(mean, 0, bound / 50);
      near(std, bound / Math.sqrt(3), bound / 50);
      assert.ok(low >= -bound && high <= bound && high > 0.99 * bound && low < -0.99 * bound);
    }
    near(spread(draw(nn.xavierNormal())).std, Math.sqrt(2 / 500), 1e-3);
    near(spread(draw(nn.normal(3, 0.5))).mean, 3, 0.01);
    near(spread(draw(nn.normal(3, 0.5))).std, 0.5, 0.01);
    // A normal cut at one deviation has a deviation of 0.5397 (scipy.stats.truncnorm(-1, 1).std()).
    const cut = spread(draw(nn.truncatedNormal(0, 0.02, -0.02, 0.02)));
    near(cut.std, 0.02 * 0.5397, 2e-4);
    assert.ok(cut.low >= -0.02 && cut.high <= 0.02);
    assert.throws(() => draw(nn.truncatedNormal(0, 0.01, 2, 3)), /low < high must hold values that the normal reaches/);
  });

  it("count a convolution's field into the fan", () => {
    const values = nn.kaimingUniform()([64, 3, 4, 4], new Prng(1, "test"));
    assert.ok(Math.max(...values) <= 1 / Math.sqrt(48) && Math.max(...values) > 0.99 / Math.sqrt(48));
  });

  it("are the same for the same seed", async () => {
    const make = async (seed: number) => {
      nn.manualSeed(seed);
      const layer = new nn.Linear(3, 4);
      const values = [await layer.weight.read(), await layer.bias!.read()];
      layer.dispose();
      return values;
    };
    assert.deepEqual(await make(5), await make(5));
    assert.notDeepEqual(await make(5), await make(6));
  });
});

describe("dropout", () => {
  it("drops its share, keeps the mean, is seeded, and is off in evaluation", () => {
    const layer = new nn.Dropout(0.3);
    tf.tidy(() => {
      const x = tf.ones([100, 200]);
      nn.manualSeed(1);
      const first = layer.forward(x).dataSync();
      const dropped = first.filter((value) => value === 0).length / first.length;
      assert.ok(Math.abs(dropped - 0.3) < 0.01);
      assert.ok(first.every((value) => value === 0 || Math.abs(value - 1 / 0.7) < 1e-6));
      assert.notDeepEqual(layer.forward(x).dataSync(), first);
      nn.manualSeed(1);
      assert.deepEqual(layer.forward(x).dataSync(), first);
      assert.equal(layer.eval().forward(x), x);
    });
    assert.throws(() => new nn.Dropout(1), /p must lie in \[0, 1\), received 1/);
  });

  it("leaves one tensor a forward, and none between, also in modules of one's own", () => {
    class Head extends nn.Module {
      norm = new nn.LayerNorm(8);
      classifier = new nn.Linear(8, 3);
      forward(x: Tensor): { logits: Tensor; hidden: Tensor } {
        const hidden = this.norm.forward(tf.mul(tf.add(x, 1), 2));
        return { logits: this.classifier.forward(hidden), hidden };
      }
    }
    const block = new nn.Block(8, { heads: 2 });
    const head = new Head();
    const x = tf.ones([2, 5, 8]);
    const before = tf.memory().numTensors;
    const y = block.forward(x);
    assert.equal(tf.memory().numTensors, before + 1);
    const { logits } = head.forward(y);
    assert.equal(tf.memory().numTensors, before + 3);
    assert.deepEqual(logits.shape, [2, 5, 3]);
    head.dispose();
    block.dispose();
  });
});
