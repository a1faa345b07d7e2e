import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import {
  bfloat16ToFloat,
  encodeSafetensors,
  floatToBfloat16,
  parseSafetensors,
  readSafetensors,
  readSafetensorsHeader,
  SafetensorsError,
  type SafetensorsTensor,
  writeSafetensors,
} from "../../kernel/nn/index.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-safetensors-"));
after(() => rmSync(folder, { recursive: true }));

function file(
  header: string,
  data = new Uint8Array(0),
  length = BigInt(new TextEncoder().encode(header).length),
): Uint8Array {
  const first = new Uint8Array(8);
  new DataView(first.buffer).setBigUint64(0, length, true);
  return Uint8Array.from([...first, ...new TextEncoder().encode(header), ...data]);
}

const entry = (dtype: string, shape: number[], begin: number, end: number): string =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });

describe("safetensors", () => {
  it("writes the worked file of the format byte by byte", () => {
    const bytes = encodeSafetensors(new Map([["a", { dtype: "F32", shape: [2], data: Float32Array.of(1, -2) }]]));
    assert.equal(bytes.length, 72);
    assert.deepEqual([...bytes.subarray(0, 8)], [0x38, 0, 0, 0, 0, 0, 0, 0]);
    assert.equal(
      new TextDecoder().decode(bytes.subarray(8, 64)),
      '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  ',
    );
    assert.deepEqual([...bytes.subarray(64)], [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
  });

  it("reads back what it wrote, every type, scalars and empty tensors, bit for bit", async () => {
    const bits = new Uint32Array([0x7fc00123, 0x80000000, 1, 0xff800000]);
    const tensors = new Map<string, SafetensorsTensor>([
      ["F64", { dtype: "F64", shape: [1], data: Float64Array.of(Math.PI) }],
      ["F32", { dtype: "F32", shape: [2, 2], data: new Float32Array(bits.buffer) }],
      ["F16", { dtype: "F16", shape: [3], data: Uint16Array.of(0x3c00, 0x7e01, 1) }],
      ["BF16", { dtype: "BF16", shape: [2], data: floatToBfloat16(Float32Array.of(1, -0)) }],
      ["I64", { dtype: "I64", shape: [2], data: BigInt64Array.of(-(2n ** 63n), 2n ** 62n + 1n) }],
      ["U64", { dtype: "U64", shape: [1], data: BigUint64Array.of(2n ** 64n - 1n) }],
      ["I32", { dtype: "I32", shape: [1], data: Int32Array.of(-7) }],
      ["U32", { dtype: "U32", shape: [1], data: Uint32Array.of(2 ** 32 - 1) }],
      ["I16", { dtype: "I16", shape: [1], data: Int16Array.of(-300) }],
      ["I8", { dtype: "I8", shape: [3], data: Int8Array.of(-1, 0, 1) }],
      ["U8", { dtype: "U8", shape: [], data: Uint8Array.of(9) }],
      ["BOOL", { dtype: "BOOL", shape: [2], data: Uint8Array.of(1, 0) }],
      ["empty", { dtype: "F32", shape: [0, 3], data: new Float32Array(0) }],
    ]);
    const path = join(folder, "all.safetensors");
    await writeSafetensors(path, tensors, { format: "pt" });
    const { tensors: read, metadata } = await readSafetensors(path);
    assert.deepEqual([...read], [...tensors]);
    assert.deepEqual(new Uint32Array(read.get("F32")!.data.buffer), bits);
    assert.deepEqual(metadata, { format: "pt" });
    assert.deepEqual(encodeSafetensors(read, metadata), new Uint8Array(readFileSync(path)));
    assert.deepEqual(readdirSync(folder), ["all.safetensors"], "nothing is left beside it");
  });

  it("reads chosen tensors, and the header alone", async () => {
    const path = join(folder, "all.safetensors");
    const { tensors } = await readSafetensors(path, ["I8"]);
    assert.deepEqual([...tensors.keys()], ["I8"]);
    assert.deepEqual((await readSafetensorsHeader(path)).tensors.get("F32")!.shape, [2, 2]);
    await assert.rejects(
      readSafetensors(path, ["nobody"]),
      /safetensors.read: the file holds F64, F32, .*received "nobody"/,
    );
  });

  it("rounds bfloat16 to nearest even (torch 2.13: tensor.to(torch.bfloat16))", () => {
    const values = Float32Array.of(1, 1.00390625, 1.01171875, 3.3895314e38, -0, NaN, Infinity);
    const back = bfloat16ToFloat(floatToBfloat16(values));
    assert.deepEqual([...back], [1, 1, 1.015625, 3.3895313892515355e38, -0, NaN, Infinity]);
  });

  const BAD: [string, Uint8Array, RegExp][] = [
    ["a file of 3 bytes", new Uint8Array(3), /at least 8 bytes, received 3/],
    ["a header beyond the format's limit", file("{}", undefined, 2n ** 62n), /at most 100000000 bytes, received 46/],
    ["a header past the end of the file", file("{}", undefined, 90_000_000n), /must end inside the file of 10 bytes/],
    ["a header that is no object", file("[]"), /must begin with "\{"/],
    ["a header that is no JSON", file("{nonsense"), /must be JSON/],
    [
      "a name twice",
      file(`{"a":${entry("U8", [1], 0, 1)},"a":${entry("U8", [1], 0, 1)}}`, new Uint8Array(1)),
      /a name appears once, received "a"/,
    ],
    [
      "ranges that overlap",
      file(`{"a":${entry("U8", [2], 0, 2)},"b":${entry("U8", [2], 1, 3)}}`, new Uint8Array(3)),
      /no overlap/,
    ],
    ["a hole", file(`{"a":${entry("U8", [1], 0, 1)},"b":${entry("U8", [1], 2, 3)}}`, new Uint8Array(3)), /no hole/],
    ["bytes left over", file(`{"a":${entry("U8", [1], 0, 1)}}`, new Uint8Array(2)), /must end at the file's end/],
    ["a range past the end", file(`{"a":${entry("U8", [9], 0, 9)}}`, new Uint8Array(2)), /must end at the file's end/],
    ["a size that disagrees", file(`{"a":${entry("F32", [2], 0, 4)}}`, new Uint8Array(4)), /takes 8 bytes, received 4/],
    [
      "an unknown type",
      file(`{"a":${entry("F128", [1], 0, 16)}}`, new Uint8Array(16)),
      /a known dtype, received "F128"/,
    ],
    ["a type of every object", file(`{"a":${entry("toString", [1], 0, 16)}}`, new Uint8Array(16)), /a known dtype/],
    ["a negative dimension", file(`{"a":${entry("U8", [-1], 0, 1)}}`, new Uint8Array(1)), /shape of whole numbers/],
    [
      "a shape without end",
      file(`{"a":${entry("U8", [2 ** 40, 2 ** 40], 0, 1)}}`, new Uint8Array(1)),
      /takes 1.2\d+e\+24 bytes/,
    ],
    ["metadata that is no text", file(`{"__metadata__":{"a":1}}`), /maps text to text/],
  ];
  for (const [name, bytes, message] of BAD)
    it(`refuses ${name}`, async () => {
      const refused = (error: unknown): boolean => error instanceof SafetensorsError && message.test(error.message);
      assert.throws(() => parseSafetensors(bytes), refused);
      const path = join(folder, "bad.safetensors");
      writeFileSync(path, bytes);
      await assert.rejects(readSafetensors(path), refused);
    });

  it("refuses to write what does not fit", async () => {
    const write = (tensor: SafetensorsTensor, name = "a") =>
      writeSafetensors(join(folder, "no.safetensors"), new Map([[name, tensor]]));
    await assert.rejects(write({ dtype: "F32", shape: [3], data: new Float32Array(2) }), /takes 12 bytes, received 8/);
    await assert.rejects(
      write({ dtype: "F32", shape: [2], data: new Float32Array(2) }, "__metadata__"),
      /must not be called so/,
    );
    assert.ok(!readdirSync(folder).some((name) => name.startsWith("no.")));
  });
});
