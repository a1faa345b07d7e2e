/** Partial access to safetensors files, for data too large for memory or of which little is needed. */
import { checkArguments } from "../rules/arguments";
import { KIND_BYTES } from "../rules/file-kind";
import { open, stat, writeParts } from "../platform/files";
import {
  bytesOf,
  checkHeaderLength,
  encodeHeader,
  parseHeader,
  SafetensorsError,
  type SafetensorsHeader,
  wrongSize,
} from "./header";
import { type SafetensorsTensor, tensorOf } from "./tensor";
import type { SystemError } from "../platform/types";
import { ELEMENT_BYTES, type SafetensorsDtype, type SafetensorsEntry } from "./entry";

const READ = "safetensors.read";
const WRITE = "safetensors.write";

/** Largest single read: Node refuses 2 GiB and more. */
const LARGEST_READ = 1 << 30;

/** Bytes in memory at a time when a tensor is copied. */
const COPY = 1 << 24;

/** Tensors of up to `SMALL` bytes are read `WINDOW` bytes at a time. */
const SMALL = 1 << 16;
const WINDOW = 1 << 22;

type FileHandle = Awaited<ReturnType<typeof open>>;

/** Open file that reads any range of any tensor. */
export class SafetensorsFile {
  private constructor(
    private readonly handle: FileHandle,
    readonly header: SafetensorsHeader,
  ) {}

  /**
   * Opens a file and reads its header.
   *
   * @throws SafetensorsError for a file that breaks the format, or a folder, pipe or device in its place
   */
  static async open(path: string): Promise<SafetensorsFile> {
    const handle = await openFile(path);
    try {
      return new SafetensorsFile(handle, await headerOf(handle, path));
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  private entry(name: string): SafetensorsEntry {
    const entry = this.header.tensors.get(name);
    if (entry) return entry;
    throw new SafetensorsError(READ, `the file holds ${[...this.header.tensors.keys()].join(", ")}`, name);
  }

  /** Reads a tensor. */
  async read(name: string): Promise<SafetensorsTensor> {
    const entry = this.entry(name);
    return tensorOf(entry, await this.bytes(entry.begin, entry.end));
  }

  /** Reads several tensors; small ones that lie one behind the other are read at once. */
  async readMany(names: Iterable<string>): Promise<Map<string, SafetensorsTensor>> {
    const tensors = new Map<string, SafetensorsTensor>();
    const last = this.size;
    let window: { begin: number; bytes: Uint8Array } = { begin: 0, bytes: new Uint8Array(0) };
    for (const name of names) {
      const entry = this.entry(name);
      const { begin, end } = entry;
      if (end - begin > SMALL) {
        tensors.set(name, await this.read(name));
        continue;
      }
      if (begin < window.begin || end > window.begin + window.bytes.length)
        window = { begin, bytes: await this.bytes(begin, Math.min(last, begin + WINDOW)) };
      // A copy, whose memory begins with the tensor.
      tensors.set(name, tensorOf(entry, window.bytes.slice(begin - window.begin, end - window.begin)));
    }
    return tensors;
  }

  /** Bytes of all tensors. */
  private get size(): number {
    let end = 0;
    for (const entry of this.header.tensors.values()) end = Math.max(end, entry.end);
    return end;
  }

  /**
   * Reads some of a tensor's rows: entries `from` to before `to` of its first dimension.
   *
   * @throws SafetensorsError for an unknown name or rows out of range
   */
  async readRows(name: string, from: number, to: number): Promise<SafetensorsTensor> {
    const { dtype, shape, begin } = this.entry(name);
    const [rows = 0, ...rest] = shape;
    if (!(Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to && to <= rows))
      throw new SafetensorsError(READ, `rows of ${name} must lie in 0..${rows}`, [from, to]);
    const bytes = rest.reduce((product, size) => product * size, ELEMENT_BYTES[dtype]);
    if (!Number.isInteger(bytes)) throw new SafetensorsError(READ, `rows of ${name} must fill whole bytes`, dtype);
    return tensorOf({ dtype, shape: [to - from, ...rest] }, await this.bytes(begin + from * bytes, begin + to * bytes));
  }

  /** Yields a tensor's bytes, 16 MiB at a time. */
  async *chunks(name: string): AsyncGenerator<Uint8Array> {
    const { begin, end } = this.entry(name);
    for (let at = begin; at < end; at += COPY) yield await this.bytes(at, Math.min(end, at + COPY));
  }

  private bytes(begin: number, end: number): Promise<Uint8Array> {
    return readBytes(this.handle, this.header.dataStart + begin, end - begin);
  }

  /** Closes the file. */
  close(): Promise<void> {
    return this.handle.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    // Looked at first: opening a pipe would wait for a writer.
    if ((await stat(path)).isFile()) return await open(path, "r");
  } catch (error) {
    throw new SafetensorsError(READ, `the file cannot be opened (${(error as SystemError).code})`, path);
  }
  throw new SafetensorsError(READ, "must be a file, not a folder, pipe or device", path);
}

async function headerOf(file: FileHandle, path: string): Promise<SafetensorsHeader> {
  const { size } = await file.stat();
  const length = checkHeaderLength(READ, await readBytes(file, 0, Math.min(KIND_BYTES, size)), size, path);
  return parseHeader(READ, await readBytes(file, 8, length), size);
}

async function readBytes(file: FileHandle, start: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const { bytesRead } = await file.read(bytes, at, Math.min(LARGEST_READ, length - at), start + at);
    if (bytesRead === 0) throw new SafetensorsError(READ, `the file must go on to byte ${start + length}`, start + at);
    at += bytesRead;
  }
  return bytes;
}

/**
 * Writes a file whose tensors come in parts, one after the other. It is first written beside its place and then moved,
 * so that no reader sees half of it.
 *
 * @param tensors names, types and shapes in the order of the file
 * @param bytesOfTensor the bytes of one, in parts of any size
 * @throws SafetensorsError when the parts of a tensor do not add up to its shape; nothing is left then
 */
export async function streamSafetensors(
  path: string,
  tensors: ReadonlyMap<string, { dtype: SafetensorsDtype; shape: readonly number[] }>,
  bytesOfTensor: (name: string) => Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  metadata: Record<string, string> = {},
): Promise<void> {
  checkArguments(
    "safetensors.stream",
    SafetensorsError,
    { path, tensors, bytesOfTensor },
    { path: "string", tensors: "map", bytesOfTensor: "function" },
  );
  await writeParts(path, partsOf(tensors, bytesOfTensor, metadata));
}

/** Yields the bytes of a file: its header, then each tensor, checked against its shape. */
async function* partsOf(
  tensors: ReadonlyMap<string, { dtype: SafetensorsDtype; shape: readonly number[] }>,
  bytesOfTensor: (name: string) => Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  metadata: Record<string, string>,
): AsyncGenerator<Uint8Array, void, void> {
  yield encodeHeader(WRITE, tensors, metadata);
  for (const [name, { dtype, shape }] of tensors) {
    let written = 0;
    for await (const part of bytesOfTensor(name)) {
      yield part;
      written += part.length;
    }
    const bytes = bytesOf(WRITE, name, dtype, shape);
    if (written !== bytes) throw wrongSize(WRITE, name, dtype, shape, bytes, written);
  }
}
