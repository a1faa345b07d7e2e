/** Adapters that PEFT 0.21.2 wrote on models of transformers 5.23.0 (`test/peft/reference.py write test/lora/golden/peft`). */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { onEveryDevice } from "../nn/devices.ts";
import { assertClose, below } from "../nn/golden.ts";
import type { nn } from "../nn/names.ts";
import { tf } from "../nn/names.ts";
import { baseTree, type Case, checkOutputs, readCase } from "./exchange.ts";
import { lora } from "./names.ts";

const golden = join(import.meta.dirname, "golden", "peft");
const cases = readdirSync(golden).map((name) => ({ name, ...readCase(join(golden, name)) }));
const WEIGHTS = { first: 0.7, second: -1.3 };
/** As in the reference, which drops by our generator with this seed. */
const COMBINATIONS: Record<string, lora.CombineOptions> = {
  cat: { type: "cat" },
  linear: { type: "linear" },
  svd: { type: "svd" },
  ties: { type: "ties", density: 0.4 },
  "ties-frequency": { type: "ties", density: 0.7, majoritySign: "frequency" },
  dare_linear: { type: "dare_linear", density: 0.4, seed: 9 },
  dare_ties: { type: "dare_ties", density: 0.7, seed: 9 },
  magnitude_prune: { type: "magnitude_prune", density: 0.4 },
  "svd-clamp": { type: "svd", rank: 2, clamp: 0.9 },
  ties_svd: { type: "ties_svd", density: 0.4 },
  "ties_svd-frequency": { type: "ties_svd", density: 0.7, majoritySign: "frequency", rank: 6 },
  dare_linear_svd: { type: "dare_linear_svd", density: 0.4, rank: 3, seed: 9 },
  dare_ties_svd: { type: "dare_ties_svd", density: 0.7, seed: 9 },
  magnitude_prune_svd: { type: "magnitude_prune_svd", density: 0.4, clamp: 0.95 },
};

onEveryDevice("what PEFT wrote", () => {
  for (const one of cases)
    it(`${one.name}: same layers, counts and outputs`, async () => {
      const before = tf.memory().numTensors;
      const model = baseTree(one);
      const [first, ...others] = one.adapters;
      const { adapters, report } = await lora.load(model, one.folder, { adapter: first });
      for (const adapter of others) await adapters.load(one.folder, { adapter });
      assert.deepEqual([report.missing, report.unexpected, report.misshaped], [[], [], []]);
      for (const name of one.adapters) checkAdapter(one, model, adapters, name);
      const { trainable, all } = adapters.counts();
      assert.deepEqual({ trainable, all }, { trainable: one.trainable, all: one.all });
      if (one.adapters.length > 1) await checkCombinations(one, model, adapters);
      const { saved } = adapters.matched(first);
      if (below(one.tensors, "merged/").size && !saved.length) await checkMerged(one, model, adapters);
      adapters.detach();
      model.dispose();
      assert.equal(tf.memory().numTensors, before, "no tensor is left");
    });
});

function checkAdapter(one: Case, model: nn.Module, adapters: lora.Adapters, name: string): void {
  adapters.activate(name);
  const { adapted, saved } = adapters.matched(name);
  assert.deepEqual([...adapted, ...saved].sort(), one.layers[name]);
  checkOutputs(model, one.adapters.length > 1 ? below(one.tensors, `${name}/`) : one.tensors, name);
}

/** The updates of PEFT's `add_weighted_adapter`; of `svd` the product, since the factors' signs are free. */
async function checkCombinations(one: Case, model: nn.Module, adapters: lora.Adapters): Promise<void> {
  const ranks = new Set(one.adapters.map((name) => adapters.config(name).r));
  for (const [name, options] of Object.entries(COMBINATIONS)) {
    if (ranks.size > 1 && name !== "cat" && !name.includes("svd")) {
      await assert.rejects(adapters.combine(name, WEIGHTS, options), /needs adapters of one rank, received/);
      continue;
    }
    await adapters.combine(name, WEIGHTS, options);
    const goldens = [...below(one.tensors, `${name}/`)];
    assert.deepEqual(goldens.map(([path]) => path).sort(), adapters.matched(name).adapted.toSorted(), name);
    for (const [path, golden] of goldens)
      tf.tidy(() => {
        const branch = (model.namedModules().get(path) as lora.AdaptedLayer).adapters.get(name)!;
        assertClose(branch.merged(tf.zeros(golden.shape)), golden, 1e-5, `${name} of ${path}`);
      });
  }
}

async function checkMerged(one: Case, model: nn.Module, adapters: lora.Adapters): Promise<void> {
  const unmerged = new Map([...model.namedParameters()].map(([path, { value }]) => [path, value.dataSync().slice()]));
  await adapters.merge();
  checkOutputs(model, one.tensors, "merged");
  const parameters = model.namedParameters();
  for (const [path, golden] of below(one.tensors, "merged/")) {
    const own = path.replace(/\.(?=\w+$)/, ".base_layer.");
    assertClose(parameters.get(own)!.value, golden, 1e-5, `merged ${path}`);
  }
  adapters.unmerge();
  for (const [path, values] of unmerged) assert.deepEqual(parameters.get(path)!.value.dataSync(), values, path);
}
