/** Tars, read and written as streams: one entry is in memory at a time. */
import { joinBytes } from "../numeric";
import { open } from "../platform/files";
import type { FileHandle } from "../platform/types";

/** An entry of a tar, with its content. */
export interface TarItem {
  name: string;
  bytes: Uint8Array;
}

/**
 * Yields the files of a tar. A damaged or shortened tar throws after the entries that are whole.
 *
 * @param source the tar's bytes in pieces
 * @param isWanted chooses by name; the content of others is passed over
 */
export async function* tarItems(
  source: AsyncIterable<Uint8Array>,
  isWanted: (name: string, size: number) => boolean = () => true,
): AsyncGenerator<TarItem, void, void> {
  const { createTarDecoder } = await import("modern-tar");
  const entries = streamOf(source).pipeThrough(createTarDecoder({ strict: true }));
  for await (const { header, body } of itemsOf(entries)) {
    const isFile = header.type === undefined || header.type === "file";
    if (!isFile || !isWanted(header.name, header.size)) {
      for await (const part of itemsOf(body)) void part;
      continue;
    }
    const parts: Uint8Array[] = [];
    for await (const part of itemsOf(body)) parts.push(part);
    yield { name: header.name, bytes: joinBytes(parts) };
  }
}

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

/** Yields what a stream holds. A caller that leaves early ends the stream, so that its file is closed. */
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
