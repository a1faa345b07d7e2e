import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import sharp from "sharp";
import { decodeImage, ImageError, type ImageInput } from "../../kernel/data/image.ts";
import { cmykToRgb, ycbcrToRgb } from "../../kernel/platform/node/pictures/stored-colors.ts";
import * as features from "../../kernel/features/index.ts";

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
    const gray = sharp(Buffer.from([0, 120]), { raw: { width: 2, height: 1, channels: 1 } }).toColourspace("b-w");
    assert.deepEqual([...(await decodeImage(await gray.png().toBuffer())).data], [0, 0, 0, 120, 120, 120]);
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
    const gray = sharp(Uint16Array.from([0, 65535]), { raw: { width: 2, height: 1, channels: 1 } });
    const { data: levels } = await decodeImage(await gray.toColourspace("grey16").png().toBuffer());
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

const GOLDEN = join(import.meta.dirname, "golden");
const picture = (name: string) => join(GOLDEN, "pictures", name);
const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text, "base64"));

describe("pictures as Pillow reads them", () => {
  const golden = JSON.parse(readFileSync(join(GOLDEN, "bitmaps.json"), "utf8")) as {
    files: Record<string, { file: string; size: [number, number]; rgb: string }>;
    colors: Record<"YCbCr" | "CMYK", { levels: string; rgb: string }>;
  };
  for (const [name, { file, size, rgb }] of Object.entries(golden.files))
    it(name, async () => {
      const { data, width, height } = await decodeImage(bytesOf(file));
      assert.deepEqual([width, height], size);
      assert.deepEqual(data, bytesOf(rgb));
    });

  it("BMP and portable maps cut short, of no size or of unknown forms are refused", async () => {
    for (const { file } of Object.values(golden.files)) {
      const bytes = bytesOf(file);
      for (let length = 2; length < bytes.length - 8; length += 7)
        await decodeImage(bytes.subarray(0, length)).then(
          () => {},
          (error: unknown) => assert.ok(error instanceof ImageError, String(error)),
        );
    }
    await assert.rejects(decodeImage(Buffer.from("P6 0 4 255\n")), /a size of 0 x 4, at most/);
    await assert.rejects(decodeImage(Buffer.from("P6 99999 99999 255\n")), ImageError);
  });

  it("a profile is ignored, or applied where that is asked for", async () => {
    const stored = [...(await decodeImage(picture("icc-adobe.jpg"))).data.subarray(0, 3)];
    assert.ok(
      [40, 200, 60].every((level, c) => Math.abs(level - stored[c]) <= 1),
      stored.join(),
    );
    const { data } = await decodeImage(picture("icc-adobe.jpg"), { colors: "converted" });
    assert.deepEqual([...data.subarray(0, 3)], [0, 200, 41]);
    await assert.rejects(decodeImage(picture("icc-adobe.jpg"), { colors: "true" as never }), /stored or converted/);
  });

  it("YCbCr and CMYK by Pillow's formulas", async () => {
    const { data } = await decodeImage(picture("ycbcr.tiff"));
    assert.deepEqual([...data.subarray(0, 3)], [254, 0, 0]);
    const ycbcr = bytesOf(golden.colors.YCbCr.levels);
    ycbcrToRgb(ycbcr);
    const right = bytesOf(golden.colors.YCbCr.rgb);
    assert.ok(ycbcr.every((level, i) => Math.abs(level - right[i]) <= 1));
    assert.deepEqual(cmykToRgb(bytesOf(golden.colors.CMYK.levels)), bytesOf(golden.colors.CMYK.rgb));
  });
});

describe("pictures that would stop an extraction", () => {
  it("are refused by name: empty, a pipe, a device, a folder", async () => {
    const empty = join(folder, "empty.jpg");
    writeFileSync(empty, "");
    await assert.rejects(decodeImage(empty), /^ImageError: decodeImage: a picture must not be empty, .*empty\.jpg"$/);
    await assert.rejects(decodeImage(new Uint8Array(0)), /a picture must not be empty, received "0 bytes"/);
    await assert.rejects(decodeImage(folder), /the picture file cannot be read \(EISDIR\)/);
    if (process.platform === "win32") return;
    const pipe = join(folder, "pipe.jpg");
    execFileSync("mkfifo", [pipe]);
    await assert.rejects(decodeImage(pipe), /a picture must be a file, received .*pipe\.jpg"/);
    await assert.rejects(decodeImage("/dev/zero"), /a picture must be a file/);
  });

  it("are ended when their time is over", { timeout: 90_000 }, async () => {
    await assert.rejects(
      decodeImage(picture("svg-blur.svg"), { maxSeconds: 2 }),
      /a picture is decoded within 2 s, received .*svg-blur\.svg"/,
    );
    const plain =
      '<svg xmlns="http://www.w3.org/2000/svg" width="2" height="1"><rect width="2" height="1" fill="#f00"/></svg>';
    const { data, width } = await decodeImage(Buffer.from(plain));
    assert.deepEqual([width, ...data], [2, 255, 0, 0, 255, 0, 0]);
  });

  it("are skipped by an extraction, each with its name", async () => {
    const good = join(folder, "good.png");
    writeFileSync(good, await pair().resize(8, 8).png().toBuffer());
    const images = [join(folder, "empty.jpg"), good, join(folder, "pipe.jpg")];
    const result = await features.extract({
      encoder: "zoo/mae-vit",
      images,
      out: join(folder, "out"),
      progress: false,
    });
    assert.deepEqual([result.ok, result.skipped], [1, 2]);
  });
});
