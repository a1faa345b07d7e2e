import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, it } from "node:test";
import { encodeSafetensors, parseSafetensors } from "../../kernel/nn/index.ts";
import { below } from "../nn/golden.ts";

const ROOT = resolve(import.meta.dirname, "..", "..");
const cli = join(ROOT, "kernel", "dist", "cli.js");
const golden = (name: string) => join(ROOT, "test", "lora", "golden", "peft", name);
const fovea = (...args: string[]) => spawnSync(process.execPath, [cli, "adapter", ...args], { encoding: "utf8" });
const folder = mkdtempSync(join(tmpdir(), "fovea-adapter-"));
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
      /--base FILE.safetensors \(or the INDEX.json or DIR of shards\) and --out are needed/,
    );
  });
});
