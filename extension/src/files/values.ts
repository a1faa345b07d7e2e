import { fromHalf, type SafetensorsDtype, type SafetensorsEntry } from "fovea/inspect";
import type { RemoteFile } from "./remote-file";

/** Values that are fetched for a summary; of a larger tensor, the first. */
const MOST_VALUES = 2 ** 20;
export const BINS = 48;

/** Summary of a tensor's values, or of the first of them. */
export interface Summary {
  /** Number of values that were read. */
  read: number;
  min: number;
  max: number;
  mean: number;
  /** Standard deviation of the population. */
  deviation: number;
  zeros: number;
  /** Values that are NaN or infinite; the others count above. */
  broken: number;
  /** Counts of {@link BINS} equal intervals from `min` to `max`. */
  bins: number[];
}

/** Readers of the element types whose values are numbers of at least one byte. */
const READERS: Partial<Record<SafetensorsDtype, { bytes: number; read: (view: DataView, at: number) => number }>> = {
  F64: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  F32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  F16: { bytes: 2, read: (view, at) => fromHalf(view.getUint16(at, true)) },
  BF16: { bytes: 2, read: (view, at) => bfloat(view.getUint16(at, true)) },
  I64: { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  U64: { bytes: 8, read: (view, at) => Number(view.getBigUint64(at, true)) },
  I32: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  U32: { bytes: 4, read: (view, at) => view.getUint32(at, true) },
  I16: { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  U16: { bytes: 2, read: (view, at) => view.getUint16(at, true) },
  I8: { bytes: 1, read: (view, at) => view.getInt8(at) },
  U8: { bytes: 1, read: (view, at) => view.getUint8(at) },
  BOOL: { bytes: 1, read: (view, at) => view.getUint8(at) },
};

const scratch = new DataView(new ArrayBuffer(4));

/** Sixteen bits are the upper half of a float of 32. */
function bfloat(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}

/** Reads a tensor's values and counts them; null for an element type without a summary. */
export async function summarize(
  file: RemoteFile,
  dataStart: number,
  { dtype, begin, end }: SafetensorsEntry,
): Promise<Summary | null> {
  const reader = READERS[dtype];
  if (!reader) return null;
  const count = Math.min(MOST_VALUES, (end - begin) / reader.bytes);
  const bytes = await file.read(dataStart + begin, count * reader.bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return summaryOf(Float64Array.from({ length: count }, (_, i) => reader.read(view, i * reader.bytes)));
}

/** Counts values; a tensor without a finite one has a range of zero. */
export function summaryOf(values: Float64Array): Summary {
  const finite = values.filter((value) => Number.isFinite(value));
  let [min, max, sum, zeros] = [Infinity, -Infinity, 0, 0];
  for (const value of finite) {
    if (value < min) min = value;
    if (value > max) max = value;
    if (value === 0) zeros++;
    sum += value;
  }
  if (finite.length === 0) [min, max] = [0, 0];
  const mean = finite.length ? sum / finite.length : 0;
  let squares = 0;
  for (const value of finite) squares += (value - mean) ** 2;
  return {
    read: values.length,
    min,
    max,
    mean,
    deviation: finite.length ? Math.sqrt(squares / finite.length) : 0,
    zeros,
    broken: values.length - finite.length,
    bins: binsOf(finite, min, max),
  };
}

function binsOf(values: Float64Array, min: number, max: number): number[] {
  const bins = new Array<number>(BINS).fill(0);
  const width = (max - min) / BINS;
  for (const value of values) bins[width > 0 ? Math.min(BINS - 1, Math.floor((value - min) / width)) : 0]++;
  return bins;
}
