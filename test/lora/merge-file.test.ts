import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { assertClose, below, tensorOf } from "../nn/golden.ts";
import { nn, tf } from "../nn/names.ts";
import { copyOf, edit, folder, golden, written } from "./adapter-files.ts";
import { readCase } from "./exchange.ts";
import { lora } from "./names.ts";
import * as safetensors from "../../kernel/safetensors";
import { toFloat32 } from "../../kernel/nn/module/floats.ts";

const INDEX = "model.safetensors.index.json";
before(() => nn.start("wasm"));

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
      const values = tf.tidy(() => tf.tensor(toFloat32("lora.mergeFile", tensors.get(key)!), stored.shape));
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
