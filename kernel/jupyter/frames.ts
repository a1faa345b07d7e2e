/**
 * Messages as frames on a byte stream: the number of parts, the length of each (`u32`, little endian), then the parts.
 * The first part is the message as JSON, the others are its `buffers`. Node's IPC takes twice as long for a small
 * message and copies a large buffer several times.
 */
import type { Writable } from "node:stream";

/** Message; `buffers` is the only field outside JSON. */
export interface Framed {
  type: string;
  buffers?: Uint8Array[];
}

/** Error for bytes that are no frame; nothing after them can be decoded. */
export class FrameError extends Error {
  override name = "FrameError";
}

/** Frames smaller than this are written as one piece. */
const JOINED = 1 << 16;
/** Largest numbers in a valid frame. */
const MOST_PARTS = 1 << 16;
const MOST_BYTES = 2 ** 31;

/** Writes one message. The caller may change its buffers afterwards. */
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

/** Next bytes that a reader waits for; kept bytes get separate memory. */
interface Want {
  size: number;
  keep?: boolean;
}

/** Assembles frames from the pieces of a stream. */
export class FrameReader<M extends Framed> {
  private readonly frames: Generator<Want, never, Buffer>;
  private want: Want;
  /** Wanted bytes that arrive in several pieces. */
  private part: Buffer | undefined;
  private filled = 0;

  constructor(receive: (message: M) => void) {
    this.frames = readFrames(receive);
    this.want = this.frames.next().value;
  }

  /** Missing part of a buffer. Reading directly into it and calling `advance` saves a copy. */
  get missing(): Buffer | undefined {
    return this.want.keep ? this.part?.subarray(this.filled) : undefined;
  }

  /** Takes the next bytes of the stream. Their memory may be reused afterwards. */
  push(piece: Buffer): void {
    for (let at = 0; at < piece.length;) at += this.take(piece, at);
  }

  /** Records that the first `count` bytes of `missing` have been read. */
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
    // An empty part is complete at once.
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
    // Reported below together with messages without a type.
  }
  throw new FrameError(`a message is JSON with a type, received ${json.length} bytes of something else`);
}
