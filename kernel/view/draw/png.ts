import { least } from "../../numeric/order";
import { platform } from "../../platform";
import type { Pixels } from "../../contracts/pixels";
import { ViewError } from "../../protocol/core/error";
import { joinBytes } from "../../numeric";
import { checkArguments } from "../../rules/arguments";

export type { Pixels };

/** First bytes of every PNG file. */
const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const COLOR_TYPE = { 1: 0, 3: 2, 4: 6 };

/** Encodes pixels as a PNG file, 8 bits a channel, each row with the filter of least absolute sum. */
export function encodePng(pixels: Pixels): Uint8Array {
  checkPixels("encodePng", pixels);
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, pixels.width);
  view.setUint32(4, pixels.height);
  header.set([8, COLOR_TYPE[pixels.channels], 0, 0, 0], 8);
  const body = platform().compression.deflate(filterRows(pixels));
  return pngFile([chunk("IHDR", header), chunk("IDAT", body)]);
}

/** A PNG file of its chunks, without the last one. */
export function pngFile(chunks: readonly Uint8Array[]): Uint8Array {
  return joinBytes([SIGNATURE, ...chunks, chunk("IEND", new Uint8Array(0))]);
}

/** @throws ViewError unless `data` holds `width * height * channels` values. */
export function checkPixels(where: string, pixels: Pixels): void {
  const { data, width, height, channels } = pixels;
  checkArguments(where, ViewError, { data }, { data: "list" });
  if (!(channels in COLOR_TYPE)) throw new ViewError(where, "channels must be 1, 3 or 4", channels);
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1)
    throw new ViewError(where, "width and height must be positive integers", [width, height]);
  const expected = width * height * channels;
  if (data.length !== expected)
    throw new ViewError(where, `data must hold ${width} x ${height} x ${channels} = ${expected} values`, data.length);
}

/** A chunk with its length and checksum. */
export function chunk(type: string, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(data.length + 12);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  out.set(new TextEncoder().encode(type), 4);
  out.set(data, 8);
  view.setUint32(8 + data.length, platform().compression.crc32(out.subarray(4, 8 + data.length)));
  return out;
}

type Predictor = (left: number, up: number, corner: number) => number;
const PREDICTORS: Predictor[] = [() => 0, (left) => left, (_, up) => up, (left, up) => (left + up) >> 1, paeth];

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [dl, du, dc] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  if (dl <= du && dl <= dc) return left;
  return du <= dc ? up : corner;
}

function filterRows(pixels: Pixels): Uint8Array {
  const stride = pixels.width * pixels.channels;
  const out = new Uint8Array((stride + 1) * pixels.height);
  for (let y = 0; y < pixels.height; y++) out.set(filterRow(pixels, y), y * (stride + 1));
  return out;
}

function filterRow(pixels: Pixels, y: number): Uint8Array {
  const candidates = PREDICTORS.map((predict, type) => predictRow(pixels, y, predict, type));
  const costs = candidates.map(absoluteSum);
  return candidates[costs.indexOf(least(costs))];
}

function predictRow({ data, width, channels }: Pixels, y: number, predict: Predictor, type: number): Uint8Array {
  const stride = width * channels;
  const out = new Uint8Array(stride + 1);
  out[0] = type;
  for (let x = 0; x < stride; x++) {
    const at = y * stride + x;
    const left = x >= channels ? data[at - channels] : 0;
    const up = y > 0 ? data[at - stride] : 0;
    const corner = x >= channels && y > 0 ? data[at - stride - channels] : 0;
    out[x + 1] = data[at] - predict(left, up, corner);
  }
  return out;
}

function absoluteSum(row: Uint8Array): number {
  let sum = 0;
  for (let i = 1; i < row.length; i++) sum += row[i] < 128 ? row[i] : 256 - row[i];
  return sum;
}
