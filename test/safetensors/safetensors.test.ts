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
  writeSafetensors,
} from "../../kernel/safetensors/safetensors";
import { SafetensorsError } from "../../kernel/safetensors/header";
import { SafetensorsFile, streamSafetensors } from "../../kernel/safetensors/file";
import type { SafetensorsTensor } from "../../kernel/safetensors/tensor";
import { toFloat32 } from "../../kernel/nn/module/floats";
import type { SafetensorsDtype } from "../../kernel/safetensors/entry";

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
      /must have fewer than 2\^53 bytes/,
    ],
    [
      "a key twice inside an entry",
      file('{"a":{"dtype":"U8","shape":[2],"shape":[1],"data_offsets":[0,1]}}', new Uint8Array(1)),
      /a name appears once, received "shape"/,
    ],
    ["a type that is none", file(`{"a":${entry("F5", [2], 0, 1)}}`, new Uint8Array(1)), /a known dtype/],
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

  it("keeps names and order whatever they are called, and writes the same bytes again", () => {
    const names = ["b", "10", "2", "__proto__", "a b", "é"];
    const tensors = new Map(
      names.map((name, i) => [name, { dtype: "U8" as const, shape: [1], data: Uint8Array.of(i) }]),
    );
    const bytes = encodeSafetensors(tensors, { note: "x" });
    const read = parseSafetensors(bytes);
    assert.deepEqual([...read.tensors], [...tensors]);
    assert.deepEqual(encodeSafetensors(read.tensors, read.metadata), bytes);
  });

  it("reads rows, and bytes in parts, without the rest", async () => {
    const path = join(folder, "rows.safetensors");
    const data = Float32Array.from({ length: 12 }, (_, i) => i);
    await writeSafetensors(path, new Map([["w", { dtype: "F32", shape: [4, 3], data }]]));
    const file = await SafetensorsFile.open(path);
    const rows = await file.readRows("w", 1, 3);
    assert.deepEqual(
      [rows.shape, [...rows.data]],
      [
        [2, 3],
        [3, 4, 5, 6, 7, 8],
      ],
    );
    assert.deepEqual((await file.readRows("w", 4, 4)).shape, [0, 3]);
    await assert.rejects(file.readRows("w", 3, 5), /rows of w must lie in 0..4, received \[3, 5\]/);
    const parts: Uint8Array[] = [];
    for await (const part of file.chunks("w")) parts.push(part);
    assert.deepEqual(Buffer.concat(parts), Buffer.from(data.buffer));
    await file.close();
  });

  it("writes in parts, and nothing when they are not what was announced", async () => {
    const path = join(folder, "parts.safetensors");
    const entries = new Map([["w", { dtype: "U8" as const, shape: [3] }]]);
    await streamSafetensors(path, entries, () => [Uint8Array.of(1), Uint8Array.of(2, 3)]);
    assert.deepEqual([...(await readSafetensors(path)).tensors.get("w")!.data], [1, 2, 3]);
    const short = streamSafetensors(join(folder, "no.safetensors"), entries, () => [Uint8Array.of(1)]);
    await assert.rejects(short, /tensor w of U8 \[3\] takes 3 bytes, received 1/);
    assert.ok(!readdirSync(folder).some((name) => name.startsWith("no.")));
  });

  it("knows the value of every 8-bit float (torch 2.13: bits.view(torch.float8_…).float())", () => {
    const golden = readFileSync(new URL("../nn/golden/float8.safetensors", import.meta.url));
    const { tensors } = parseSafetensors(golden);
    assert.equal(tensors.size, 5);
    const bits = Uint8Array.from({ length: 256 }, (_, i) => i);
    for (const [dtype, { data }] of tensors)
      // As arrays: the bits of a NaN do not matter.
      assert.deepEqual(
        [...toFloat32("nn.loadState", { dtype: dtype as SafetensorsDtype, shape: [256], data: bits })],
        [...(data as Float32Array)],
        dtype,
      );
  });

  it("refuses to write what does not fit", async () => {
    const write = (tensor: SafetensorsTensor, name = "a") =>
      writeSafetensors(join(folder, "no.safetensors"), new Map([[name, tensor]]));
    await assert.rejects(write({ dtype: "F32", shape: [3], data: new Float32Array(2) }), /takes 12 bytes, received 8/);
    await assert.rejects(
      write({ dtype: "F32", shape: [2], data: new Float32Array(2) }, "__metadata__"),
      /a tensor must have another name/,
    );
    assert.ok(!readdirSync(folder).some((name) => name.startsWith("no.")));
  });
});

describe("safetensors as others write them", () => {
  it("types of four and six bits do not forbid the others", async () => {
    const path = join(folder, "small-floats.safetensors");
    const entries = [
      `"a":${entry("F4", [2, 4], 0, 4)}`,
      `"b":${entry("F6_E2M3", [4], 4, 7)}`,
      `"d":${entry("F6_E3M2", [8], 7, 13)}`,
      `"c":${entry("F32", [1], 13, 17)}`,
    ];
    writeFileSync(
      path,
      file(
        `{${entries.join()}}`,
        Uint8Array.from({ length: 17 }, (_, i) => i),
      ),
    );
    const { tensors } = await readSafetensors(path);
    assert.deepEqual([...(tensors.get("a")?.data ?? [])], [0, 1, 2, 3]);
    assert.deepEqual([...(tensors.get("b")?.data ?? [])], [4, 5, 6]);
    assert.equal(tensors.get("c")?.data.byteLength, 4);
    assert.throws(() => parseSafetensors(file(`{"a":${entry("F4", [3], 0, 2)}}`, new Uint8Array(2))), /whole bytes/);
  });

  it("spaces before the header, and metadata of 12 MB", () => {
    const text = `${"long ".repeat(2_400_000)}\\"\\\\`;
    const header = ` \n\t{"__metadata__":{"note":"${text}"},"a":${entry("U8", [1], 0, 1)}}`;
    const { tensors, metadata } = parseSafetensors(file(header, Uint8Array.of(7)));
    assert.deepEqual([...(tensors.get("a")?.data ?? [])], [7]);
    assert.ok(metadata.note.length > 12_000_000 && metadata.note.endsWith('"\\'));
  });

  it("200,000 tensors in seconds", async () => {
    const path = join(folder, "many.safetensors");
    const many = Array.from({ length: 200_000 }, (_, i) => `"t${i}":${entry("U8", [4], 4 * i, 4 * i + 4)}`);
    const data = new Uint8Array(800_000).map((_, i) => i >> 2);
    const head = new TextEncoder().encode(`{${many.join()}}`);
    const first = new Uint8Array(8);
    new DataView(first.buffer).setBigUint64(0, BigInt(head.length), true);
    writeFileSync(path, Buffer.concat([first, head, data]));
    const start = process.cpuUsage();
    const { tensors } = await readSafetensors(path);
    const { user, system } = process.cpuUsage(start);
    assert.ok(user + system < 10_000_000, `${user + system} µs`);
    assert.deepEqual([...(tensors.get("t199999")?.data ?? [])], Array(4).fill(199_999 & 255));
  });

  /** Two headers, so that a break may come anywhere; a space before one has it read by the other way. */
  it("a header is read or refused alike with and without white space", () => {
    const plain = [
      `{"__metadata__":{"note":"text","b":""},"b":${entry("F32", [2, 1], 4, 12)},"a":${entry("U8", [4], 0, 4)}}`,
      `{"s":${entry("BF16", [], 0, 2)},"none":${entry("I8", [0, 3], 2, 2)},"täg 😀":${entry("F64", [1], 2, 10)}}  `,
    ];
    const pieces = [
      '"',
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      "0",
      "1e1",
      "-1",
      "01",
      "\\",
      "\\u0041",
      "null",
      " ",
      "\u0001",
      "\u00a0",
    ];
    const told = (header: string): string => {
      try {
        const { tensors, metadata } = parseSafetensors(file(header, new Uint8Array(header.includes('"s"') ? 10 : 12)));
        return JSON.stringify([
          [...tensors].map(([name, { dtype, shape, data }]) => [name, dtype, shape, data.length]),
          metadata,
        ]);
      } catch (error) {
        assert.ok(error instanceof SafetensorsError, String(error));
        // Messages of `JSON.parse` count positions.
        return error.message.replace(/(?:position|at) \d+.*/s, "").replace(/"?[^"]*" is not valid JSON/s, "");
      }
    };
    const read = new Set<string>();
    for (const header of plain) {
      read.add(told(header));
      for (let at = 1; at <= header.length; at++)
        for (const piece of ["", ...pieces])
          for (const length of piece === "" ? [1] : [0, 1]) {
            const changed = header.slice(0, at) + piece + header.slice(at + length);
            const result = told(changed);
            read.add(result);
            assert.equal(result.slice(0, 60), told(` ${changed}`).slice(0, 60), changed);
          }
    }
    assert.ok(read.size > 100, `${read.size} different results`);
  });

  it("a shape nested without end is refused", () => {
    const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
    const header = `{"a":{"dtype":"U8","shape":${deep},"data_offsets":[0,0]}}`;
    assert.throws(() => parseSafetensors(file(header)), SafetensorsError);
  });
});
