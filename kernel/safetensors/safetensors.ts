import {
  bytesOf,
  checkHeaderLength,
  encodeHeader,
  parseHeader,
  SafetensorsError,
  type SafetensorsHeader,
  wrongSize,
} from "./header";
import { checkArguments } from "../rules/arguments";
import { KIND_BYTES } from "../rules/file-kind";
import { SafetensorsFile, streamSafetensors } from "./file";
import { type SafetensorsTensor, tensorOf } from "./tensor";
import { joinBytes } from "../numeric";
import type { SafetensorsEntry } from "./entry";

/** The content of a file. */
export interface Safetensors {
  tensors: Map<string, SafetensorsTensor>;
  metadata: Record<string, string>;
}

const READ = "safetensors.read";
const WRITE = "safetensors.write";

/** Reads a file's header only: names, types, shapes, places. */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
  const file = await SafetensorsFile.open(path);
  await file.close();
  return file.header;
}

/**
 * Reads tensors from a file.
 *
 * @param names which; default all
 * @throws SafetensorsError for a file that breaks the format, or a name that is not there
 */
export async function readSafetensors(path: string, names?: readonly string[]): Promise<Safetensors> {
  const file = await SafetensorsFile.open(path);
  try {
    const tensors =
      names?.length === 1 ? await readOne(file, names[0]) : await file.readMany(names ?? file.header.tensors.keys());
    return { tensors, metadata: file.header.metadata };
  } finally {
    await file.close();
  }
}

const readOne = async (file: SafetensorsFile, name: string): Promise<Map<string, SafetensorsTensor>> =>
  new Map([[name, await file.read(name)]]);

/** Reads tensors from bytes in memory (copies). */
export function parseSafetensors(bytes: Uint8Array): Safetensors {
  checkArguments("safetensors.parse", SafetensorsError, { bytes }, { bytes: "bytes" });
  const length = checkHeaderLength(READ, bytes.subarray(0, KIND_BYTES), bytes.length);
  const header = parseHeader(READ, bytes.subarray(8, 8 + length), bytes.length);
  // Not `bytes.slice`: that of Node's Buffer shares memory, and the copy's buffer must begin with the tensor.
  const part = ({ begin, end }: SafetensorsEntry): Uint8Array =>
    new Uint8Array(bytes.subarray(header.dataStart + begin, header.dataStart + end));
  const tensors = new Map([...header.tensors].map(([name, entry]) => [name, tensorOf(entry, part(entry))]));
  return { tensors, metadata: header.metadata };
}

/** The file's bytes: tensors in the order given, header padded to a multiple of 8. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  metadata: Record<string, string> = {},
): Uint8Array {
  checkArguments("safetensors.encode", SafetensorsError, { tensors }, { tensors: "map" });
  return joinBytes([encodeHeader(WRITE, tensors, metadata), ...[...tensors].map(([name, one]) => viewOf(name, one))]);
}

/** Writes a file: beside its place first, then moved there, so that no reader ever sees half of it. */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  metadata: Record<string, string> = {},
): Promise<void> {
  checkArguments("safetensors.write", SafetensorsError, { path, tensors }, { path: "string", tensors: "map" });
  const views = new Map([...tensors].map(([name, tensor]) => [name, viewOf(name, tensor)]));
  await streamSafetensors(path, tensors, (name) => [views.get(name) as Uint8Array], metadata);
}

/** A tensor's bytes, not copied. */
function viewOf(name: string, { dtype, shape, data }: SafetensorsTensor): Uint8Array {
  const bytes = bytesOf(WRITE, name, dtype, shape);
  if (data.byteLength !== bytes) throw wrongSize(WRITE, name, dtype, shape, bytes, data.byteLength);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** BF16 bits (the upper half of single precision) as numbers. */
export function bfloat16ToFloat(bits: Uint16Array): Float32Array {
  checkArguments("safetensors.bfloat16ToFloat", SafetensorsError, { bits }, { bits: "list" });
  return new Float32Array(Uint32Array.from(bits, (half) => half * 65536).buffer);
}

/** Numbers as BF16 bits, rounded to nearest even; NaN stays NaN. @param values `[N]` @returns `[N]` */
export function floatToBfloat16(values: Float32Array): Uint16Array {
  checkArguments("safetensors.floatToBfloat16", SafetensorsError, { values }, { values: "list" });
  const bits = new Uint32Array(values.slice().buffer);
  return Uint16Array.from(bits, (word, i) =>
    Number.isNaN(values[i]) ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16,
  );
}
