import { createRequire } from "node:module";
import { readBitmap } from "../../pictures/bitmap";
import type { RawImage } from "../../../contracts/pixels";
import type { DecodeSettings } from "../../types";
import { cmykToRgb, findYcbcr, ycbcrToRgb } from "./stored-colors";
import type { Sharp, SharpOptions } from "sharp";

const ORIENTATION_TURNS = 5;

/** Decodes in this process. Throws plain errors. */
export async function decodeHere(bytes: Uint8Array, settings: DecodeSettings): Promise<RawImage> {
  const bitmap = readBitmap(bytes, settings.maxPixels);
  if (bitmap) return bitmap;
  const ycbcr = findYcbcr(bytes);
  if (ycbcr === "subsampled") throw new Error("a TIFF of subsampled YCbCr without JPEG");
  const isStored = settings.colors === "stored";
  const picture = sharpOf(bytes, { limitInputPixels: settings.maxPixels, failOn: "error", ignoreIcc: isStored })
    .timeout({ seconds: settings.maxSeconds })
    .autoOrient();
  const isCmyk = isStored && (await picture.metadata()).space === "cmyk";
  const shown = isCmyk
    ? picture.pipelineColourspace("cmyk").toColourspace("cmyk")
    : picture.flatten({ background: "#ffffff" }).toColourspace("srgb");
  const { data, info } = await shown.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.length);
  const rgb = isCmyk ? cmykToRgb(pixels) : info.channels === 3 ? pixels : repeatChannels(pixels, info.channels);
  if (ycbcr === "plain") ycbcrToRgb(rgb);
  return { data: rgb, width: info.width, height: info.height, channels: 3 };
}

/** Grey to RGB. */
function repeatChannels(pixels: Uint8Array, channels: number): Uint8Array {
  const count = pixels.length / channels;
  const rgb = new Uint8Array(3 * count);
  for (let i = 0; i < count; i++) rgb.fill(pixels[i * channels], 3 * i, 3 * i + 3);
  return rgb;
}

/** `[width, height]` as it would be decoded; null for bytes that are no picture. */
export async function sizeOf(bytes: Uint8Array): Promise<[width: number, height: number] | null> {
  try {
    const { width, height, orientation = 1 } = await sharpOf(bytes, { limitInputPixels: false }).metadata();
    return orientation >= ORIENTATION_TURNS ? [height, width] : [width, height];
  } catch {
    return null;
  }
}

/** A picture of libvips, which is loaded when the first one needs it. */
export function sharpOf(input: Uint8Array, options: SharpOptions): Sharp {
  // Not by import(): code of a start-up snapshot has none.
  const sharp = createRequire(__filename)("sharp") as (from: Uint8Array, options: SharpOptions) => Sharp;
  return sharp(input, options);
}
