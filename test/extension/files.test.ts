/** Reading of model files in a page: in parts, and the summary of a tensor's values. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { bytesText } from "../../extension/src/parts/facts";
import { readByRanges } from "../../extension/src/files/ranges";
import { BINS, summarize, summaryOf } from "../../extension/src/files/values";
import { inspect } from "../../kernel/inspect";

/** A file in memory that notes what was asked of it. */
function fileOf(bytes: Uint8Array): {
  size: number;
  path: string;
  asked: number[];
  read: (start: number, length: number) => Promise<Uint8Array>;
} {
  const asked: number[] = [];
  const read = (start: number, length: number): Promise<Uint8Array> => {
    asked.push(length);
    return Promise.resolve(bytes.slice(start, start + length));
  };
  return { size: bytes.length, path: "model.onnx", asked, read };
}

describe("an ONNX file in parts", () => {
  const bytes = new Uint8Array(readFileSync(new URL("../../kernel/zoo/parts-hybrid/model.onnx", import.meta.url)));
  const whole = inspect(bytes);

  it("is one request where it is small, and the same in blocks that leave weights out", async () => {
    const small = fileOf(bytes);
    assert.deepEqual(await readByRanges(small, inspect), whole);
    assert.deepEqual(small.asked, [bytes.length]);
    const large = fileOf(bytes);
    assert.deepEqual(await readByRanges(large, inspect, 0), whole);
    const fetched = large.asked.reduce((sum, length) => sum + length, 0);
    assert.ok(large.asked.length > 1 && fetched < bytes.length, `${fetched} bytes of ${bytes.length}`);
  });

  it("that is none is refused by the reader's own error", async () => {
    await assert.rejects(readByRanges(fileOf(new Uint8Array(100_000)), inspect, 0), /onnx\.inspect/);
    await assert.rejects(readByRanges(fileOf(new Uint8Array(0)), inspect, 0), /onnx\.inspect/);
  });
});

describe("the summary of a tensor", () => {
  it("counts finite values, zeros and the others", () => {
    const { min, max, mean, deviation, zeros, broken, bins, read } = summaryOf(
      Float64Array.of(0, 1, 2, 3, NaN, Infinity),
    );
    assert.deepEqual([read, min, max, mean, zeros, broken], [6, 0, 3, 1.5, 1, 2]);
    assert.ok(Math.abs(deviation - Math.sqrt(1.25)) < 1e-12);
    assert.deepEqual([bins.length, bins[0], bins[BINS - 1], bins.reduce((a, b) => a + b)], [BINS, 1, 1, 4]);
    assert.deepEqual(
      summaryOf(Float64Array.of(NaN)).bins.reduce((a, b) => a + b),
      0,
    );
    assert.equal(summaryOf(Float64Array.of(5, 5)).bins[0], 2);
  });

  it("reads every type of number little-endian from its place", async () => {
    const cases = [
      ["F32", new Float32Array([-2.5])],
      ["F64", new Float64Array([-2.5])],
      ["F16", new Uint16Array([0xc100])],
      ["BF16", new Uint16Array([0xc020])],
      ["I64", new BigInt64Array([-3n])],
      ["I32", new Int32Array([-3])],
      ["I16", new Int16Array([-3])],
      ["I8", new Int8Array([-3])],
      ["U8", new Uint8Array([3])],
      ["U16", new Uint16Array([3])],
      ["U32", new Uint32Array([3])],
      ["U64", new BigUint64Array([3n])],
      ["BOOL", new Uint8Array([1])],
    ] as const;
    for (const [dtype, data] of cases) {
      const bytes = new Uint8Array(5 + data.byteLength);
      bytes.set(new Uint8Array(data.buffer), 5);
      const entry = { dtype, shape: [1], begin: 2, end: 2 + data.byteLength };
      const found = await summarize(fileOf(bytes) as never, 3, entry);
      const expected = /F/.test(dtype) ? -2.5 : dtype === "BOOL" ? 1 : dtype.startsWith("I") ? -3 : 3;
      assert.equal(found?.min, expected, dtype);
    }
    assert.equal(
      await summarize(fileOf(new Uint8Array(4)) as never, 0, { dtype: "F4", shape: [2], begin: 0, end: 1 }),
      null,
    );
  });

  it("writes sizes in the largest unit that they fill", () => {
    assert.deepEqual([0, 999, 1000, 4_746_208, 7e12].map(bytesText), [
      "0 bytes",
      "999 bytes",
      "1.00 KB",
      "4.75 MB",
      "7.00 TB",
    ]);
  });
});
