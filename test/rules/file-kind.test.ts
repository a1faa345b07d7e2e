import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { deflateRawSync } from "node:zlib";
import { parseNpy } from "../../kernel/data/npy";
import { fileKind, KIND_BYTES } from "../../kernel/rules/file-kind";
import { readAdapter } from "../../kernel/lora";
import * as onnx from "../../kernel/onnx";
import * as safetensors from "../../kernel/safetensors";

const folder = mkdtempSync(join(tmpdir(), "fovea-kind-"));
after(() => rmSync(folder, { recursive: true }));

const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const bytes = (...values: number[]): Uint8Array => Uint8Array.from([...values, ...Array<number>(60).fill(0)]);
const model = readFileSync(join(import.meta.dirname, "..", "onnx", "golden", "vit.dynamo.onnx"));
const tensors = safetensors.encode(new Map([["w", { dtype: "F32", shape: [1], data: Float32Array.of(1) }]]));
const npy = text("?NUMPY\u0001\u0000").map((byte, i) => (i === 0 ? 0x93 : byte));

const KINDS: readonly [name: string, content: Uint8Array, kind: RegExp][] = [
  ["empty.bin", new Uint8Array(0), /^an empty file$/],
  ["array.npy", npy, /NumPy array/],
  ["weights.pt", Uint8Array.from([0x50, 0x4b, 3, 4, ...deflateRawSync(text("a"))]), /ZIP archive.*\.pt/],
  ["weights.bin", bytes(0x80, 2, 0x7d), /Python pickle/],
  ["pointer.bin", text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"), /git lfs pull/],
  ["login.bin", text("<!DOCTYPE html>\n<html><head><title>Sign in</title>"), /HTML page/],
  ["page.bin", text("\n <html lang=en>"), /HTML page/],
  ["config.bin", text('{"error": "gated"}'), /^JSON text$/],
  ["missing.bin", text("Entry not found\nmore"), /^text that begins "Entry not found"$/],
  ["model.gguf", bytes(0x47, 0x47, 0x55, 0x46, 3), /GGUF/],
  ["model.h5", bytes(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a), /HDF5/],
  ["archive.gz", bytes(0x1f, 0x8b, 8), /gzip/],
  ["picture.png", bytes(0x89, 0x50, 0x4e, 0x47), /PNG picture/],
  ["picture.jpg", bytes(0xff, 0xd8, 0xff, 0xe0), /JPEG picture/],
];

describe("a file of another kind is named", () => {
  it("by its first bytes", () => {
    for (const [name, content, kind] of KINDS)
      assert.match(fileKind(content.subarray(0, KIND_BYTES)) ?? "", kind, name);
    assert.equal(fileKind(model.subarray(0, KIND_BYTES)), "an ONNX model");
    assert.equal(fileKind(tensors.subarray(0, KIND_BYTES)), "a safetensors file");
  });

  it("not where the bytes tell nothing", () => {
    assert.equal(fileKind(bytes(0x07, 0x9a, 0xfe)), undefined);
    assert.equal(fileKind(text("naïve")), undefined);
  });

  for (const [name, content, kind] of [...KINDS, ["model.onnx", model, /ONNX model/] as const])
    it(`safetensors.read, onnx.inspect, an NPY reader and lora.readAdapter: ${name}`, async () => {
      const path = join(folder, name);
      writeFileSync(path, content);
      const told = (error: Error): boolean =>
        error.message.includes(name) && kind.test(/this is (.*?), received/.exec(error.message)?.[1] ?? "");
      await assert.rejects(safetensors.read(path), told);
      await assert.rejects(readAdapter(path), told);
      if (name !== "model.onnx") assert.throws(() => onnx.inspect(path), told);
      if (name !== "array.npy")
        assert.throws(
          () => parseNpy(content),
          (error: Error) => kind.test(error.message.split("this is ")[1]),
        );
    });

  it("a safetensors file in place of a model, and a damaged file of the right kind keep their places in words", async () => {
    assert.throws(
      () => onnx.inspect(tensors),
      /not an ONNX model; this is a safetensors file, received "?\d+ bytes in memory/,
    );
    const cut = join(folder, "cut.safetensors");
    writeFileSync(cut, tensors.subarray(0, 30));
    await assert.rejects(safetensors.read(cut), /the header must end inside the file of 30 bytes/);
    assert.throws(
      () => onnx.inspect(model.subarray(0, 5000)),
      (error: Error) => !/this is/.test(error.message),
    );
  });

  it("an adapter's configuration", async () => {
    const place = join(folder, "adapter");
    mkdirSync(place);
    writeFileSync(join(place, "adapter_config.json"), KINDS[4][1]);
    writeFileSync(join(place, "adapter_model.safetensors"), tensors);
    await assert.rejects(readAdapter(place), /adapter_config\.json must be JSON; this is a pointer of Git LFS/);
  });
});
