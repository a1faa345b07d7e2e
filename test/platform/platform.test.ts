/** The seam itself: another machine in place of Node's, and what tests of the worker stand on. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, describe, it } from "node:test";
import { forThread } from "../../kernel/backend/browser/runtime.ts";
import { OnnxError } from "../../kernel/onnx/errors.ts";
import { openSource } from "../../kernel/onnx/source.ts";
import { installPlatform, platform, sha256 } from "../../kernel/platform/index.ts";
import { readFile } from "../../kernel/platform/files.ts";
import { sleep } from "../../kernel/platform/sleep.ts";
import type { Files } from "../../kernel/platform/types.ts";
import { startDigest } from "../../kernel/platform/browser/digest.ts";

const FILE = fileURLToPath(import.meta.url);
const node = platform();

/** Node's machine with some functions of its files replaced. */
function withFiles(own: Partial<Files>): void {
  installPlatform(Object.create(node, { files: { value: { ...node.files, ...own } } }) as typeof node);
}

describe("the backend of a browser", () => {
  it("refuses a model that is too large for a page by its size, before anything is read of it", () => {
    const large = new Uint8Array(2 ** 30 + 1);
    assert.throws(
      () => forThread(large, { fn: "encoders.load", device: "cpu" }),
      /DeviceError: encoders\.load: a model in a browser must have at most 1073741824 bytes, received 1073741825/,
    );
    assert.deepEqual(forThread(Uint8Array.of(1), { fn: "encoders.load", device: "cpu" }).weights, []);
  });
});

describe("the platform", () => {
  afterEach(() => void installPlatform(node));

  it("is asked anew by each call, so that rooms read the files of the machine in place", () => {
    const bytes = Uint8Array.of(1, 2, 3, 4);
    withFiles({
      openSync: (path) => (path === "/memory/model.onnx" ? 7 : assert.fail(path)),
      fstatSync: () => ({ size: 4, mtimeMs: 0, isFile: () => true, isDirectory: () => false }),
      readSync: (handle, into, offset, length, position) => {
        assert.equal(handle, 7);
        into.set(bytes.subarray(position, position + length), offset);
        return length;
      },
    });
    assert.deepEqual([...openSource("/memory/model.onnx", "test").view(1, 2)], [2, 3]);
    installPlatform(node);
    assert.throws(() => openSource("/memory/model.onnx", "test"), OnnxError);
  });

  it("gives back the machine that was in place", () => {
    const other = Object.create(node) as typeof node;
    assert.equal(installPlatform(other), node);
    assert.equal(platform(), other);
    assert.equal(installPlatform(node), other);
  });

  it("reads files as bytes or text, with Node's codes for what is not there", async () => {
    assert.ok((await readFile(FILE)) instanceof Uint8Array);
    assert.match(await readFile(FILE, "utf8"), /The seam itself/);
    await assert.rejects(readFile("nowhere/at-all"), { code: "ENOENT" });
  });

  it("stops code that does not end", () => {
    assert.equal(node.evaluateWithin(1000, "a + 1", { a: 1 }), 2);
    assert.equal(node.evaluateWithin(20, "for (;;);", {}), undefined);
    assert.throws(() => node.evaluateWithin(1000, "throw new RangeError('x')", {}), /x/);
  });

  it("digests in pieces, as a browser's platform does", () => {
    for (const length of [0, 1, 55, 56, 64, 1000]) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 37) % 251);
      const expected = createHash("sha256").update(bytes).digest("hex");
      for (const digest of [sha256(), startDigest("sha256")])
        assert.equal(
          digest
            .update(bytes.subarray(0, length >> 1))
            .update(bytes.subarray(length >> 1))
            .digest("hex"),
          expected,
        );
    }
    assert.equal(startDigest("sha1").update("a word").digest("hex"), createHash("sha1").update("a word").digest("hex"));
  });

  it("sleeps until the time is over or the signal aborts", async () => {
    await sleep(1);
    const stop = new AbortController();
    const slept = sleep(60_000, stop.signal);
    await pause(1);
    stop.abort(new Error("enough"));
    await assert.rejects(slept, /enough/);
    await assert.rejects(sleep(60_000, stop.signal), /enough/);
  });
});
