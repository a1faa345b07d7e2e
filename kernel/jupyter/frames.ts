/**
 * Messages as frames on a byte stream: how many parts, the length of each (`u32`, little endian), then the parts. The first
 * part is the message as JSON, the others are its `buffers`. Node's own IPC takes twice as long for a small message and
 * copies a large buffer several times.
 */
import type { Writable } from "node:stream";

/** A message; `buffers` is the only field that JSON cannot carry. */
export interface Framed {
  type: string;
  buffers?: Uint8Array[];
}

/** What came is no frame, so nothing after it can be understood. */
export class FrameError extends Error {
  override name = "FrameError";
}

/** A frame below this is written as one piece. */
const JOINED = 1 << 16;
/** Limits of a frame that is none. */
const MOST_PARTS = 1 << 16;
const MOST_BYTES = 2 ** 31;

/** Write one message. The caller may change its buffers afterwards. */
export function writeFrame(stream: Writable, message: Framed): void {
  const { buffers = [] } = message;
  const json = Buffer.from(JSON.stringify(buffers.length > 0 ? { ...message, buffers: [] } : message));
  const parts = [json, ...buffers];
  const head = Buffer.allocUnsafe(4 + 4 * parts.length);
  head.writeUInt32LE(parts.length, 0);
  parts.forEach((part, index) => head.writeUInt32LE(part.length, 4 + 4 * index));
  const size = parts.reduce((sum, part) => sum + part.length, head.length);
  if (size <= JOINED) return void stream.write(Buffer.concat([head, ...parts], size));
  stream.cork();
  stream.write(head);
  stream.write(json);
  for (const buffer of buffers) stream.write(Buffer.from(buffer));
  stream.uncork();
}

/** The next bytes that a reader waits for; those that are kept get memory of their own. */
interface Want {
  size: number;
  keep?: boolean;
}

/** Puts frames together from whatever pieces the stream comes in. */
export class FrameReader<M extends Framed> {
  private readonly frames: Generator<Want, never, Buffer>;
  private want: Want;
  /** The wanted bytes, when they come in several pieces. */
  private part: Buffer | undefined;
  private filled = 0;

  constructor(receive: (message: M) => void) {
    this.frames = readFrames(receive);
    this.want = this.frames.next().value;
  }

  /** What is still missing of a buffer: who can read into it saves a copy, and says so by `advance`. */
  get missing(): Buffer | undefined {
    return this.want.keep ? this.part?.subarray(this.filled) : undefined;
  }

  /** The next bytes of the stream. Their memory may be used again afterwards. */
  push(piece: Buffer): void {
    for (let at = 0; at < piece.length;) at += this.take(piece, at);
  }

  /** The first `count` bytes of `missing` are there. */
  advance(count: number): void {
    this.filled += count;
    if (this.part && this.filled === this.want.size) this.complete(this.part);
  }

  private take(piece: Buffer, at: number): number {
    const { size, keep } = this.want;
    if (!this.part && !keep && piece.length - at >= size) {
      this.complete(piece.subarray(at, at + size));
      return size;
    }
    this.part ??= Buffer.allocUnsafeSlow(size);
    const taken = piece.copy(this.part, this.filled, at);
    this.advance(taken);
    return taken;
  }

  private complete(part: Buffer): void {
    this.part = undefined;
    this.filled = 0;
    this.want = this.frames.next(part).value;
    // Of nothing, nothing more will come.
    if (this.want.size === 0) this.complete(Buffer.alloc(0));
  }
}

function* readFrames<M extends Framed>(receive: (message: M) => void): Generator<Want, never, Buffer> {
  for (;;) {
    const count = (yield { size: 4 }).readUInt32LE();
    checkRange("a frame has parts", count, MOST_PARTS);
    const table = yield { size: 4 * count };
    const [length = 0, ...rest] = Array.from({ length: count }, (_, part) => table.readUInt32LE(4 * part));
    for (const size of [length, ...rest]) checkRange("a part has bytes", size, MOST_BYTES);
    const message = parse<M>(yield { size: length });
    const buffers: Buffer[] = [];
    for (const size of rest) buffers.push(yield { size, keep: true });
    if (buffers.length > 0) message.buffers = buffers;
    receive(message);
  }
}

function checkRange(what: string, value: number, most: number): void {
  if (value > most) throw new FrameError(`${what} up to ${most}, received ${value}`);
}

function parse<M extends Framed>(json: Buffer): M {
  try {
    const message: unknown = JSON.parse(json.toString("utf8"));
    if (typeof message === "object" && message !== null && "type" in message) return message as M;
  } catch {
    // Reported below, as a message without a type is.
  }
  throw new FrameError(`a message is JSON with a type, received ${json.length} bytes of something else`);
}
