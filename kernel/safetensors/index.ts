import {
  bytesOf,
  checkHeaderLength,
  encodeHeader,
  parseHeader,
  type SafetensorsDtype,
  type SafetensorsEntry,
  SafetensorsError,
  type SafetensorsHeader,
  wrongSize,
} from "./header";
import { SafetensorsFile, streamSafetensors } from "./file";
import { type SafetensorsData, type SafetensorsTensor, tensorOf } from "./tensor";

export {
  type SafetensorsData,
  type SafetensorsDtype,
  type SafetensorsEntry,
  SafetensorsError,
  SafetensorsFile,
  type SafetensorsHeader,
  type SafetensorsTensor,
  streamSafetensors,
};

/** Content of a file. */
export interface Safetensors {
  tensors: Map<string, SafetensorsTensor>;
  metadata: Record<string, string>;
}

const READ = "safetensors.read";
const WRITE = "safetensors.write";

/**
 * Reads only a file's header: names, types, shapes, places.
 *
 * @throws SafetensorsError for a file that breaks the format
 */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
  const file = await SafetensorsFile.open(path);
  await file.close();
  return file.header;
}

/**
 * Reads tensors from a file.
 *
 * @param names names of the tensors; default all
 * @throws SafetensorsError for a file that breaks the format, or an unknown name
 */
export async function readSafetensors(path: string, names?: readonly string[]): Promise<Safetensors> {
  const file = await SafetensorsFile.open(path);
  try {
    const tensors = new Map<string, SafetensorsTensor>();
    for (const name of names ?? file.header.tensors.keys()) tensors.set(name, await file.read(name));
    return { tensors, metadata: file.header.metadata };
  } finally {
    await file.close();
  }
}

/**
 * Reads tensors from bytes in memory and copies them.
 *
 * @throws SafetensorsError for bytes that break the format
 */
export function parseSafetensors(bytes: Uint8Array): Safetensors {
  const length = checkHeaderLength(READ, bytes.subarray(0, 8), bytes.length);
  const header = parseHeader(READ, bytes.subarray(8, 8 + length), bytes.length);
  // `bytes.slice` of Node's Buffer shares memory, and the copy's buffer must begin with the tensor.
  const part = ({ begin, end }: SafetensorsEntry): Uint8Array =>
    new Uint8Array(bytes.subarray(header.dataStart + begin, header.dataStart + end));
  const tensors = new Map([...header.tensors].map(([name, entry]) => [name, tensorOf(entry, part(entry))]));
  return { tensors, metadata: header.metadata };
}

/**
 * Returns the file's bytes: tensors in the given order, header padded to a multiple of 8.
 *
 * @throws SafetensorsError for a tensor whose data does not fit its shape
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  metadata: Record<string, string> = {},
): Uint8Array {
  const parts = [encodeHeader(WRITE, tensors, metadata), ...[...tensors].map(([name, one]) => viewOf(name, one))];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * Writes a file beside its place and moves it there, so that no reader sees half of it.
 *
 * @throws SafetensorsError for a tensor whose data does not fit its shape
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  metadata: Record<string, string> = {},
): Promise<void> {
  const views = new Map([...tensors].map(([name, tensor]) => [name, viewOf(name, tensor)]));
  await streamSafetensors(path, tensors, (name) => [views.get(name) as Uint8Array], metadata);
}

/** Returns a view of a tensor's bytes. */
function viewOf(name: string, { dtype, shape, data }: SafetensorsTensor): Uint8Array {
  const bytes = bytesOf(WRITE, name, dtype, shape);
  if (data.byteLength !== bytes) throw wrongSize(WRITE, name, dtype, shape, bytes, data.byteLength);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Converts BF16 bits (the upper half of single precision) to numbers. */
export function bfloat16ToFloat(bits: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(bits, (half) => half * 65536).buffer);
}

/** Converts numbers to BF16 bits, rounded to nearest even; NaN stays NaN. The shape is kept: one entry per value. */
export function floatToBfloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.slice().buffer);
  return Uint16Array.from(bits, (word, i) =>
    Number.isNaN(values[i]) ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16,
  );
}
