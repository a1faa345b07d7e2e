import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { RuleError } from "../rule-error";

/** Picture in any accepted form: a file path, encoded bytes, or raw pixels. */
export type ImageInput = string | URL | Uint8Array | RawImage;

/** Raw 8-bit pixels, row-major, interleaved channels: `data[(y * width + x) * channels + c]`. */
export interface RawImage {
  data: Uint8Array;
  width: number;
  height: number;
  channels: 3;
}

/** Options of decoding a picture. */
export interface DecodeOptions {
  /** Most pixels of an accepted picture. Default 100 million (300 MB as RGB). */
  maxPixels?: number;
  /** Name of the public function in errors. Default `data.decodeImage`. */
  fn?: string;
}

const MAX_PIXELS = 100_000_000;

/** Error for an unusable picture. */
export class ImageError extends RuleError {
  override name = "ImageError";
}

/**
 * Decodes one picture to RGB pixels: turned upright by its EXIF orientation, transparent parts over white, grey
 * repeated in three channels, 16-bit reduced to 8, CMYK converted by its profile, the first frame of an animation.
 *
 * @throws ImageError when the file does not exist, the bytes are no picture, or it is larger than `maxPixels`
 */
export async function decodeImage(image: ImageInput, options: DecodeOptions = {}): Promise<RawImage> {
  const { maxPixels = MAX_PIXELS, fn = "decodeImage" } = options;
  if (isRawImage(image)) return checkRawImage(fn, image);
  const bytes = await readBytes(fn, image);
  try {
    return await decode(bytes, maxPixels);
  } catch (error) {
    await checkPixels(fn, bytes, maxPixels, describe(image));
    throw new ImageError(
      fn,
      `the picture must be a readable JPEG, PNG, WebP, GIF, TIFF, AVIF or SVG (${reasonOf(error)})`,
      describe(image),
    );
  }
}

async function decode(bytes: Uint8Array, maxPixels: number): Promise<RawImage> {
  const picture = sharp(bytes, { limitInputPixels: maxPixels, failOn: "error" })
    .autoOrient()
    .flatten({ background: "#ffffff" })
    .toColourspace("srgb");
  const { data, info } = await picture.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.length);
  const rgb = info.channels === 3 ? pixels : repeatChannels(pixels, info.channels);
  return { data: rgb, width: info.width, height: info.height, channels: 3 };
}

/** Repeats grey in three channels. */
function repeatChannels(pixels: Uint8Array, channels: number): Uint8Array {
  const count = pixels.length / channels;
  const rgb = new Uint8Array(3 * count);
  for (let i = 0; i < count; i++) rgb.fill(pixels[i * channels], 3 * i, 3 * i + 3);
  return rgb;
}

/** Throws an error with the size of a refused picture, where the size is known and is the reason. */
async function checkPixels(fn: string, bytes: Uint8Array, maxPixels: number, value: string): Promise<void> {
  const { width, height } = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch(() => ({ width: 0, height: 0 }));
  if (width * height > maxPixels)
    throw new ImageError(fn, `a picture has at most ${maxPixels} pixels, this one ${width} x ${height}`, value);
}

async function readBytes(fn: string, image: string | URL | Uint8Array): Promise<Uint8Array> {
  if (image instanceof Uint8Array) return image;
  const isUrl = image instanceof URL || /^file:/i.test(String(image));
  if (!isUrl && typeof image !== "string")
    throw new ImageError(fn, "an image is a path, a file: URL, encoded bytes or raw pixels", image);
  if (isUrl && new URL(image).protocol !== "file:") throw new ImageError(fn, "only file: URLs are read", String(image));
  const path = isUrl ? fileURLToPath(image) : (image as string);
  try {
    return await readFile(path);
  } catch (error) {
    throw new ImageError(fn, `the picture file cannot be read (${(error as NodeJS.ErrnoException).code})`, path);
  }
}

function describe(image: string | URL | Uint8Array): string {
  return image instanceof Uint8Array ? `${image.length} bytes` : String(image);
}

/** Returns the first line of a decoder's message, which has one line per warning. */
function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0];
}

/** Tests for the fields of raw pixels; their sizes are checked on use. */
export function isRawImage(image: unknown): image is RawImage {
  return typeof image === "object" && image !== null && "data" in image && "width" in image && "height" in image;
}

/**
 * Checks that the sizes of raw pixels agree.
 *
 * @throws ImageError otherwise
 */
export function checkRawImage(fn: string, image: RawImage): RawImage {
  const { data, width, height, channels } = image;
  const sized = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  if (!sized) throw new ImageError(fn, "raw pixels need a width and height of at least 1", `${width} x ${height}`);
  if (channels !== 3) throw new ImageError(fn, "raw pixels have 3 channels", channels);
  const is8bit = data instanceof Uint8Array || (data as unknown) instanceof Uint8ClampedArray;
  if (!is8bit || data.length !== 3 * width * height)
    throw new ImageError(
      fn,
      `raw pixels of ${width} x ${height} are ${3 * width * height} bytes`,
      is8bit ? data.length : typeof data,
    );
  return image;
}
