/** The browser's JPEG writer beside sharp: a file of either decodes to the same pixels. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import sharp from "sharp";
import { world } from "../../kernel/data/index.ts";
import type { Pixels } from "../../kernel/contracts/pixels.ts";
import { encodeExactJpeg } from "../../kernel/platform/browser/jpeg.ts";

function noise(width: number, height: number): Pixels {
  const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * 7919 * ((i >> 3) + 1)) % 256);
  return { data, width, height, channels: 3 };
}

function ramp(width: number, height: number): Pixels {
  const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => Math.floor((i / (3 * width * height)) * 255));
  return { data, width, height, channels: 3 };
}

const pixelsOf = (file: Uint8Array): Promise<Buffer> => sharp(file).raw().toBuffer();

async function theirs({ data, width, height }: Pixels, quality: number): Promise<Buffer> {
  const raw = { width, height, channels: 3 as const };
  return sharp(Buffer.from(data), { raw }).jpeg({ quality, chromaSubsampling: "4:4:4" }).toBuffer();
}

describe("the JPEG writer of a browser", () => {
  const pictures: [string, Pixels][] = [
    ["noise", noise(64, 48)],
    ["a width and height that are no multiples of eight", noise(37, 21)],
    ["one pixel", noise(1, 1)],
    ["a ramp", ramp(100, 60)],
    ["a scene of the world", world.render(world.scene(7))],
  ];
  for (const [name, picture] of pictures)
    for (const quality of [30, 95, 100])
      it(`writes the pixels that sharp writes: ${name}, quality ${quality}`, async () => {
        const [own, other] = [encodeExactJpeg(picture, quality), await theirs(picture, quality)];
        assert.ok((await pixelsOf(own)).equals(await pixelsOf(other)));
      });
});
