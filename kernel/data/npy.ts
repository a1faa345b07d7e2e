import { fileKind } from "../rules/file-kind";
import { fromHalf, product } from "../numeric";

/** An array of NumPy: numbers in row-major order. */
export interface NpyArray {
  readonly data: Float64Array;
  readonly shape: readonly number[];
  /** True for floating numbers. */
  readonly isFloat: boolean;
}

type Getter = (view: DataView, at: number, little: boolean) => number;

const KINDS: Readonly<Record<string, Getter>> = {
  b1: (view, at) => (view.getUint8(at) ? 1 : 0),
  u1: (view, at) => view.getUint8(at),
  i1: (view, at) => view.getInt8(at),
  u2: (view, at, little) => view.getUint16(at, little),
  i2: (view, at, little) => view.getInt16(at, little),
  u4: (view, at, little) => view.getUint32(at, little),
  i4: (view, at, little) => view.getInt32(at, little),
  u8: (view, at, little) => Number(view.getBigUint64(at, little)),
  i8: (view, at, little) => Number(view.getBigInt64(at, little)),
  f2: (view, at, little) => fromHalf(view.getUint16(at, little)),
  f4: (view, at, little) => view.getFloat32(at, little),
  f8: (view, at, little) => view.getFloat64(at, little),
};

const MAGIC = "\x93NUMPY";
const MOST_VALUES = 300_000_000;

/** Reads a file of NumPy's format, versions 1 to 3. Throws plain errors that say what is wrong. */
export function parseNpy(bytes: Uint8Array): NpyArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { text, end } = headerOf(bytes, view);
  const descr = /'descr'\s*:\s*'([<>|=])([a-z]\d)'/.exec(text);
  const get = descr ? KINDS[descr[2]] : undefined;
  if (!descr || !get) throw new Error("numbers must be booleans, whole or floating numbers of at most 8 bytes");
  if (!/'fortran_order'\s*:\s*False/.test(text)) throw new Error("rows must come first (fortran_order False)");
  const shape = shapeOf(text);
  const count = product(shape);
  const step = Number(descr[2][1]);
  if (count > MOST_VALUES) throw new Error(`an array has at most ${MOST_VALUES} numbers`);
  if (bytes.length - end !== count * step) throw new Error(`[${shape.join(", ")}] takes ${count * step} bytes`);
  const data = new Float64Array(count);
  for (let i = 0; i < count; i++) data[i] = get(view, end + i * step, descr[1] !== ">");
  return { data, shape, isFloat: descr[2].startsWith("f") };
}

function headerOf(bytes: Uint8Array, view: DataView): { text: string; end: number } {
  const latin = new TextDecoder("latin1");
  if (bytes.length < 12 || latin.decode(bytes.subarray(0, 6)) !== MAGIC)
    throw new Error(`it must begin as NPY files do; this is ${fileKind(bytes) ?? "a file of another kind"}`);
  const isShort = bytes[6] === 1;
  const start = isShort ? 10 : 12;
  const end = start + (isShort ? view.getUint16(8, true) : view.getUint32(8, true));
  if (end > bytes.length) throw new Error("the header must lie within the file");
  return { text: latin.decode(bytes.subarray(start, end)), end };
}

function shapeOf(text: string): number[] {
  const match = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(text);
  if (!match) throw new Error("the header must name a shape");
  const parts = match[1].split(",").filter((part) => part.trim() !== "");
  return parts.map(Number);
}

/** Length of the fixed part of a header of version 1. */
const START = MAGIC.length + 4;

/** Types of numbers that are written, by NumPy's names. */
const WRITTEN = { f32: "<f4", f16: "<f2", int8: "|i1" } as const;

/** Returns the start of a NumPy file of version 1, after which the numbers follow in row-major order, lowest byte first. */
export function npyHeader(type: keyof typeof WRITTEN, shape: readonly number[]): Uint8Array {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const dictionary = `{'descr': '${WRITTEN[type]}', 'fortran_order': False, 'shape': (${sizes}), }`;
  // The data begin at a multiple of 64 bytes, after a header that ends with a newline.
  const length = Math.ceil((START + dictionary.length + 1) / 64) * 64 - START;
  const header = `${dictionary.padEnd(length - 1)}\n`;
  const text = `${MAGIC}\x01\x00${String.fromCharCode(length & 0xff)}${String.fromCharCode(length >> 8)}${header}`;
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** Returns a NumPy file of version 1 with one row of single-precision numbers. */
export function encodeNpy(values: Float32Array): Uint8Array {
  const header = npyHeader("f32", [values.length]);
  const bytes = new Uint8Array(header.length + 4 * values.length);
  bytes.set(header);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setFloat32(header.length + 4 * i, value, true));
  return bytes;
}
