import { SakError } from "./error";

const MAGIC = "\x93NUMPY\x01\x00";

/** Returns a NumPy file of version 1 with one row of single-precision numbers. */
export function encodeNpy(values: Float32Array): Uint8Array {
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': (${values.length},), }`;
  // The data begin at a multiple of 64 bytes, after a header that ends with a newline.
  const length = Math.ceil((MAGIC.length + 2 + dictionary.length + 1) / 64) * 64 - MAGIC.length - 2;
  const header = `${dictionary.padEnd(length - 1)}\n`;
  const text = `${MAGIC}${String.fromCharCode(length & 0xff)}${String.fromCharCode(length >> 8)}${header}`;
  const bytes = new Uint8Array(text.length + 4 * values.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setFloat32(text.length + 4 * i, value, true));
  return bytes;
}

/**
 * Reads one row of floating numbers from a NumPy file of version 1.
 *
 * @throws SakError for another type or shape, or a file of another length
 */
export function decodeNpy(fn: string, path: string, bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = MAGIC.length + 2;
  const isNpy = bytes.length > start && [...MAGIC].every((letter, i) => bytes[i] === letter.charCodeAt(0));
  const length = isNpy ? view.getUint16(MAGIC.length, true) : 0;
  const header = new TextDecoder("latin1").decode(bytes.subarray(start, start + length));
  const found = /'descr': '<f([48])'.*'fortran_order': False.*'shape': \((\d+),\)/.exec(header);
  const [size, count] = [Number(found?.[1]), Number(found?.[2])];
  if (!found || bytes.length !== start + length + size * count)
    throw new SakError(fn, `${path} must be a NumPy file of one row of floating numbers`, header.trim().slice(0, 100));
  return Float32Array.from({ length: count }, (_, i) => {
    const at = start + length + i * size;
    return size === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true);
  });
}
