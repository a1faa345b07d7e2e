import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, it } from "node:test";
import { encodeSafetensors, parseSafetensors } from "../../kernel/safetensors/safetensors";
import { below } from "../nn/golden.ts";

const ROOT = resolve(import.meta.dirname, "..", "..");
const cli = join(ROOT, "kernel", "dist", "cli.js");
const golden = (name: string) => join(ROOT, "test", "lora", "golden", "peft", name);
const fovea = (...args: string[]) => spawnSync(process.execPath, [cli, "adapter", ...args], { encoding: "utf8" });
const folder = mkdtempSync(join(tmpdir(), "fovea-adapter-"));
const SMALL = ["config.json", "generation_config.json", "merges.txt", "tokenizer.json"];
const OTHERS = ["README.md", "adapter_config.json", "optimizer.pt", "pytorch_model.bin", "trainer_state.json"];
after(() => rmSync(folder, { recursive: true }));

describe("fovea adapter", () => {
  it("inspect tells an adapter of PEFT, in words and in JSON", () => {
    const { status, stdout } = fovea("inspect", golden("llama-dora"));
    assert.equal(status, 0);
    assert.match(stdout, /^LORA, rank 4, alpha 6, scaling 1.5\n4 layers, 640 parameters, F32\n/);
    assert.match(stdout, /model.layers.1.mlp.down_proj +24 +16 +4/);
    const seen = JSON.parse(fovea("inspect", golden("llama-dora"), "--json").stdout);
    assert.deepEqual(Object.keys(seen).slice(0, 4), ["type", "rank", "alpha", "scaling"]);
    assert.deepEqual(seen.modules[0], { name: "model.layers.0.mlp.down_proj", in: 24, out: 16, rank: 4 });
    const named = JSON.parse(fovea("inspect", golden("llama-named"), "--adapter", "second", "--json").stdout);
    assert.equal(named.alpha, 2);
  });

  it("convert writes another type of numbers, under either kind", () => {
    const out = join(folder, "half");
    const { status, stdout } = fovea(
      "convert",
      golden("llama"),
      "--out",
      out,
      "--dtype",
      "bf16",
      "--type",
      "DUAL_LORA",
    );
    assert.equal(status, 0);
    assert.match(stdout, /^DUAL_LORA with 8 tensors written to /);
    const { type, dtypes } = JSON.parse(fovea("inspect", out, "--json").stdout);
    assert.deepEqual([type, dtypes], ["DUAL_LORA", ["BF16"]]);
  });

  it("merge puts an adapter into a base file", () => {
    const { tensors } = parseSafetensors(readFileSync(join(golden("llama"), "base.safetensors")));
    const [base, out] = ["base", "merged"].map((name) => join(folder, `${name}.safetensors`));
    writeFileSync(base, encodeSafetensors(below(tensors, "base/")));
    const { status, stdout, stderr } = fovea("merge", golden("llama"), "--base", base, "--out", out);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^4 tensors merged; written to /);
    const merged = parseSafetensors(readFileSync(out)).tensors;
    for (const [name, { data }] of below(tensors, "merged/"))
      (merged.get(name)!.data as Float32Array).forEach((value, i) =>
        assert.ok(Math.abs(value - Number(data[i])) < 1e-5),
      );
  });

  /** The folder of a model in two shards, with what belongs to it and what does not. */
  function modelFolder(): string {
    const model = join(folder, "model");
    mkdirSync(model);
    const { tensors } = parseSafetensors(readFileSync(join(golden("llama"), "base.safetensors")));
    const base = [...below(tensors, "base/")];
    const places: Record<string, string> = {};
    for (const shard of [1, 2]) {
      const name = `model-0000${shard}-of-00002.safetensors`;
      const part = base.filter((_, i) => (i < 3 ? 1 : 2) === shard);
      writeFileSync(join(model, name), encodeSafetensors(new Map(part), { format: "pt" }));
      for (const [tensor] of part) places[tensor] = name;
    }
    const index = JSON.stringify({ metadata: {}, weight_map: places });
    writeFileSync(join(model, "model.safetensors.index.json"), index);
    for (const name of [...SMALL, ...OTHERS]) writeFileSync(join(model, name), name);
    mkdirSync(join(model, "vocab.json"));
    return model;
  }

  it("merge puts an adapter into a sharded base, with what transformers needs beside the weights", () => {
    const [model, out] = [modelFolder(), join(folder, "merged-model")];
    const { status, stdout, stderr } = fovea("merge", golden("llama"), "--base", model, "--out", out);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, `4 tensors merged; written to ${out}, with ${SMALL.join(", ")}\n`);
    const weights = readdirSync(model).filter((name) => name.startsWith("model"));
    assert.deepEqual(readdirSync(out).sort(), [...SMALL, ...weights].sort());
    for (const name of SMALL) assert.equal(readFileSync(join(out, name), "utf8"), name);
    const golds = below(parseSafetensors(readFileSync(join(golden("llama"), "base.safetensors"))).tensors, "merged/");
    const merged = weights
      .filter((name) => name.endsWith(".safetensors"))
      .flatMap((name) => [...parseSafetensors(readFileSync(join(out, name))).tensors]);
    assert.deepEqual(merged.map(([name]) => name).sort(), [...golds.keys()].sort());
    for (const [name, { data }] of merged)
      (data as Float32Array).forEach((value, i) =>
        assert.ok(Math.abs(value - Number(golds.get(name)!.data[i])) < 1e-5),
      );
    const again = fovea("merge", golden("llama"), "--base", model, "--out", out);
    assert.match(again.stderr, /out must be a folder that is new or empty/);
    assert.equal(again.status, 1);
  });

  it("refuses with one line that says what is wrong", () => {
    const refused = (args: string[], message: RegExp): void => {
      const { status, stderr } = fovea(...args);
      assert.equal(status, 1);
      assert.match(stderr, message);
      assert.ok(!stderr.includes("    at "), "no stack");
    };
    refused(["look"], /adapter: the command must be one of inspect, convert, merge, received "look"/);
    refused(["inspect", folder], /the folder must hold adapter_config.json/);
    refused(["inspect", golden("llama-named")], /adapters in sub-folders: first, second/);
    refused(["convert", golden("llama"), "--out", folder, "--dtype", "f64"], /--dtype must be f32, f16 or bf16/);
    refused(
      ["merge", golden("llama")],
      /--base FILE.safetensors \(or a model's DIR, or the INDEX.json of shards\) and --out are needed/,
    );
  });
});
