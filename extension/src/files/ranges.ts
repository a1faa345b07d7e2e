import type { ByteSource } from "fovea/inspect";
import type { RemoteFile } from "./remote-file";

/** A smaller model comes in one request. */
const WHOLE = 32 * 2 ** 20;
/** Bytes of one request of a larger model: its structure lies between weights, which are left out. */
const BLOCK = 2 ** 16;
/** Requests of one model before its reading is given up; a model of 2,000 large weights needs about as many. */
const MOST_REQUESTS = 20_000;

/** Bytes that a reader asked for and that are not here yet. */
class Missing extends Error {
  constructor(
    readonly first: number,
    readonly last: number,
  ) {
    super("bytes are not here yet");
  }
}

/** Blocks of a file that were fetched. A reader that asks for others is stopped, and called again when they are here. */
class Ranges implements ByteSource {
  readonly path = null;
  private readonly blocks = new Map<number, Uint8Array>();

  constructor(
    private readonly file: Pick<RemoteFile, "size" | "path" | "read">,
    private readonly block: number,
  ) {}

  get size(): number {
    return this.file.size;
  }

  view(start: number, length: number): Uint8Array {
    const { block: size } = this;
    const [first, last] = [Math.floor(start / size), Math.floor((start + Math.max(length, 1) - 1) / size)];
    for (let block = first; block <= last; block++) if (!this.blocks.has(block)) throw new Missing(block, last);
    const whole = first === last ? (this.blocks.get(first) as Uint8Array) : this.joined(first, last);
    return whole.subarray(start - first * size, start - first * size + length);
  }

  async fetch({ first, last }: Missing): Promise<void> {
    const { block: size } = this;
    const start = first * size;
    const bytes = await this.file.read(start, Math.min((last + 1) * size, this.size) - start);
    for (let block = first; block <= last; block++)
      this.blocks.set(block, bytes.subarray((block - first) * size, (block - first + 1) * size));
  }

  close(): void {}

  private joined(first: number, last: number): Uint8Array {
    const { block: size } = this;
    const whole = new Uint8Array((last - first + 1) * size);
    for (let block = first; block <= last; block++)
      whole.set(this.blocks.get(block) as Uint8Array, (block - first) * size);
    return whole;
  }
}

/** Calls a reader of bytes that does not wait, as often as it asks for bytes that must be fetched first. */
export async function readByRanges<T>(
  file: Pick<RemoteFile, "size" | "path" | "read">,
  read: (source: ByteSource) => T,
  whole = WHOLE,
): Promise<T> {
  const ranges = new Ranges(file, file.size <= whole ? Math.max(1, file.size) : BLOCK);
  for (let requests = 0; requests < MOST_REQUESTS; requests++) {
    try {
      return read(ranges);
    } catch (error) {
      if (!(error instanceof Missing)) throw error;
      await ranges.fetch(error);
    }
  }
  throw new Error(
    `${file.path} takes more than ${MOST_REQUESTS} requests: inspect it in a terminal, fovea onnx inspect`,
  );
}
