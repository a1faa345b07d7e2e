/** Merged bases beside PEFT's merge and transformers' files (`python test/lora/golden/merge.py`). */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { nn } from "../nn/names.ts";
import * as safetensors from "../../kernel/safetensors/index.ts";
import { lora } from "./names.ts";

const golden = join(import.meta.dirname, "golden", "merge");
const folder = mkdtempSync(join(tmpdir(), "fovea-merge-"));
before(() => nn.start("native"));
after(() => rmSync(folder, { recursive: true }));

const tensorsOf = (path: string): Map<string, safetensors.SafetensorsTensor> =>
  safetensors.parse(readFileSync(path)).tensors;
const weights = (place: string) => tensorsOf(join(place, "model.safetensors"));
const adapterOf = (name: string): string => join(golden, name, "adapter");
const baseOf = (name: string): string => join(golden, name, "base");
const fresh = (): string => join(mkdtempSync(join(folder, "case-")), "merged");

interface Golden {
  tied: boolean | null;
  tensors: string[];
}

const goldenOf = (name: string): Golden => JSON.parse(readFileSync(join(golden, name, "case.json"), "utf8")) as Golden;
const tieIn = (place: string): boolean | null => {
  const config = JSON.parse(readFileSync(join(place, "config.json"), "utf8")) as { tie_word_embeddings?: boolean };
  return config.tie_word_embeddings ?? null;
};

function assertNear(
  tensor: safetensors.SafetensorsTensor,
  expected: safetensors.SafetensorsTensor,
  tolerance: number,
  what: string,
) {
  assert.deepEqual([tensor.dtype, tensor.shape], [expected.dtype, expected.shape], what);
  const [received, wanted] = [tensor, expected].map(({ data }) => Array.from(data as Float64Array));
  const worst = received.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[i])), 0);
  assert.ok(worst <= tolerance, `${what} is ${worst} off`);
}

describe("a merged base", () => {
  for (const name of readdirSync(golden))
    it(`${name}: tensors, names and ties as PEFT and transformers write them`, async () => {
      const out = fresh();
      const { merged, replaced } = await lora.mergeFile(adapterOf(name), baseOf(name), out);
      const { tied, tensors } = goldenOf(name);
      const written = weights(out);
      assert.deepEqual([...written.keys()].sort(), tensors);
      assert.equal(tieIn(out), tied);
      const expected = tensorsOf(join(golden, name, "merged.safetensors"));
      for (const [key, tensor] of expected) assertNear(written.get(key)!, tensor, 1e-6, key);
      for (const [key, tensor] of weights(baseOf(name)))
        if (!expected.has(key)) assert.deepEqual(written.get(key), tensor, key);
      assert.ok([...expected.keys()].every((key) => [...merged, ...replaced, "lm_head.weight"].includes(key)));
    });

  const WARNINGS: Record<string, RegExp | null> = {
    "tied-saved-embedding": /no longer tied: lm_head.weight has weights of its own, config.json says so/,
    "tied-saved-head": /no longer tied/,
    "tied-saved-together": null,
    "tied-lora-embedding": /^model.embed_tokens: .* are tied, so merging into model.embed_tokens.weight changes both/,
    "tied-lora-head": /^lm_head: .* are tied, so merging into model.embed_tokens.weight changes both/,
    "tied-tokens": null,
    llava: null,
  };
  for (const [name, warning] of Object.entries(WARNINGS))
    it(`${name} ${warning ? "comes with a warning" : "needs no warning"}`, async () => {
      const { warnings } = await lora.mergeFile(adapterOf(name), baseOf(name), fresh());
      assert.equal(warnings.length, warning ? 1 : 0);
      if (warning) assert.match(warnings[0], warning);
    });

  it("takes LoRA of a tied embedding and its output layer once where they are the same, and never two others", async () => {
    const name = "tied-lora-embedding";
    const { config, tensors, metadata } = await lora.readAdapter(adapterOf(name));
    const layer = "base_model.model.model.embed_tokens.lora_embedding_";
    const transposed = ({
      dtype,
      shape: [rows, columns],
      data,
    }: safetensors.SafetensorsTensor): safetensors.SafetensorsTensor => {
      const values = Float32Array.from(data as Float32Array, (_, i) =>
        Number(data[(i % rows) * columns + Math.floor(i / rows)]),
      );
      return { dtype, shape: [columns, rows], data: values };
    };
    tensors.set("base_model.model.lm_head.lora_A.weight", transposed(tensors.get(`${layer}B`)!));
    const b = transposed(tensors.get(`${layer}A`)!);
    tensors.set("base_model.model.lm_head.lora_B.weight", b);
    const adapter = await lora.writeAdapter(fresh(), { config, tensors, metadata });
    const out = fresh();
    await lora.mergeFile(adapter, baseOf(name), out);
    const expected = tensorsOf(join(golden, name, "merged.safetensors"));
    for (const [key, tensor] of expected) assertNear(weights(out).get(key)!, tensor, 1e-6, key);
    b.data[3] = 9;
    const other = await lora.writeAdapter(fresh(), { config, tensors, metadata });
    await assert.rejects(
      lora.mergeFile(other, baseOf(name), fresh()),
      /must have one update, or the same of both layers/,
    );
  });

  it("that is untied gets its output layer in the index of its shards, beside the embedding", async () => {
    const name = "tied-saved-embedding";
    const base = join(fresh(), "shards");
    mkdirSync(base, { recursive: true });
    cpSync(join(baseOf(name), "config.json"), join(base, "config.json"));
    const places: Record<string, string> = {};
    for (const [i, [key, tensor]] of [...weights(baseOf(name))].entries()) {
      places[key] = `model-${i}.safetensors`;
      await safetensors.write(join(base, places[key]), new Map([[key, tensor]]));
    }
    const index = { metadata: { total_size: 5000 }, weight_map: places };
    writeFileSync(join(base, "model.safetensors.index.json"), `\uFEFF${JSON.stringify(index)}`);
    const out = fresh();
    await lora.mergeFile(adapterOf(name), base, out);
    const written = JSON.parse(readFileSync(join(out, "model.safetensors.index.json"), "utf8")) as typeof index;
    const shard = places["model.embed_tokens.weight"];
    assert.deepEqual(written.weight_map, { ...places, "lm_head.weight": shard });
    assert.equal(written.metadata.total_size, 5000 + 12 * 8 * 4);
    const head = tensorsOf(join(out, shard)).get("lm_head.weight");
    assert.deepEqual(head, weights(baseOf(name)).get("model.embed_tokens.weight"));
  });

  it("that is a file gets its output layer too, and the warning says what its configuration must say", async () => {
    const name = "tied-saved-embedding";
    const out = `${fresh()}.safetensors`;
    const { warnings } = await lora.mergeFile(adapterOf(name), join(baseOf(name), "model.safetensors"), out);
    assert.match(warnings.join(), /set tie_word_embeddings to false in its config.json/);
    assert.deepEqual([...tensorsOf(out).keys()].sort(), goldenOf(name).tensors);
  });

  it("without a configuration is told of an embedding that may be tied", async () => {
    const base = join(folder, "alone.safetensors");
    cpSync(join(baseOf("tied-saved-embedding"), "model.safetensors"), base);
    const out = `${fresh()}.safetensors`;
    const { warnings } = await lora.mergeFile(adapterOf("tied-saved-embedding"), base, out);
    assert.match(
      warnings.join(),
      /embed_tokens.weight was replaced: no config.json tells whether the output layer is tied/,
    );
  });

  /** The numbers of E4M3 up to 448 by their definition (Micikevicius et al., arXiv 2209.05433, table 1). */
  const E4M3 = Array.from({ length: 127 }, (_, code) => {
    const [exponent, fraction] = [code >> 3, (code & 7) / 8];
    return exponent ? (1 + fraction) * 2 ** (exponent - 7) : fraction * 2 ** -6;
  });

  it("of 8-bit floats has the nearest of them", async () => {
    const base = fresh();
    mkdirSync(base);
    const tensors = weights(baseOf("llava"));
    const key = "language_model.model.layers.0.self_attn.q_proj.weight";
    const { shape } = tensors.get(key)!;
    const codes = Uint8Array.from({ length: 64 }, (_, i) => (i % 48) + (i % 3 === 0 ? 128 : 0));
    tensors.set(key, { dtype: "F8_E4M3", shape, data: codes });
    const path = join(base, "model.safetensors");
    await safetensors.write(path, tensors);
    const out = fresh();
    await lora.mergeFile(adapterOf("llava"), base, out);
    const valueOf = (code: number): number => (code & 128 ? -1 : 1) * E4M3[code & 127];
    tensors.set(key, { dtype: "F64", shape, data: Float64Array.from(codes, valueOf) });
    await safetensors.write(path, tensors);
    const exact = fresh();
    await lora.mergeFile(adapterOf("llava"), base, exact);
    const [rounded, sums] = [out, exact].map((place) => weights(place).get(key)!.data as Uint8Array);
    sums.forEach((sum, i) => {
      const least = Math.min(...E4M3.map((one) => Math.abs(one - Math.abs(sum))));
      assert.ok(Math.abs(Math.abs(valueOf(rounded[i]) - sum) - least) < 1e-6, `${sum} became ${valueOf(rounded[i])}`);
    });
  });

  it("is refused where its weights have scales beside them, or a kernel in groups, and nothing is written", async () => {
    const refused = async (
      name: string,
      key: string,
      change: (tensors: ReturnType<typeof weights>) => void,
      message: RegExp,
    ) => {
      const base = fresh();
      mkdirSync(base);
      const tensors = weights(baseOf(name));
      assert.ok(tensors.has(key));
      change(tensors);
      await safetensors.write(join(base, "model.safetensors"), tensors);
      const out = fresh();
      await assert.rejects(lora.mergeFile(adapterOf(name), base, out), message);
      assert.ok(!existsSync(out));
    };
    const q = "vit.encoder.layer.0.attention.attention.query.weight";
    const scale = { dtype: "F32" as const, shape: [1], data: Float32Array.of(2) };
    await refused(
      "vit",
      q,
      (tensors) => tensors.set(`${q}_scale_inv`, scale),
      /no quantized weight with a scale, received/,
    );
    const kernel = "vit.embeddings.patch_embeddings.projection.weight";
    const halved = { dtype: "F32" as const, shape: [8, 1, 4, 4], data: new Float32Array(128) };
    await refused(
      "vit-convolution",
      kernel,
      (all) => all.set(kernel, halved),
      /must be \[8, 3, 4, 4\] .* received \[8, 1/,
    );
    await refused("vit", q, (tensors) => tensors.delete(q), /must hold the adapter's layers; it holds/);
  });
});

it("convolutions and rows are looked at by their sizes", async () => {
  const { modules } = await lora.inspect(adapterOf("vit-convolution"));
  const projection = modules.find(({ name }) => name.endsWith("projection"));
  assert.deepEqual([projection?.in, projection?.out, projection?.rank], [3, 8, 2]);
  assert.match((await lora.inspect(adapterOf("tokens"))).saved.join(), /token_adapter/);
});
