import { platform } from "../platform";
import { readPlainFile } from "../platform/files";
import type { DecodeSettings } from "../platform/types";
import type { RawImage } from "../contracts/pixels";
import { RuleError, isWhole } from "../rules/rule-error";
import { checkOptionNames, type OptionNames } from "../rules/option-names";

export type { RawImage };

/** Picture in any accepted form: a file path, encoded bytes, or raw pixels. */
export type ImageInput = string | URL | Uint8Array | RawImage;

/** Options of decoding a picture. */
export interface DecodeOptions {
  /** Most pixels of an accepted picture. Default 100 million (300 MB as RGB). */
  maxPixels?: number;
  /** A picture that takes longer is refused. Default 20. */
  maxSeconds?: number;
  /**
   * `stored`: the levels in the file, as Pillow, timm and transformers take them. `converted`: an embedded profile is applied, so that
   * colours are those a viewer shows. Default `stored`.
   */
  colors?: "stored" | "converted";
  /** Name of the public function in errors. Default `data.decodeImage`. */
  fn?: string;
}

const MAX_PIXELS = 100_000_000;

/** Error for an unusable picture. */
export class ImageError extends RuleError {
  override name = "ImageError";
}

const MAX_SECONDS = 20;
const FORMATS = "JPEG, PNG, WebP, GIF, TIFF, AVIF, SVG, BMP, PBM, PGM or PPM";

/**
 * One picture as RGB pixels: turned upright by its EXIF orientation, transparent parts over white, grey repeated in three
 * channels, 16-bit reduced to 8, CMYK and YCbCr by Pillow's formulas, the first frame of an animation. Profiles are ignored, as the
 * libraries do that encoders were trained with; `colors: "converted"` applies them.
 *
 * @throws ImageError when there is no such file, the bytes are no picture, or it is larger than `maxPixels` or slower than `maxSeconds`
 */
export async function decodeImage(image: ImageInput, options: DecodeOptions = {}): Promise<RawImage> {
  checkOptionNames(options?.fn ?? "decodeImage", options, NAMES, ImageError);
  const { fn = "decodeImage" } = options;
  if (isRawImage(image)) return checkRawImage(fn, image);
  const settings = checkSettings(fn, options);
  const bytes = await readBytes(fn, image);
  if (bytes.length === 0) throw new ImageError(fn, "a picture must not be empty", describe(image));
  try {
    return await platform().codec.decode(bytes, settings);
  } catch (error) {
    throw await refusalOf(error, fn, bytes, settings, describe(image));
  }
}

const NAMES: OptionNames<DecodeOptions> = { maxPixels: true, maxSeconds: true, colors: true, fn: true };

function checkSettings(fn: string, options: DecodeOptions): DecodeSettings {
  const { maxPixels = MAX_PIXELS, maxSeconds = MAX_SECONDS, colors = "stored" } = options;
  if (!isWhole(maxPixels)) throw new ImageError(fn, "maxPixels must be a whole number of at least 1", maxPixels);
  if (!isWhole(maxSeconds) || maxSeconds > 3600)
    throw new ImageError(fn, "maxSeconds must be a whole number of 1..3600", maxSeconds);
  if (colors !== "stored" && colors !== "converted")
    throw new ImageError(fn, "colors must be stored or converted", colors);
  return { maxPixels, maxSeconds, colors };
}

/** Throws an error with the size of a refused picture, where the size is known and is the reason. */
async function refusalOf(
  error: unknown,
  fn: string,
  bytes: Uint8Array,
  { maxPixels, maxSeconds }: DecodeSettings,
  value: string,
): Promise<ImageError> {
  const reason = reasonOf(error);
  if (reason.startsWith("timeout")) return new ImageError(fn, `a picture is decoded within ${maxSeconds} s`, value);
  const [width, height] = (await platform().codec.size(bytes)) ?? [0, 0];
  if (width * height > maxPixels)
    return new ImageError(fn, `a picture has at most ${maxPixels} pixels, this one ${width} x ${height}`, value);
  return new ImageError(fn, `the picture must be a readable ${FORMATS} (${reason})`, value);
}

async function readBytes(fn: string, image: string | URL | Uint8Array): Promise<Uint8Array> {
  if (image instanceof Uint8Array) return image;
  const isUrl = image instanceof URL || /^file:/i.test(String(image));
  if (!isUrl && typeof image !== "string")
    throw new ImageError(fn, "an image is a path, a file: URL, encoded bytes or raw pixels", image);
  if (isUrl && new URL(image).protocol !== "file:") throw new ImageError(fn, "only file: URLs are read", String(image));
  const path = isUrl ? platform().path.fromUrl(image) : (image as string);
  return readPicture(fn, path);
}

/**
 * The bytes of a picture's file.
 *
 * @throws ImageError when there is no such file, or it is a folder, a pipe or a device
 */
export async function readPicture(fn: string, path: string): Promise<Uint8Array> {
  const bytes = await readPlainFile(path).catch((error: { code?: string }) => {
    throw new ImageError(fn, `the picture file cannot be read (${error.code})`, path);
  });
  if (bytes) return bytes;
  throw new ImageError(fn, "a picture must be a file", path);
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
