import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { nn } from "../nn/names.ts";
import { below } from "../nn/golden.ts";
import { bytesOf, configure, copyOf, edit, folder, golden, written } from "./adapter-files.ts";
import { baseTree, readCase } from "./exchange.ts";
import { Model, randomize } from "./model.ts";
import { lora } from "./names.ts";

before(() => nn.start("native"));

describe("an adapter's folder", () => {
  it("is read and written again: same tensors, same configuration with unknown keys, same bytes the second time", async () => {
    for (const name of ["llama-patterns", "llama-bf16", "vit-bias-saved"]) {
      const theirs = await lora.readAdapter(join(golden, name));
      const once = await lora.writeAdapter(join(folder, `${name}-1`), theirs);
      const ours = await lora.readAdapter(once);
      assert.deepEqual([...ours.tensors], [...theirs.tensors]);
      assert.deepEqual(ours.config, theirs.config);
      const json = (place: string) => JSON.parse(readFileSync(join(place, "adapter_config.json"), "utf8")) as object;
      assert.deepEqual({ ...json(join(golden, name)), ...json(once) }, { ...json(once), ...json(join(golden, name)) });
      assert.deepEqual(bytesOf(await lora.writeAdapter(join(folder, `${name}-2`), ours)), bytesOf(once));
      assert.deepEqual(readdirSync(once).sort(), ["adapter_config.json", "adapter_model.safetensors"]);
    }
  });

  const KINDS: lora.AdapterOptions[] = [
    { peftType: "DUAL_LORA", r: 4 },
    { peftType: "DUAL_LORA", r: 4, gate: "softmax-blocks", gateBlocks: 2, useNorm: false, scaling: 0.5 },
    { peftType: "MOE_LORA", targetModules: ["q_proj"], router: "top-k", experts: 3 },
  ];
  for (const options of KINDS)
    it(`holds ${JSON.stringify(options)} under its own type, byte for byte`, async () => {
      const model = new Model();
      const adapters = lora.attach(model, options);
      randomize(adapters);
      const file = await adapters.file("default");
      const place = await adapters.save(join(folder, JSON.stringify(options)));
      const report = await adapters.load(place, { name: "again" });
      assert.deepEqual([...report.loaded].sort(), [...file.tensors.keys()].sort());
      const again = await adapters.file("again");
      assert.deepEqual([...again.tensors], [...file.tensors]);
      const { peft_type: type } = JSON.parse(readFileSync(join(place, "adapter_config.json"), "utf8")) as never;
      assert.equal(type, options.peftType);
      adapters.detach();
      model.dispose();
    });

  it("has the sheet's names of tensors for Dual-LoRA", async () => {
    const { tensors } = await lora.readAdapter(await written("dual", { peftType: "DUAL_LORA", r: 4 }));
    const prefix = "base_model.model.layers.0.self_attn.q_proj.";
    const shapes = [...below(tensors, prefix)].map(([name, { shape }]) => [name, shape]);
    assert.deepEqual(Object.fromEntries(shapes), {
      "lora_A.weight": [4, 6],
      "lora_B.weight": [6, 4],
      "lora_T.weight": [4, 6],
      "lora_norm.weight": [4],
      "lora_norm.bias": [4],
    });
  });

  it("keeps what stood there when writing fails", async () => {
    const place = copyOf("llama", "kept");
    const before = bytesOf(place);
    const file = await lora.readAdapter(place);
    const [key, tensor] = [...file.tensors][0];
    file.tensors.set(key, { ...tensor, shape: [1] });
    await assert.rejects(lora.writeAdapter(place, file), /takes 4 bytes/);
    assert.deepEqual(bytesOf(place), before);
  });
});

describe("what a model makes of a file", () => {
  async function loadInto(place: string, options: lora.LoadOptions = {}): Promise<lora.AdapterReport> {
    const model = new Model();
    const names = [...model.namedParameters().keys()];
    try {
      const { adapters, report } = await lora.load(model, place, options);
      adapters.detach();
      return report;
    } finally {
      assert.deepEqual([...model.namedParameters().keys()], names, "nothing stays attached");
      model.dispose();
    }
  }

  it("reports every missing, unexpected and mis-shaped key, and refuses them unless told otherwise", async () => {
    const place = await written("keys", { targetModules: ["q_proj"], r: 2 });
    edit(place, (tensors) => {
      const keys = [...tensors.keys()];
      tensors.set(`${keys[0]}x`, tensors.get(keys[0])!);
      tensors.delete(keys[0]);
      tensors.set(keys[1], { ...tensors.get(keys[1])!, shape: [2, 6] });
    });
    const prefix = "base_model.model.layers.0.self_attn.q_proj.";
    await assert.rejects(loadInto(place), (error: unknown) => {
      assert.ok(error instanceof lora.LoraError);
      assert.match(error.message, new RegExp(`^lora.load: the file's keys must be the adapter's`));
      assert.ok(error.message.includes(`missing: ${prefix}lora_A.weight`));
      assert.ok(error.message.includes(`unexpected: ${prefix}lora_A.weightx`));
      assert.ok(error.message.includes(`mis-shaped: ${prefix}lora_B.weight [2,6] for [6,2]`));
      return true;
    });
    const report = await loadInto(place, { strict: false });
    assert.deepEqual(report.missing, [`${prefix}lora_A.weight`]);
    assert.deepEqual(report.misshaped, [{ key: `${prefix}lora_B.weight`, expected: [6, 2], received: [2, 6] }]);
    assert.equal(report.loaded.length, 2);
  });

  it("accepts keys without the prefix, or with an adapter's name, on request only", async () => {
    const place = await written("bare", { targetModules: ["q_proj"], useDora: true });
    edit(place, (tensors) => {
      for (const [key, tensor] of [...tensors]) {
        tensors.delete(key);
        const named = key.replace(/(lora_[AB])\./, "$1.mine.").replace(/vector$/, "vector.mine.weight");
        tensors.set(named.replace("base_model.model.", ""), tensor);
      }
    });
    await assert.rejects(
      loadInto(place),
      /adapterName: "mine" \(--adapter-name mine\) takes it out, received "layers.0/,
    );
    await assert.rejects(loadInto(place, { adapterName: "mine" }), /unexpected: layers.0/);
    const report = await loadInto(place, { addPrefix: true, adapterName: "mine" });
    assert.deepEqual([report.missing, report.unexpected, report.loaded.length], [[], [], 6]);
  });

  it("takes PEFT's copy of an embedding for what it is only where it is the model's own", async () => {
    const one = readCase(join(golden, "llama-embedding"));
    const model = baseTree(one);
    const { adapters, report } = await lora.load(model, one.folder);
    const copy = "base_model.model.model.embed_tokens.base_layer.weight";
    assert.deepEqual(report.baseCopies, [copy]);
    adapters.detach();
    const place = copyOf("llama-embedding", "other-embedding");
    edit(place, (tensors) => (tensors.get(copy)!.data[0] = 7));
    await assert.rejects(lora.load(model, place), /unexpected: base_model.model.model.embed_tokens.base_layer.weight/);
    model.dispose();
  });

  it("refuses what it cannot compute, and says why", async () => {
    const cases: [object, RegExp][] = [
      [{ peft_type: "IA3" }, /peft_type must be LORA, DUAL_LORA or MOE_LORA, received "IA3"/],
      [{ bias: "some" }, /bias is supported only as none or all or lora_only, received "some"/],
      [{ use_qalora: true }, /use_qalora is supported only as false/],
      [{ target_parameters: ["w"] }, /target_parameters is supported only as null, received \[w\]/],
      [{ init_lora_weights: "pissa" }, /init_lora_weights must leave the base weight as it is/],
      [{ r: -1 }, /r must be a whole number of at least 1, received -1/],
      [{ target_modules: null }, /targetModules must be a regular expression or a list of names/],
      [{ rank_pattern: { q_proj: "4" } }, /rankPattern must be an object of whole numbers/],
    ];
    for (const [i, [change, message]] of cases.entries()) {
      const place = copyOf("llama", `odd-${i}`);
      configure(place, change);
      await assert.rejects(lora.readAdapter(place), message);
    }
  });

  it("refuses folders without an adapter, with a pickle, or with named ones, and says what is there", async () => {
    await assert.rejects(lora.readAdapter(join(folder, "nowhere")), /the folder must exist/);
    await assert.rejects(lora.readAdapter(join(golden, "llama-named")), /adapters in sub-folders: first, second/);
    const place = copyOf("llama", "pickled");
    rmSync(join(place, "adapter_model.safetensors"));
    writeFileSync(join(place, "adapter_model.bin"), "");
    await assert.rejects(lora.readAdapter(place), /adapter_model.bin is a pickle, which may run code/);
    const torn = copyOf("llama", "torn");
    writeFileSync(join(torn, "adapter_config.json"), "[1");
    await assert.rejects(lora.readAdapter(torn), /adapter_config.json must be JSON/);
  });
});

describe("files alone", () => {
  it("are told: kind, rank, scaling, layers, numbers", async () => {
    const q = (i: number) => `layers.${i}.self_attn.q_proj`;
    const place = await written("seen", { targetModules: ["q_proj"], r: 4, loraAlpha: 6, rankPattern: { [q(1)]: 2 } });
    const expected = {
      type: "LORA",
      rank: 4,
      alpha: 6,
      scaling: 1.5,
      modules: [
        { name: q(0), in: 6, out: 6, rank: 4 },
        { name: q(1), in: 6, out: 6, rank: 2 },
      ],
      saved: [],
      parameters: 72,
      dtypes: ["F32"],
    };
    assert.deepEqual(await lora.inspect(place), expected);
    assert.deepEqual(await lora.inspect(join(place, "adapter_model.safetensors")), expected);
    rmSync(join(place, "adapter_config.json"));
    const alone = await lora.inspect(join(place, "adapter_model.safetensors"));
    assert.deepEqual(alone, { ...expected, alpha: null, scaling: null });
  });

  it("of Dual-LoRA's authors become ours, with the scaling of 2 that their forward pass has", async () => {
    const place = await written("authors", { peftType: "DUAL_LORA", r: 4 });
    const { tensors } = await lora.readAdapter(place);
    edit(place, (stored) => {
      for (const [key, tensor] of [...stored]) {
        stored.delete(key);
        stored.set(key.replace(/lora_([AB])\./, "lora_$10.").replace("lora_norm", "lora_layer_norm"), tensor);
      }
    });
    rmSync(join(place, "adapter_config.json"));
    const file = await lora.convert(join(place, "adapter_model.safetensors"), { authorsNames: true });
    assert.deepEqual([...file.tensors], [...tensors]);
    const { peftType, r, gate, useNorm, scaling } = file.config as lora.DualLoraConfig;
    assert.deepEqual([peftType, r, gate, useNorm, scaling], ["DUAL_LORA", 4, "relu", true, 2]);
    await assert.rejects(
      lora.convert(join(golden, "llama"), { authorsNames: true }),
      /must hold lora_T or lora_layer_norm/,
    );
  });

  it("change their type of numbers, and LORA becomes DUAL_LORA and back where both compute the same", async () => {
    const theirs = await lora.readAdapter(join(golden, "llama"));
    const half = await lora.convert(join(golden, "llama"), { dtype: "BF16", type: "DUAL_LORA" });
    assert.deepEqual([...new Set([...half.tensors.values()].map(({ dtype }) => dtype))], ["BF16"]);
    const place = await lora.writeAdapter(join(folder, "plain-dual"), half);
    const back = await lora.convert(place, { type: "LORA" });
    assert.deepEqual(back.config, theirs.config);
    const gated = await written("gated", { peftType: "DUAL_LORA", r: 4 });
    await assert.rejects(lora.convert(gated, { type: "LORA" }), /only a DUAL_LORA without gate and norm is LORA/);
    await assert.rejects(
      lora.convert(join(golden, "llama-dora"), { type: "DUAL_LORA" }),
      /only LoRA without DoRA and bias/,
    );
  });
});
