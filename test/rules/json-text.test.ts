/** Files of JSON as programs on Windows write them: with a byte order mark. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import * as data from "../../kernel/data";
import * as encoders from "../../kernel/encoders";
import * as features from "../../kernel/features";
import { parseJson } from "../../kernel/rules/json-text.ts";
import * as law from "../../kernel/law";
import * as lora from "../../kernel/lora";
import { nn } from "../nn/names.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-json-"));
after(() => rmSync(folder, { recursive: true }));
const GOLDEN = join(import.meta.dirname, "..", "lora", "golden", "merge", "vit");

/** Puts the mark in front of every file of JSON in a folder. */
function mark(place: string): void {
  for (const name of readdirSync(place, { recursive: true, encoding: "utf8" }))
    if (/\.jsonl?$/.test(name)) {
      const path = join(place, name);
      writeFileSync(path, `\uFEFF${readFileSync(path, "utf8")}`);
    }
}

describe("a byte order mark in front of JSON", () => {
  it("is passed over once, and only in front", () => {
    assert.deepEqual(parseJson('\uFEFF{"a":1}'), { a: 1 });
    assert.throws(() => parseJson('\uFEFF\uFEFF{"a":1}'), SyntaxError);
    assert.throws(() => parseJson('{\uFEFF"a":1}'), SyntaxError);
  });

  it("is passed over in the configuration and the base of an adapter", async () => {
    const place = join(folder, "lora");
    cpSync(GOLDEN, place, { recursive: true });
    mark(place);
    assert.equal((await lora.inspect(join(place, "adapter"))).type, "LORA");
    await nn.start("wasm");
    await lora.mergeFile(join(place, "adapter"), join(place, "base"), join(folder, "merged"));
  });

  it("is passed over in an encoder's configuration and in features on disk", async () => {
    const model = join(folder, "model");
    cpSync(join(import.meta.dirname, "..", "onnx", "golden", "vit.ts17.onnx"), join(model, "model.onnx"));
    writeFileSync(
      join(model, "preprocessor_config.json"),
      JSON.stringify({ size: { height: 32, width: 32 }, image_mean: [0, 0, 0], image_std: [1, 1, 1] }),
    );
    mark(model);
    const encoder = await encoders.load(model, { device: "cpu" });
    const picture = { data: new Uint8Array(3 * 64), width: 8, height: 8, channels: 3 as const };
    const out = join(folder, "features");
    const options = { encoder, images: [{ name: "one", picture }], out, progress: false };
    await features.extract(options);
    const run = join(out, "run.json");
    writeFileSync(run, `\uFEFF${readFileSync(run, "utf8")}`);
    assert.deepEqual((await features.open(out)).paths, ["one"]);
    assert.equal((await features.extract(options)).reused, 1);
    await encoder.dispose();
  });

  it("is passed over in a data set's annotations and in a table", async () => {
    const world = join(folder, "spair");
    await data.world.writeSpair(world, { categories: ["fish"], images: 2, pairs: 2 });
    mark(world);
    assert.equal(data.spair.read(world).pairs.length, 2);
    const csv = "\uFEFFencoder,benchmark,a,c,score\nx,b,1,2,3\n";
    assert.deepEqual(law.parseTable(csv).encoders, ["x"]);
  });
});
