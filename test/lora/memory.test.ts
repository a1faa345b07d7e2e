/** Adapters beside a model in memory, whose names are those of its file (`python test/lora/golden/merge.py`). */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { nn, tf } from "../nn/names.ts";
import * as models from "../../kernel/models/index.ts";
import * as safetensors from "../../kernel/safetensors/index.ts";
import { treeOf } from "./file-tree.ts";
import { snapshot } from "./model.ts";
import { lora } from "./names.ts";

const golden = join(import.meta.dirname, "golden", "merge");
const folder = mkdtempSync(join(tmpdir(), "fovea-memory-"));
before(() => nn.start("wasm"));
after(() => rmSync(folder, { recursive: true }));

type Stored = safetensors.SafetensorsTensor;
const tensorsOf = (path: string): Map<string, Stored> => safetensors.parse(readFileSync(path)).tensors;
const adapterOf = (name: string): string => join(golden, name, "adapter");
const baseOf = (name: string): Map<string, Stored> => tensorsOf(join(golden, name, "base", "model.safetensors"));
const mergedOf = (name: string): Map<string, Stored> => tensorsOf(join(golden, name, "merged.safetensors"));

function assertNear(actual: ArrayLike<number>, { data }: Stored, what: string): void {
  const expected = Float32Array.from(data as Float32Array);
  assert.equal(actual.length, expected.length, what);
  const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - actual[i])), 0);
  assert.ok(worst <= 1e-5, `${what} is ${worst} off`);
}

/** Compares every tensor that PEFT's merge changes with that of the adapted model. */
function checkChanged(model: nn.Module, merged: ReadonlyMap<string, Stored>): void {
  const modules = model.namedModules();
  for (const [name, expected] of merged) {
    const at = name.lastIndexOf(".");
    const [path, part] = [name.slice(0, at), name.slice(at + 1) as "weight" | "bias"];
    assertNear(changedAt(modules.get(path)!, part), expected, name);
  }
}

function changedAt(module: nn.Module, part: "weight" | "bias"): ArrayLike<number> {
  if (module instanceof lora.SavedModule) return valueIn(module.copies.get("default")!, part);
  if (!(module instanceof lora.AdaptedLayer) || part === "bias")
    return valueIn(module instanceof lora.AdaptedLayer ? module.base_layer : module, part);
  const { weight } = module.mergedWith(["default"]);
  const stored = module.base_layer instanceof nn.Embedding ? tf.transpose(weight) : weight;
  const values = stored.dataSync();
  tf.dispose([weight, stored] as never);
  return values;
}

const valueIn = (module: nn.Module, part: string): Float32Array =>
  (module as unknown as Record<string, nn.Parameter>)[part].value.dataSync() as Float32Array;

const CASES = [
  "llava",
  "vit",
  "deit",
  "dinov2",
  "vit-bias-all",
  "tied-lora-embedding",
  "tied-tokens",
  "tokens",
  "double",
];

describe("an adapter beside a model in memory", () => {
  for (const name of CASES)
    it(`${name}: has the weights that PEFT has, and leaves those of the base`, async () => {
      const count = tf.memory().numTensors;
      const model = treeOf(baseOf(name));
      const before = snapshot(model.namedParameters());
      const { adapters, report } = await lora.load(model, adapterOf(name));
      assert.deepEqual([report.missing, report.unexpected, report.misshaped], [[], [], []]);
      checkChanged(model, mergedOf(name));
      adapters.disabled(() => checkBase(model, before));
      checkChanged(model, mergedOf(name));
      adapters.activate();
      checkBase(model, before);
      const file = await adapters.file("default");
      const stored = await lora.readAdapter(adapterOf(name));
      const copies = new Set(report.baseCopies);
      assert.deepEqual(
        [...file.tensors.keys()].sort(),
        [...stored.tensors.keys()].filter((k) => !copies.has(k)).sort(),
      );
      for (const [key, tensor] of file.tensors) assertNear(tensor.data as Float32Array, stored.tensors.get(key)!, key);
      assert.deepEqual(file.config.targetModules, stored.config.targetModules, "names stay those of the file");
      adapters.detach();
      assert.deepEqual(snapshot(model.namedParameters()), before);
      model.dispose();
      assert.equal(tf.memory().numTensors, count, "no tensor is left");
    });

  function checkBase(model: nn.Module, before: ReadonlyMap<string, Float32Array>): void {
    const now = snapshot(model.namedParameters());
    for (const [name, values] of before) {
      const wrapped = name.replace(/\.(?=\w+$)/, ".base_layer.");
      const saved = name.replace(/\.(?=\w+$)/, ".original_module.");
      assert.deepEqual(now.get(name) ?? now.get(wrapped) ?? now.get(saved), values, name);
    }
  }

  it("whose names are new goes into a model with the old ones, and the other way round", async () => {
    const renamed = new Map<string, Stored>();
    for (const [name, tensor] of baseOf("deit"))
      renamed.set(
        name
          .replace("encoder.layer.", "layers.")
          .replace(/attention\.attention\.(\w)\w+/, "attention.$1_proj")
          .replace("attention.output.dense", "attention.o_proj"),
        tensor,
      );
    assert.ok(renamed.has("deit.layers.0.attention.q_proj.weight"));
    const { config, tensors, metadata } = await lora.readAdapter(adapterOf("deit"));
    const old = new Map(
      [...tensors].map(([key, tensor]) => [
        key
          .replace("layers.0", "encoder.layer.0")
          .replace("q_proj", "attention.query")
          .replace("v_proj", "attention.value"),
        tensor,
      ]),
    );
    const targetModules = ["query", "value"];
    const place = await lora.writeAdapter(join(folder, "old"), {
      config: { ...config, targetModules },
      tensors: old,
      metadata,
    });
    const model = treeOf(renamed);
    const { adapters } = await lora.load(model, place);
    assert.deepEqual(
      adapters.matched("default").adapted,
      ["q", "v"].map((one) => `deit.layers.0.attention.${one}_proj`),
    );
    for (const path of adapters.matched("default").adapted) {
      const golden = path.replace("layers", "encoder.layer").replace("q_proj", "attention.query");
      const name = `${golden.replace("v_proj", "attention.value")}.weight`;
      assertNear(changedAt(model.namedModules().get(path)!, "weight"), mergedOf("deit").get(name)!, path);
    }
    adapters.detach();
    model.dispose();
  });

  it("keeps trained biases through a merge, trains them, and lets no two bring the same", async () => {
    const model = treeOf(baseOf("deit"));
    const { adapters } = await lora.load(model, adapterOf("deit"));
    const bias = "deit.encoder.layer.0.attention.attention.query.base_layer.bias";
    assert.ok(adapters.parameters("default").get(bias)?.trainable);
    assert.equal(
      model.namedParameters().get(bias.replace("query", "key").replace("base_layer.", ""))?.trainable,
      false,
    );
    await adapters.load(adapterOf("deit"), { name: "again" });
    assert.throws(() => adapters.activate("default", "again"), /only one active adapter may bring along .*bias/);
    await assert.rejects(adapters.merge(["again"]), /with trained biases or rows must be active, received "again"/);
    await adapters.merge();
    assert.throws(() => adapters.activate("again"), /merged adapters must be unmerged first/);
    adapters.detach({ keepMerged: true });
    const now = model.namedParameters();
    for (const [name, expected] of mergedOf("deit")) assertNear(now.get(name)!.value.dataSync(), expected, name);
    model.dispose();
  });

  it("keeps a bias that was trained on while it is away", async () => {
    const model = treeOf(baseOf("deit"));
    const { adapters } = await lora.load(model, adapterOf("deit"));
    const [bias] = [...adapters.parameters("default")].filter(([name]) => name.endsWith("bias")).map(([, one]) => one);
    bias.assign(new Float32Array(bias.size).fill(7));
    adapters.activate();
    assert.ok(bias.value.dataSync().every((value) => value !== 7));
    const { tensors } = await adapters.file("default");
    const stored = [...tensors]
      .filter(([key]) => key.endsWith("bias"))
      .map(([, { data }]) => [...(data as Float32Array)]);
    assert.ok(stored.some((values) => values.every((value) => value === 7)));
    adapters.activate("default");
    assert.ok(bias.value.dataSync().every((value) => value === 7));
    adapters.detach();
    model.dispose();
  });

  it("of rows out of range, twice, or of another size is refused with nothing attached", async () => {
    const { config, tensors, metadata } = await lora.readAdapter(adapterOf("tied-tokens"));
    const refused = async (indices: unknown, message: RegExp): Promise<void> => {
      const other = { ...config.other, trainable_token_indices: indices };
      const place = await lora.writeAdapter(join(folder, "rows"), {
        config: { ...config, other },
        tensors,
        metadata,
      });
      const model = treeOf(baseOf("tied-tokens"));
      const before = [...model.namedParameters().keys()];
      await assert.rejects(lora.load(model, place), message);
      assert.deepEqual([...model.namedParameters().keys()], before);
      model.dispose();
    };
    await refused([7, 12], /must lie in 0..11, received \[7, 12\]/);
    await refused([7, 7], /must list each row once, received \[7, 7\]/);
    await refused([7], /trainable_tokens_delta must be \[1, 8\], received \[2, 8\]/);
    await refused({ other: [1, 2] }, /must list the rows of model.embed_tokens/);
  });

  it("that ties embedding and output layer is refused by name", async () => {
    const model = treeOf(baseOf("tied-saved-together"));
    await assert.rejects(
      lora.load(model, adapterOf("tied-saved-together")),
      /ensure_weight_tying true must be merged into the base/,
    );
    model.dispose();
  });

  it("on the embedding of a language model leaves the output layer, which is tied to it, as it is", () => {
    const sizes = { vocab_size: 12, hidden_size: 8, intermediate_size: 12, num_hidden_layers: 1 };
    const heads = { num_attention_heads: 2, num_key_value_heads: 2, rms_norm_eps: 1e-5, rope_theta: 10_000 };
    const model = new models.LanguageModel({ ...sizes, ...heads });
    const hidden = tf.randomNormal([3, 8]);
    const logits = () => tf.tidy(() => [...model.logits(hidden).dataSync()]);
    const before = logits();
    for (const options of [
      { targetModules: ["embed_tokens"], initLoraWeights: false },
      { targetModules: ["q_proj"], modulesToSave: ["embed_tokens"] },
    ]) {
      const adapters = lora.attach(model, options);
      assert.deepEqual(logits(), before);
      adapters.detach();
    }
    hidden.dispose();
    model.dispose();
  });
});
