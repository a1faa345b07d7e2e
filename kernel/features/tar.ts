/** Tars, read and written as streams: one entry is in memory at a time. */
import { joinBytes } from "../numeric";
import { open } from "../platform/files";
import type { FileHandle } from "../platform/types";

/** An entry of a tar, with its content. */
export interface TarItem {
  name: string;
  bytes: Uint8Array;
  /** Why its content was passed over. */
  reason?: string;
}

/** Facts of an entry, by which it is read (true), passed over (false), or named with the reason of passing over. */
export type TarChoice = (name: string, size: number, isFile: boolean) => boolean | string;

/**
 * Yields the files of a tar. A damaged or shortened tar throws after the entries that are whole.
 *
 * @param source the tar's bytes in pieces
 * @param choose tells which entries are read. Default: each file, no folders and links
 */
export async function* tarItems(
  source: AsyncIterable<Uint8Array>,
  choose: TarChoice = (_, __, isFile) => isFile,
): AsyncGenerator<TarItem, void, void> {
  const { createTarDecoder } = await import("modern-tar");
  const entries = streamOf(source).pipeThrough(createTarDecoder({ strict: true }));
  for await (const { header, body } of itemsOf(entries)) {
    const isFile = header.type === undefined || header.type === "file";
    const choice = choose(header.name, header.size, isFile);
    if (choice !== true) {
      for await (const part of itemsOf(body)) void part;
      if (choice !== false) yield { name: header.name, bytes: new Uint8Array(0), reason: choice };
      continue;
    }
    const parts: Uint8Array[] = [];
    for await (const part of itemsOf(body)) parts.push(part);
    yield { name: header.name, bytes: joinBytes(parts) };
  }
}

/** Yields what is in a compressed tar; the bytes of one that is not are passed on. The name does not tell, its first bytes do. */
export async function* gunzipped(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const pieces = source[Symbol.asyncIterator]();
  let first = new Uint8Array(0);
  let next = await pieces.next();
  for (; !next.done && first.length < GZIP.length; next = await pieces.next()) first = joinBytes([first, next.value]);
  const all = (async function* () {
    if (first.length) yield first;
    for (; !next.done; next = await pieces.next()) yield next.value;
  })();
  try {
    if (!GZIP.every((byte, i) => first[i] === byte)) return yield* all;
    // Its type allows buffers that are shared, which these are not.
    const unpacking = new DecompressionStream("gzip") as unknown as ReadableWritablePair<Uint8Array, Uint8Array>;
    yield* itemsOf(streamOf(all).pipeThrough(unpacking));
  } finally {
    await pieces.return?.();
  }
}

const GZIP = [0x1f, 0x8b];

function streamOf(source: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

/** Yields the files of a stream. A caller that leaves early ends the stream, so that its file is closed. */
async function* itemsOf<T>(stream: ReadableStream<T>): AsyncGenerator<T, void, void> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

const BLOCK = 512;
/** Two empty blocks end a tar. */
const END = 2 * BLOCK;

/** Place of an entry's content in a tar. */
export interface TarPlace {
  offset: number;
  size: number;
}

/** Tar that is written entry by entry. Equal entries make equal files, because every date is that of the epoch. */
export class TarWriter {
  private at = 0;

  private constructor(private readonly file: FileHandle) {}

  /** Makes a new file. */
  static async create(path: string): Promise<TarWriter> {
    // Made first, because a mode that makes a file does not read it.
    const made = await open(path, "wx");
    await made.close();
    return new TarWriter(await open(path, "r+"));
  }

  /** Appends a file. */
  async add(name: string, bytes: Uint8Array): Promise<TarPlace> {
    const { packTar } = await import("modern-tar");
    const header = { name, size: bytes.length, mtime: new Date(0) };
    const packed = await packTar([{ header, body: bytes }]);
    const blocks = packed.subarray(0, packed.length - END);
    const offset = this.at + blocks.length - BLOCK * Math.ceil(bytes.length / BLOCK);
    await this.write(blocks);
    return { offset, size: bytes.length };
  }

  /** Returns the content of an entry that was added. */
  async read({ offset, size }: TarPlace): Promise<Uint8Array> {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size;) {
      const { bytesRead } = await this.file.read(bytes, at, size - at, offset + at);
      if (bytesRead === 0) throw new Error(`the tar ends at ${offset + at}`);
      at += bytesRead;
    }
    return bytes;
  }

  /** Ends the tar; its content is then on the disk. */
  async end(): Promise<void> {
    await this.write(new Uint8Array(END));
    await this.file.sync();
    await this.file.close();
  }

  /** Closes the file as it is. */
  close(): Promise<void> {
    return this.file.close();
  }

  private async write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;)
      done += (await this.file.write(bytes, done, bytes.length - done, this.at + done)).bytesWritten;
    this.at += bytes.length;
  }
}
