import { randomUUID } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import {
  checkHeaderLength,
  ELEMENT_BYTES,
  parseHeader,
  type SafetensorsDtype,
  type SafetensorsEntry,
  SafetensorsError,
  type SafetensorsHeader,
} from "./safetensors-header";

export { SafetensorsError, type SafetensorsDtype, type SafetensorsEntry, type SafetensorsHeader };

/** Elements as they lie in the file: `F16`, `BF16` as raw bits, `BOOL` and the 8-bit floats as bytes. */
export type SafetensorsData =
  | Float64Array
  | Float32Array
  | Uint16Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Int8Array
  | Uint8Array;

/** One tensor, row-major. */
export interface SafetensorsTensor {
  dtype: SafetensorsDtype;
  shape: number[];
  data: SafetensorsData;
}

/** The content of a file. */
export interface Safetensors {
  tensors: Map<string, SafetensorsTensor>;
  metadata: Record<string, string>;
}

const READ = "safetensors.read";
const WRITE = "safetensors.write";

/** Reads a file's header only: names, types, shapes, places. */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
  const file = await openFile(path);
  try {
    return await headerOf(file);
  } finally {
    await file.close();
  }
}

/**
 * Reads tensors from a file.
 *
 * @param names which; default all
 * @throws SafetensorsError for a file that breaks the format, or a name that is not there
 */
export async function readSafetensors(path: string, names?: readonly string[]): Promise<Safetensors> {
  const file = await openFile(path);
  try {
    const header = await headerOf(file);
    const tensors = new Map<string, SafetensorsTensor>();
    for (const name of names ?? header.tensors.keys()) {
      const entry = header.tensors.get(name);
      if (!entry) throw new SafetensorsError(READ, `the file holds ${[...header.tensors.keys()].join(", ")}`, name);
      const bytes = await readBytes(file, header.dataStart + entry.begin, entry.end - entry.begin);
      tensors.set(name, tensorOf(entry, bytes));
    }
    return { tensors, metadata: header.metadata };
  } finally {
    await file.close();
  }
}

/** Reads tensors from bytes in memory (copies). */
export function parseSafetensors(bytes: Uint8Array): Safetensors {
  const length = checkHeaderLength(READ, bytes.subarray(0, 8), bytes.length);
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
  const parts = encodeParts(tensors, metadata);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Writes a file: beside its place first, then moved there, so that no reader ever sees half of it. */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  metadata: Record<string, string> = {},
): Promise<void> {
  const beside = `${path}.${randomUUID()}.part`;
  const parts = encodeParts(tensors, metadata);
  const file = await open(beside, "wx");
  try {
    for (const part of parts) if (part.length) await file.writeFile(part);
    await file.sync();
  } catch (error) {
    await file.close();
    await rm(beside, { force: true });
    throw error;
  }
  await file.close();
  await rename(beside, path);
}

/** Header and tensors as byte runs; the tensors' are views, not copies. */
function encodeParts(tensors: ReadonlyMap<string, SafetensorsTensor>, metadata: Record<string, string>): Uint8Array[] {
  const header: Record<string, unknown> = Object.keys(metadata).length ? { __metadata__: metadata } : {};
  let at = 0;
  const parts = [...tensors].map(([name, tensor]) => {
    checkTensor(name, tensor);
    const { dtype, shape, data } = tensor;
    header[name] = { dtype, shape, data_offsets: [at, (at += data.byteLength)] };
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  });
  const json = new TextEncoder().encode(JSON.stringify(header));
  const head = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  head.set(json, 8);
  new DataView(head.buffer).setBigUint64(0, BigInt(head.length - 8), true);
  return [head, ...parts];
}

function checkTensor(name: string, { dtype, shape, data }: SafetensorsTensor): void {
  if (name === "__metadata__") throw new SafetensorsError(WRITE, "a tensor must not be called so", name);
  if (!Object.hasOwn(ELEMENT_BYTES, dtype))
    throw new SafetensorsError(WRITE, `tensor ${name} needs a known dtype`, dtype);
  const bytes = shape.reduce((product, dim) => product * dim, ELEMENT_BYTES[dtype]);
  if (data.byteLength !== bytes)
    throw new SafetensorsError(
      WRITE,
      `tensor ${name} of ${dtype} [${shape.join(", ")}] takes ${bytes} bytes`,
      data.byteLength,
    );
}

type FileHandle = Awaited<ReturnType<typeof open>>;

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (error) {
    throw new SafetensorsError(READ, `the file cannot be opened (${(error as NodeJS.ErrnoException).code})`, path);
  }
}

async function headerOf(file: FileHandle): Promise<SafetensorsHeader> {
  const { size } = await file.stat();
  const length = checkHeaderLength(READ, await readBytes(file, 0, Math.min(8, size)), size);
  return parseHeader(READ, await readBytes(file, 8, length), size);
}

/** The largest single read: Node refuses 2 GiB and more. */
const CHUNK = 1 << 30;

async function readBytes(file: FileHandle, start: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const { bytesRead } = await file.read(bytes, at, Math.min(CHUNK, length - at), start + at);
    if (bytesRead === 0) throw new SafetensorsError(READ, `the file must go on to byte ${start + length}`, start + at);
    at += bytesRead;
  }
  return bytes;
}

function tensorOf({ dtype, shape }: SafetensorsEntry, bytes: Uint8Array): SafetensorsTensor {
  return { dtype, shape, data: dataOf(dtype, bytes.buffer as ArrayBuffer) };
}

function dataOf(dtype: SafetensorsDtype, buffer: ArrayBuffer): SafetensorsData {
  switch (dtype) {
    case "F64":
      return new Float64Array(buffer);
    case "F32":
      return new Float32Array(buffer);
    case "F16":
    case "BF16":
    case "U16":
      return new Uint16Array(buffer);
    case "I64":
      return new BigInt64Array(buffer);
    case "U64":
      return new BigUint64Array(buffer);
    case "I32":
      return new Int32Array(buffer);
    case "U32":
      return new Uint32Array(buffer);
    case "I16":
      return new Int16Array(buffer);
    case "I8":
      return new Int8Array(buffer);
    case "U8":
    case "BOOL":
    case "F8_E4M3":
    case "F8_E5M2":
      return new Uint8Array(buffer);
    default:
      return dtype satisfies never;
  }
}

/** BF16 bits (the upper half of single precision) as numbers. */
export function bfloat16ToFloat(bits: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(bits, (half) => half * 65536).buffer);
}

/** Numbers as BF16 bits, rounded to nearest even; NaN stays NaN. */
export function floatToBfloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.slice().buffer);
  return Uint16Array.from(bits, (word, i) =>
    Number.isNaN(values[i]) ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16,
  );
}
