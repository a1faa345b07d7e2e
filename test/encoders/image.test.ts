import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import sharp from "sharp";
import { decodeImage, ImageError, type ImageInput } from "../../kernel/data/image.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-image-"));
after(() => rmSync(folder, { recursive: true }));

/** Two pixels, red and blue. */
const RED_BLUE = Buffer.from([255, 0, 0, 0, 0, 255]);
const pair = () => sharp(RED_BLUE, { raw: { width: 2, height: 1, channels: 3 } });

describe("decodeImage", () => {
  it("reads a path, a file: URL, a file: text and bytes alike", async () => {
    const bytes = await pair().png().toBuffer();
    const path = join(folder, "two pixels.png");
    writeFileSync(path, bytes);
    for (const input of [path, pathToFileURL(path), pathToFileURL(path).href, new Uint8Array(bytes)] as ImageInput[]) {
      const { data, width, height, channels } = await decodeImage(input);
      assert.deepEqual({ width, height, channels }, { width: 2, height: 1, channels: 3 });
      assert.deepEqual([...data], [...RED_BLUE]);
    }
  });

  it("turns a picture upright by its EXIF orientation", async () => {
    const bytes = await pair().withMetadata({ orientation: 6 }).png().toBuffer();
    const { data, width, height } = await decodeImage(bytes);
    assert.deepEqual([width, height, ...data.subarray(0, 3)], [1, 2, 255, 0, 0]);
    const turned = await decodeImage(await pair().withMetadata({ orientation: 3 }).png().toBuffer());
    assert.deepEqual([...turned.data], [0, 0, 255, 255, 0, 0]);
  });

  it("lays transparent parts over white", async () => {
    const rgba = sharp(Buffer.from([255, 0, 0, 0, 0, 0, 255, 255]), { raw: { width: 2, height: 1, channels: 4 } });
    assert.deepEqual([...(await decodeImage(await rgba.png().toBuffer())).data], [255, 255, 255, 0, 0, 255]);
  });

  it("repeats grey in three channels, with alpha or without", async () => {
    const grey = sharp(Buffer.from([0, 120]), { raw: { width: 2, height: 1, channels: 1 } }).toColourspace("b-w");
    assert.deepEqual([...(await decodeImage(await grey.png().toBuffer())).data], [0, 0, 0, 120, 120, 120]);
    const clear = sharp(Buffer.from([0, 0, 120, 255]), { raw: { width: 2, height: 1, channels: 2 } }).toColourspace(
      "b-w",
    );
    assert.deepEqual([...(await decodeImage(await clear.png().toBuffer())).data], [255, 255, 255, 120, 120, 120]);
  });

  it("reduces 16 bits to 8", async () => {
    const deep = sharp(Uint16Array.from([0, 32768, 65535, 257 * 10, 257 * 20, 257 * 30]), {
      raw: { width: 2, height: 1, channels: 3 },
    });
    const { data } = await decodeImage(await deep.toColourspace("rgb16").png().toBuffer());
    assert.deepEqual([...data], [0, 128, 255, 10, 20, 30]);
    const grey = sharp(Uint16Array.from([0, 65535]), { raw: { width: 2, height: 1, channels: 1 } });
    const { data: levels } = await decodeImage(await grey.toColourspace("grey16").png().toBuffer());
    assert.deepEqual([...levels], [0, 0, 0, 255, 255, 255]);
  });

  it("converts CMYK", async () => {
    const bytes = await sharp({ create: { width: 4, height: 4, channels: 3, background: "white" } })
      .toColourspace("cmyk")
      .jpeg()
      .toBuffer();
    assert.equal((await sharp(bytes).metadata()).space, "cmyk");
    const { data, channels } = await decodeImage(bytes);
    assert.equal(channels, 3);
    assert.ok(data.every((level) => level > 245));
  });

  it("takes the first frame of an animation", async () => {
    const frames = sharp(Buffer.from([255, 0, 0, 0, 255, 0]), {
      raw: { width: 1, height: 2, channels: 3, pageHeight: 1 },
    });
    const { data, height } = await decodeImage(await frames.gif({ delay: [100, 100] }).toBuffer());
    assert.deepEqual([height, ...data], [1, 255, 0, 0]);
  });

  it("hands raw pixels through, checked", async () => {
    const raw = { data: new Uint8Array(12), width: 2, height: 2, channels: 3 as const };
    assert.equal(await decodeImage(raw), raw);
    await assert.rejects(decodeImage({ ...raw, width: 3 }), /raw pixels of 3 x 2 are 18 bytes, received 12/);
    await assert.rejects(decodeImage({ ...raw, channels: 4 as 3 }), /raw pixels have 3 channels, received 4/);
  });

  it("refuses more pixels than the limit, before it decodes them", async () => {
    const bytes = await sharp({ create: { width: 300, height: 200, channels: 3, background: "red" } })
      .png()
      .toBuffer();
    await assert.rejects(decodeImage(bytes, { maxPixels: 50_000 }), /at most 50000 pixels, this one 300 x 200/);
  });

  it("names function, rule and value for what is no picture", async () => {
    const text = join(folder, "note.txt");
    writeFileSync(text, "no picture at all");
    const failing: [ImageInput, RegExp][] = [
      [text, /^decodeImage: the picture must be a readable JPEG, .*note\.txt"$/],
      [
        join(folder, "absent.png"),
        /^decodeImage: the picture file cannot be read \(ENOENT\), received .*absent\.png"$/,
      ],
      [new Uint8Array(20), /must be a readable JPEG.*received "20 bytes"/],
      [(await pair().jpeg().toBuffer()).subarray(0, 150), /must be a readable JPEG/],
      [new URL("https://example.org/a.png"), /only file: URLs are read, received "https/],
      [7 as never, /an image is a path, a file: URL, encoded bytes or raw pixels, received 7/],
      [null as never, /an image is a path/],
    ];
    for (const [input, message] of failing)
      await assert.rejects(decodeImage(input), (error) => error instanceof ImageError && message.test(error.message));
  });
});
