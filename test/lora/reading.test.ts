/** Adapters as other programs leave them: keys of wrapped models, text of other editors. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import * as safetensors from "../../kernel/safetensors/index.ts";
import { lora } from "./names.ts";

const golden = join(import.meta.dirname, "golden", "peft", "llama-dora");
const folder = mkdtempSync(join(tmpdir(), "fovea-reading-"));
after(() => rmSync(folder, { recursive: true }));

async function renamed(change: (key: string) => string): Promise<string> {
  const place = mkdtempSync(join(folder, "keys-"));
  cpSync(golden, place, { recursive: true });
  const { tensors, metadata } = await lora.readAdapter(golden);
  const changed = new Map([...tensors].map(([key, tensor]) => [change(key), tensor]));
  writeFileSync(join(place, "adapter_model.safetensors"), safetensors.encode(changed, metadata));
  return place;
}

const WRAPPED: [string, (key: string) => string][] = [
  ["_orig_mod.", (key) => `_orig_mod.${key}`],
  ["_orig_mod.", (key) => key.replace("model.layers", "model._orig_mod.layers")],
  ["_fsdp_wrapped_module.", (key) => key.replace(/(layers\.\d+\.)/, "$1_fsdp_wrapped_module.")],
  ["_checkpoint_wrapped_module.", (key) => key.replace(/(\.self_attn|\.mlp)/, "$1._checkpoint_wrapped_module")],
  ["module.", (key) => `module.${key}`],
];

describe("keys of a model that was wrapped or in memory", () => {
  for (const [wrapper, change] of WRAPPED)
    it(`${change("base_model.model.model.layers.0.mlp.x")}: the error names the option, and that reads them`, async () => {
      const place = await renamed(change);
      const pattern = new RegExp(`keys have no ${wrapper} of a wrapped model; .*--strip-wrappers.*, received "`);
      await assert.rejects(lora.readAdapter(place), pattern);
      const { tensors } = await lora.readAdapter(place, { stripWrappers: true });
      assert.deepEqual([...tensors], [...(await lora.readAdapter(golden)).tensors]);
    });

  it("with an adapter's name, of every kind of tensor", async () => {
    const place = await renamed((key) =>
      key.endsWith("vector") ? `${key}.cats.weight` : key.replace(/(lora_[AB])/, "$1.cats"),
    );
    await assert.rejects(lora.inspect(place), /adapterName: "cats" \(--adapter-name cats\)/);
    const { tensors } = await lora.readAdapter(place, { adapterName: "cats" });
    assert.deepEqual([...tensors], [...(await lora.readAdapter(golden)).tensors]);
  });
});

describe("a configuration", () => {
  it("may begin with a byte order mark", async () => {
    const place = await renamed((key) => key);
    const path = join(place, "adapter_config.json");
    writeFileSync(path, `\uFEFF${readFileSync(path, "utf8")}`);
    assert.deepEqual((await lora.readAdapter(place)).config, (await lora.readAdapter(golden)).config);
  });

  const REFUSED: [object, RegExp][] = [
    [{ layer_replication: [[0, 1]] }, /layer_replication is supported only as null, received an array of 1/],
    [{ use_bdlora: { nblocks: 2 } }, /use_bdlora is supported only as null, received an object with keys \[nblocks\]/],
    [{ target_parameters: ["w"] }, /target_parameters is supported only as null, received \[w\]/],
    [{ use_qalora: true }, /use_qalora is supported only as false, received true/],
    [{ bias: "some" }, /bias is supported only as none or all or lora_only, received "some"/],
  ];
  for (const [change, message] of REFUSED)
    it(`${JSON.stringify(change)} is refused with the value that is legal and the one received`, async () => {
      const place = await renamed((key) => key);
      const path = join(place, "adapter_config.json");
      writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, "utf8")) as object), ...change }));
      await assert.rejects(lora.readAdapter(place), message);
    });
});
