import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import * as safetensors from "../../kernel/safetensors/index.ts";

const top = mkdtempSync(join(tmpdir(), "fovea-shards-"));
after(() => rmSync(top, { recursive: true }));
const folderOf = (): string => mkdtempSync(join(top, "model-"));

type Tensors = Map<string, safetensors.SafetensorsTensor>;

const tensorsOf = (sizes: readonly number[], first = 0): Tensors =>
  new Map(
    sizes.map((size, i) => {
      const data = Float32Array.from({ length: size }, (_, k) => first + 100 * i + k);
      return [`layer.${i}.weight`, { dtype: "F32", shape: [size], data }];
    }),
  );

const INDEX = "model.safetensors.index.json";

interface Index {
  metadata: { total_size: number };
  weight_map: Record<string, string>;
}

const indexIn = (folder: string): Index => JSON.parse(readFileSync(join(folder, INDEX), "utf8")) as Index;

const refusal = (rule: RegExp) => (error: Error) =>
  error instanceof safetensors.SafetensorsError && rule.test(error.message);

describe("a model in shards", () => {
  const cases = JSON.parse(readFileSync(new URL("golden/shards.json", import.meta.url), "utf8")) as {
    sizes: number[];
    maxShardBytes: number;
    files: Record<string, string[]>;
    total: number;
  }[];

  for (const { sizes, maxShardBytes, files, total } of cases)
    it(`is cut as huggingface_hub cuts [${sizes.join(", ")}], and read again`, async () => {
      const folder = folderOf();
      const tensors = tensorsOf(sizes);
      const path = join(folder, "model.safetensors");
      const written = await safetensors.writeSharded(path, tensors, { maxShardBytes, metadata: { format: "pt" } });
      const names = Object.keys(files);
      if (names.length === 1) {
        assert.deepEqual(readdirSync(folder), ["model.safetensors"]);
        assert.equal(written, path);
        return assert.deepEqual((await safetensors.read(path)).tensors, tensors);
      }
      assert.deepEqual(readdirSync(folder), [...names, INDEX].sort());
      assert.equal(written, join(folder, INDEX));
      for (const name of names)
        assert.deepEqual([...(await safetensors.readHeader(join(folder, name))).tensors.keys()], files[name]);
      assert.equal(indexIn(folder).metadata.total_size, total);
      const { tensors: read, metadata } = await safetensors.readSharded(written);
      assert.deepEqual(new Map([...read].sort()), new Map([...tensors].sort()));
      assert.deepEqual(metadata, { format: "pt" });
    });

  it("takes the place of an earlier one with more or fewer files, and leaves other files alone", async () => {
    const folder = folderOf();
    const path = join(folder, "model.safetensors");
    writeFileSync(join(folder, "model-00001-of-00009.safetensors"), "another's");
    writeFileSync(join(folder, "config.json"), "{}");
    const others = ["config.json", "model-00001-of-00009.safetensors"];
    const write = (sizes: number[], maxShardBytes?: number) =>
      safetensors.writeSharded(path, tensorsOf(sizes, 7), { maxShardBytes });
    await write([4, 4, 4, 4], 16);
    assert.equal(readdirSync(folder).length, others.length + 5);
    const index = await write([4, 4, 4, 4], 32);
    assert.deepEqual(readdirSync(folder).length, others.length + 3);
    assert.deepEqual((await safetensors.readSharded(index)).tensors, tensorsOf([4, 4, 4, 4], 7));
    await write([4, 4]);
    assert.deepEqual(readdirSync(folder), [...others, "model.safetensors"]);
    await write([4, 4], 16);
    assert.ok(!existsSync(path), "a reader would take it in place of the shards");
  });

  it("that cannot be written leaves the earlier one", async () => {
    const folder = folderOf();
    const path = join(folder, "model.safetensors");
    const index = await safetensors.writeSharded(path, tensorsOf([4, 4]), { maxShardBytes: 16 });
    const before = readdirSync(folder);
    const bad = tensorsOf([4, 4, 4], 5).set("bad", { dtype: "F32", shape: [3], data: new Float32Array(2) });
    await assert.rejects(safetensors.writeSharded(path, bad, { maxShardBytes: 16 }), safetensors.SafetensorsError);
    assert.deepEqual(readdirSync(folder), before);
    assert.deepEqual((await safetensors.readSharded(index)).tensors, tensorsOf([4, 4]));
    await assert.rejects(safetensors.writeSharded(join(folder, "model.bin"), tensorsOf([1])), /end in .safetensors/);
    await assert.rejects(safetensors.writeSharded(path, tensorsOf([1]), { maxShardBytes: 0 }), /must be above 0/);
    const misspelt = { maxShardSize: 8 } as never;
    await assert.rejects(safetensors.writeSharded(path, tensorsOf([1]), misspelt), /received "maxShardSize"/);
    await assert.rejects(safetensors.writeSharded(path, tensorsOf([1]), null as never), /must be an object/);
    assert.deepEqual(readdirSync(folder), before);
  });

  it("and its files are refused by name where a folder or a pipe takes their place", { timeout: 10_000 }, async () => {
    const folder = folderOf();
    const [pipe, inner] = [join(folder, "pipe"), join(folder, "inner.safetensors")];
    mkdirSync(inner);
    if (process.platform !== "win32") execFileSync("mkfifo", [pipe]);
    writeFileSync(join(folder, INDEX), JSON.stringify({ weight_map: { a: "inner.safetensors" } }));
    for (const place of process.platform === "win32" ? [inner] : [inner, pipe]) {
      for (const reader of [safetensors.read, safetensors.readHeader, safetensors.SafetensorsFile.open])
        await assert.rejects(
          reader(place),
          refusal(/must be a file, not a folder, pipe or device, received ".*(inner|pipe)/),
        );
      await assert.rejects(
        safetensors.readSharded(place),
        refusal(/the index (must be a file|cannot be read \(EISDIR\))/),
      );
    }
    await assert.rejects(safetensors.readSharded(join(folder, INDEX)), refusal(/must be a file, not a folder/));
  });

  it("is refused where the index lies", async () => {
    const folder = folderOf();
    const path = join(folder, "model.safetensors");
    const index = await safetensors.writeSharded(path, tensorsOf([4, 4]), { maxShardBytes: 16 });
    const { weight_map: places } = indexIn(folder);
    const refused = async (map: unknown, message: RegExp): Promise<void> => {
      writeFileSync(index, JSON.stringify({ weight_map: map }));
      await assert.rejects(safetensors.readSharded(index), (error: Error) => {
        assert.ok(error instanceof safetensors.SafetensorsError);
        assert.match(error.message, message);
        return true;
      });
    };
    const [first, second] = Object.values(places);
    await refused([], /JSON with a weight_map of tensors/);
    await refused({ ...places, a: "../model.safetensors" }, /beside itself, received "..\/model.safetensors"/);
    await refused({ ...places, a: first }, /a must be in model-00001-of-00002.safetensors and in no other shard/);
    await refused({ "layer.0.weight": second, "layer.1.weight": first }, /layer.0.weight must be in/);
    await refused({ ...places, a: "none.safetensors" }, /cannot be opened \(ENOENT\)/);
    writeFileSync(join(folder, first), readFileSync(join(folder, first)).subarray(0, -4));
    await refused(places, /safetensors/);
    await assert.rejects(safetensors.readSharded(join(folder, "none.json")), /the index cannot be read \(ENOENT\)/);
  });
});
