/**
 * Decoding of pictures in a page. JPEG and PNG are read by libjpeg in WebAssembly and by our own code, since the pixels of a canvas
 * differ between browsers and are noise in some. Other formats, and colors that a profile must convert, are left to the browser.
 */
import initDecoder from "@jsquash/jpeg/codec/dec/mozjpeg_dec.js";
import { decode as decodePng } from "fast-png";
import type { RawImage } from "../../contracts/pixels";
import type { DecodeSettings } from "../types";
import { readBitmap } from "../pictures/bitmap";
import { type Head, isJpeg, isPng, jpegHead, pngHead } from "./head";
import { BASE } from "./remote";

export async function decodePicture(bytes: Uint8Array, settings: DecodeSettings): Promise<RawImage> {
  const bitmap = readBitmap(bytes, settings.maxPixels);
  if (bitmap) return bitmap;
  const head = headOf(bytes);
  if (head) checkSize(head, settings.maxPixels);
  const isOwn = head && (settings.colors === "stored" || !head.hasProfile);
  if (isOwn && isPng(bytes)) return turned(readPng(bytes), head.orientation);
  if (isOwn && (head.components === 3 || head.components === 1)) return turned(await readJpeg(bytes), head.orientation);
  return readByBrowser(bytes, settings);
}

/** `[width, height]` as it would be decoded; null for bytes that are no picture. */
export async function sizeOfPicture(bytes: Uint8Array): Promise<[width: number, height: number] | null> {
  try {
    const bitmap = readBitmap(bytes, Number.MAX_SAFE_INTEGER);
    if (bitmap) return [bitmap.width, bitmap.height];
    const head = headOf(bytes);
    if (head) return head.orientation > 4 ? [head.height, head.width] : [head.width, head.height];
    const { width, height } = await createImageBitmap(new Blob([bytes.slice()]));
    return [width, height];
  } catch {
    return null;
  }
}

const headOf = (bytes: Uint8Array): Head | null =>
  isJpeg(bytes) ? jpegHead(bytes) : isPng(bytes) ? pngHead(bytes) : null;

function checkSize({ width, height }: { width: number; height: number }, maxPixels: number): void {
  if (!(width > 0 && height > 0 && width * height <= maxPixels))
    throw new Error(`Input image exceeds pixel limit: ${width} x ${height}, at most ${maxPixels} pixels are read`);
}

type Decoder = Awaited<ReturnType<typeof initDecoder>>;
let decoder: Promise<Decoder> | undefined;

async function readJpeg(bytes: Uint8Array): Promise<RawImage> {
  decoder ??= initDecoder({ noInitialRun: true, locateFile: (name: string) => new URL(name, BASE).href });
  const decoded = (await decoder).decode(bytes.slice().buffer, false) as ImageData | null;
  if (!decoded) throw new Error("a damaged JPEG");
  const { data, width, height } = decoded;
  return { data: overWhite(data, 4), width, height, channels: 3 };
}

function readPng(bytes: Uint8Array): RawImage {
  const { data, width, height, depth, channels, palette, transparency } = decodePng(bytes);
  const samples = palette ? 1 : channels;
  const levels = depth === 16 ? Uint8Array.from(data, (level) => level >> 8) : unpacked(data, width * samples, depth);
  if (!palette && depth < 8) for (let i = 0; i < levels.length; i++) levels[i] *= 255 / (2 ** depth - 1);
  if (palette) return { data: colored(levels, palette), width, height, channels: 3 };
  const clear = transparency && [...transparency].map((level) => to8(level, depth));
  return {
    data: overWhite(clear ? withAlpha(levels, channels, clear) : levels, clear ? channels + 1 : channels),
    width,
    height,
    channels: 3,
  };
}

/** Samples of less than a byte, one each; rows begin at a byte. */
function unpacked(data: ArrayLike<number>, across: number, depth: number): Uint8Array {
  if (depth === 8) return Uint8Array.from(data);
  const stride = Math.ceil((across * depth) / 8);
  const rows = data.length / stride;
  const out = new Uint8Array(across * rows);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < across; x++) {
      const shift = 8 - depth - ((x * depth) & 7);
      out[y * across + x] = (data[y * stride + ((x * depth) >> 3)] >> shift) & (2 ** depth - 1);
    }
  return out;
}

function colored(indices: Uint8Array, palette: readonly (readonly number[])[]): Uint8Array {
  const rgb = new Uint8Array(3 * indices.length);
  for (let i = 0; i < indices.length; i++) {
    const [r, g, b, alpha = 255] = palette[indices[i]] ?? [];
    if (r === undefined) throw new Error(`a palette without color ${indices[i]}`);
    rgb.set([shown(r, alpha), shown(g, alpha), shown(b, alpha)], 3 * i);
  }
  return rgb;
}

/** Pixels with an opacity: none where they have the color that is named clear. */
function withAlpha(levels: Uint8Array, channels: number, clear: readonly number[]): Uint8Array {
  const count = levels.length / channels;
  const out = new Uint8Array(count * (channels + 1));
  for (let i = 0; i < count; i++) {
    const pixel = levels.subarray(channels * i, channels * (i + 1));
    out.set(pixel, (channels + 1) * i);
    out[(channels + 1) * i + channels] = clear.every((level, c) => pixel[c] === level) ? 0 : 255;
  }
  return out;
}

/** A level of some depth in 8 bits. */
const to8 = (level: number, depth: number): number =>
  depth === 16 ? level >> 8 : depth === 8 ? level : (level * 255) / (2 ** depth - 1);

/** A level over white, as libvips has it: cut to a whole number. */
const shown = (level: number, alpha: number): number => Math.floor((level * alpha + 255 * (255 - alpha)) / 255);

/** RGB of grey or colored pixels, over white where they have an opacity. */
function overWhite(levels: ArrayLike<number>, channels: number): Uint8Array {
  const count = levels.length / channels;
  const rgb = new Uint8Array(3 * count);
  const isGrey = channels < 3;
  const hasAlpha = channels === 2 || channels === 4;
  for (let i = 0; i < count; i++) {
    const at = channels * i;
    const alpha = hasAlpha ? levels[at + channels - 1] : 255;
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = shown(levels[isGrey ? at : at + c], alpha);
  }
  return rgb;
}

/** Upright pixels. Orientations above 4 swap the sides; the others mirror and turn by half. */
function turned({ data, width, height }: RawImage, orientation: number): RawImage {
  if (orientation === 1) return { data, width, height, channels: 3 };
  const isSwapped = orientation > 4;
  const [wide, high] = isSwapped ? [height, width] : [width, height];
  const mirrorsX = [2, 3, 7, 8].includes(orientation);
  const mirrorsY = [3, 4, 6, 7].includes(orientation);
  const out = new Uint8Array(data.length);
  for (let y = 0; y < high; y++)
    for (let x = 0; x < wide; x++) {
      const [a, b] = isSwapped ? [y, x] : [x, y];
      const from = 3 * ((mirrorsY ? height - 1 - b : b) * width + (mirrorsX ? width - 1 - a : a));
      out.set(data.subarray(from, from + 3), 3 * (y * wide + x));
    }
  return { data: out, width: wide, height: high, channels: 3 };
}

async function readByBrowser(bytes: Uint8Array, { colors, maxPixels }: DecodeSettings): Promise<RawImage> {
  const colorSpaceConversion = colors === "stored" ? "none" : "default";
  const bitmap = await createImageBitmap(new Blob([bytes.slice()]), { colorSpaceConversion }).catch(() => {
    throw new Error("a picture that this browser reads");
  });
  const { width, height } = bitmap;
  checkSize({ width, height }, maxPixels);
  const context = new OffscreenCanvas(width, height).getContext("2d")!;
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return { data: overWhite(context.getImageData(0, 0, width, height).data, 4), width, height, channels: 3 };
}
