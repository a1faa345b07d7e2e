import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { assertClose, below, tensorOf } from "../nn/golden.ts";
import { nn, tf } from "../nn/names.ts";
import { baseTree, readCase } from "./exchange.ts";
import { Model, randomize } from "./model.ts";
import { lora } from "./names.ts";
import * as safetensors from "../../kernel/safetensors";

const golden = join(import.meta.dirname, "golden", "peft");
const INDEX = "model.safetensors.index.json";
const folder = mkdtempSync(join(tmpdir(), "fovea-lora-"));
after(() => rmSync(folder, { recursive: true }));
before(() => nn.start("native"));

const bytesOf = (place: string): Buffer[] =>
  readdirSync(place)
    .sort()
    .map((name) => readFileSync(join(place, name)));

/** An adapter of our own on disk. */
async function written(name: string, options: lora.AdapterOptions): Promise<string> {
  const model = new Model();
  const adapters = lora.attach(model, options);
  randomize(adapters);
  const place = await adapters.save(join(folder, name));
  adapters.detach();
  model.dispose();
  return place;
}

/** A copy of a fixture that a test may spoil. */
function copyOf(name: string, as: string): string {
  const place = join(folder, as);
  cpSync(join(golden, name), place, { recursive: true });
  return place;
}

function edit(place: string, change: (tensors: Map<string, safetensors.SafetensorsTensor>) => void): void {
  const path = join(place, "adapter_model.safetensors");
  const { tensors, metadata } = safetensors.parse(readFileSync(path));
  change(tensors);
  writeFileSync(path, safetensors.encode(tensors, metadata));
}

function configure(place: string, change: object): void {
  const path = join(place, "adapter_config.json");
  writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, "utf8")) as object), ...change }));
}

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

describe("merging into a base file", () => {
  /** The base model's file of a case, with a tensor that nothing concerns. */
  async function baseOf(name: string, dtype: lora.FloatDtype = "F32"): Promise<string> {
    const path = join(folder, `${name}-${dtype}.safetensors`);
    const entries = [...below(readCase(join(golden, name)).tensors, "base/")];
    const data = Float32Array.of(1, NaN, -0);
    const all = new Map([...entries, ["other", { dtype: "F32" as const, shape: [3], data }] as const]);
    await safetensors.write(path, dtype === "F32" ? all : halved(all, dtype), { format: "pt" });
    return path;
  }

  /** The base in three shards, of which the last has nothing that an adapter changes; and the same in one file. */
  async function shardedBase(): Promise<{ base: string; shards: string; places: Record<string, string> }> {
    const base = await baseOf("llama");
    const shards = mkdtempSync(join(folder, "shards-"));
    const { tensors } = safetensors.parse(readFileSync(base));
    const shardOf = (name: string) => (name.includes("layers.0") ? 1 : name.includes("layers.1") ? 2 : 3);
    const fileOf = (shard: number) => `model-0000${shard}-of-00003.safetensors`;
    for (const shard of [1, 2, 3]) {
      const part = new Map([...tensors].filter(([name]) => shardOf(name) === shard));
      assert.ok(part.size);
      await safetensors.write(join(shards, fileOf(shard)), part, { format: "pt" });
    }
    const places = Object.fromEntries([...tensors.keys()].map((name) => [name, fileOf(shardOf(name))]));
    writeFileSync(join(shards, INDEX), JSON.stringify({ metadata: { total_size: 1 }, weight_map: places }));
    return { base, shards, places };
  }

  const halved = (
    tensors: Map<string, safetensors.SafetensorsTensor>,
    dtype: "F16" | "BF16",
  ): Map<string, safetensors.SafetensorsTensor> =>
    new Map(
      [...tensors].map(([name, { shape, data }]) => [
        name,
        {
          dtype,
          shape,
          data: dtype === "BF16" ? safetensors.floatToBfloat16(data as Float32Array) : new Uint16Array(data.length),
        },
      ]),
    );

  const single = (name: string): boolean => readdirSync(join(golden, name)).includes("adapter_config.json");
  for (const name of readdirSync(golden).filter(single))
    it(`${name}: as PEFT's merge_and_unload`, async () => {
      const base = await baseOf(name);
      const out = join(folder, `${name}-merged.safetensors`);
      const report = await lora.mergeFile(join(golden, name), base, out);
      const [before, merged] = [base, out].map((path) => safetensors.parse(readFileSync(path)));
      const expected = below(readCase(join(golden, name)).tensors, "merged/");
      for (const [key, stored] of expected)
        tf.tidy(() => assertClose(tensorOf(merged.tensors.get(key)!), stored, 1e-5, key));
      const changed = [...report.merged, ...report.replaced];
      assert.ok(changed.length && changed.every((key) => expected.has(key)));
      assert.deepEqual([...merged.tensors.keys()], [...before.tensors.keys()]);
      assert.deepEqual(merged.metadata, { format: "pt" });
      for (const [key, stored] of before.tensors)
        if (!changed.includes(key)) assert.deepEqual(merged.tensors.get(key), stored);
    });

  it("merges into shards what it merges into one file, and leaves the others byte for byte", async () => {
    const { base, shards, places } = await shardedBase();
    const [one, many] = [join(folder, "one.safetensors"), join(folder, "many")];
    const report = await lora.mergeFile(join(golden, "llama"), base, one);
    const seen: number[] = [];
    const onProgress = ({ done }: { done: number }) => void seen.push(done);
    assert.deepEqual(await lora.mergeFile(join(golden, "llama"), shards, many, { onProgress }), report);
    assert.deepEqual(readdirSync(many).sort(), readdirSync(shards).sort());
    const merged = safetensors.parse(readFileSync(one)).tensors;
    assert.equal(seen.at(-1), merged.size);
    for (const name of new Set(Object.values(places))) {
      const bytes = readFileSync(join(many, name));
      const { tensors } = safetensors.parse(bytes);
      for (const [key, tensor] of tensors) assert.deepEqual(tensor, merged.get(key), key);
      const isChanged = [...tensors.keys()].some((key) => report.merged.includes(key));
      assert.equal(!bytes.equals(readFileSync(join(shards, name))), isChanged, name);
    }
    const again = lora.mergeFile(join(golden, "llama"), join(shards, INDEX), many);
    await assert.rejects(again, /out must be a folder that is new or empty, received .*many/);
  });

  it("of shards leaves nothing when an index or a merged value is wrong", async () => {
    const { shards, places } = await shardedBase();
    const out = join(folder, "nothing");
    const refused = async (map: unknown, message: RegExp): Promise<void> => {
      writeFileSync(join(shards, INDEX), JSON.stringify({ weight_map: map }));
      await assert.rejects(lora.mergeFile(join(golden, "llama"), shards, out), message);
      assert.deepEqual(
        readdirSync(folder).filter((name) => name.startsWith("nothing")),
        [],
      );
    };
    const [[name, shard]] = Object.entries(places);
    await refused([], /JSON with a weight_map of tensors/);
    await refused({ [name]: "../base.safetensors" }, /files beside itself, received "..\/base.safetensors"/);
    await refused({ ...places, none: shard }, /none must be in .* and in no other shard, received \[\]/);
    await refused({ [name]: "absent.safetensors" }, /cannot be opened \(ENOENT\)/);
    const second = join(shards, "model-00002-of-00003.safetensors");
    const { tensors } = safetensors.parse(readFileSync(second));
    for (const { data } of tensors.values()) (data as Float32Array).fill(Infinity);
    await safetensors.write(second, tensors);
    await refused(places, /must be finite in F32/);
  });

  it("keeps the base's type", async () => {
    const out = join(folder, "half.safetensors");
    await lora.mergeFile(join(golden, "llama"), await baseOf("llama", "BF16"), out);
    const { tensors } = safetensors.parse(readFileSync(out));
    for (const [key, stored] of below(readCase(join(golden, "llama")).tensors, "merged/")) {
      assert.equal(tensors.get(key)!.dtype, "BF16");
      const values = tf.tidy(() => tf.tensor(nn.toFloat32(tensors.get(key)!), stored.shape));
      assertClose(values, stored, 2 ** -8, key);
      values.dispose();
    }
  });

  it("refuses what depends on the input, layers that are not there or have other shapes, what is not finite", async () => {
    const base = await baseOf("llama");
    const out = join(folder, "never.safetensors");
    const dual = await written("dual-again", { peftType: "DUAL_LORA", r: 4 });
    await assert.rejects(lora.mergeFile(dual, base, out), /lora.mergeFile: DUAL_LORA cannot be merged/);
    await assert.rejects(
      lora.mergeFile(join(golden, "gpt2"), base, out),
      /must hold the adapter's layers; it holds model/,
    );
    const { tensors } = safetensors.parse(readFileSync(base));
    const [key, tensor] = [...tensors][0];
    tensors.set(key, { ...tensor, shape: [8, 32] });
    const odd = join(folder, "odd.safetensors");
    await safetensors.write(odd, tensors);
    await assert.rejects(
      lora.mergeFile(join(golden, "llama"), odd, out),
      /of the base must be \[16, 16\] for this adapter/,
    );
    const broken = copyOf("llama", "broken");
    edit(broken, (stored) => stored.forEach(({ data }) => (data as Float32Array).fill(1e30)));
    await assert.rejects(lora.mergeFile(broken, base, out), /must be finite in F32/);
    assert.ok(!existsSync(out) && !readdirSync(folder).some((name) => name.startsWith("never.")));
  });
});
