import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import sharp from "sharp";

const CHILD = join(import.meta.dirname, "extract-many.mjs");
const MODEL = join(import.meta.dirname, "..", "onnx", "golden", "vit.ts17.onnx");
const COUNT = 10_000;
const PATTERNS = 20;
/** Kept pixels of 8,000 images of 64 x 64 would be 393 MB, kept features of three layers 196 MB. */
const GROWTH = 64e6;

let folder: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "fovea-many-"));
  mkdirSync(join(folder, "images"));
  const patterns = await Promise.all(
    Array.from({ length: PATTERNS }, (_, i) => {
      const create = { width: 64, height: 64, channels: 3 as const, background: "white" };
      return sharp({ create: { ...create, noise: { type: "gaussian", mean: 12 * i, sigma: 30 } } })
        .png()
        .toBuffer();
    }),
  );
  // Bytes behind a PNG's end are not drawn. They make the files differ, since equal files are computed once.
  for (let i = 0; i < COUNT; i++)
    writeFileSync(join(folder, "images", `${i}.png`), Buffer.concat([patterns[i % PATTERNS], Buffer.from(`${i}`)]));
});
after(() => rmSync(folder, { recursive: true }));

describe("extraction of many images", () => {
  it(`needs no more memory for ${COUNT} images than for a fifth of them`, async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      CHILD,
      MODEL,
      join(folder, "images"),
      join(folder, "features"),
    ]);
    const { ok, early, late } = JSON.parse(stdout) as { ok: number; early: number; late: number };
    assert.equal(ok, COUNT);
    const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
    assert.ok(late - early < GROWTH, `${megabytes(early)} after a fifth, ${megabytes(late)} at the end`);
  });
});
