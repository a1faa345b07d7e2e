/**
 * Messages as frames on a byte stream: a mark, how many parts, the length of each (`u32`, little endian), then the parts. The
 * first part is the message as JSON, the others are its `buffers`. Node's own IPC takes twice as long for a small message and
 * copies a large buffer several times.
 *
 * User code shares a process with one end, so nothing here uses functions that it can replace: loops in place of the methods
 * and the iterator of arrays.
 */
import type { Writable } from "node:stream";
import { isShallow, MOST_DEPTH } from "./depth";

/** Message; `buffers` is the only field outside JSON. */
export interface Framed {
  type: string;
  buffers?: Uint8Array[];
  /** Place of the buffers in shared memory (`shelf.ts`). */
  shelved?: { at: number; sizes: number[] };
}

/** Error for bytes that are no frame; nothing after them can be decoded. */
export class FrameError extends Error {
  override name = "FrameError";
}

/** Begins each frame, so that other bytes on the stream are noticed at once. */
const MARK = 0x41_45_56_4f;
/** Bytes of the mark and the number of parts. */
const FIXED = 8;
/** Frames smaller than this are written as one piece. */
const JOINED = 1 << 16;
/** Largest numbers in a valid frame. */
const MOST_PARTS = 1 << 16;
const MOST_BYTES = 2 ** 31;
const FRAME_DEPTH = 2 * MOST_DEPTH;

// User code may replace the globals.
const { JSON, Buffer } = globalThis;
const { parse, stringify } = JSON;

/** Returns the bytes of a message without buffers. */
export function frameOf(message: Framed): Buffer {
  const json = Buffer.from(stringify(message));
  const head = headOf(json, []);
  return joined(head.length + json.length, head, json, []);
}

type WriteParts = (stream: Writable, parts: readonly Uint8Array[]) => void;

/**
 * Writes one message. The caller may change its buffers afterwards, unless `large` says otherwise.
 *
 * @param large writes the parts of a large one
 */
export function writeFrame(stream: Writable, message: Framed, large: WriteParts = writeCopies): void {
  const buffers = message.buffers ?? [];
  const json = Buffer.from(stringify(buffers.length > 0 ? { ...message, buffers: [] } : message));
  const head = headOf(json, buffers);
  let size = head.length + json.length;
  for (let part = 0; part < buffers.length; part++) size += buffers[part]!.length;
  if (size <= JOINED) return void stream.write(joined(size, head, json, buffers));
  const parts: Uint8Array[] = [head, json];
  for (let part = 0; part < buffers.length; part++) parts[part + 2] = buffers[part]!;
  large(stream, parts);
}

/** Writes parts that may change afterwards. */
export function writeCopies(stream: Writable, parts: readonly Uint8Array[]): void {
  const copies: Buffer[] = [];
  for (let part = 0; part < parts.length; part++) copies[part] = Buffer.from(parts[part]!);
  writeParts(stream, copies);
}

/** Writes parts that nobody changes afterwards. */
export function writeParts(stream: Writable, parts: readonly Uint8Array[]): void {
  stream.cork();
  for (let part = 0; part < parts.length; part++) stream.write(parts[part]);
  stream.uncork();
}

function headOf(json: Buffer, buffers: readonly Uint8Array[]): Buffer {
  const head = Buffer.allocUnsafe(FIXED + 4 * (1 + buffers.length));
  head.writeUInt32LE(MARK, 0);
  head.writeUInt32LE(1 + buffers.length, 4);
  head.writeUInt32LE(json.length, FIXED);
  for (let part = 0; part < buffers.length; part++) {
    head.writeUInt32LE(buffers[part]!.length, FIXED + 4 * (1 + part));
  }
  return head;
}

function joined(size: number, head: Buffer, json: Buffer, buffers: readonly Uint8Array[]): Buffer {
  const frame = Buffer.allocUnsafe(size);
  frame.set(head, 0);
  frame.set(json, head.length);
  let at = head.length + json.length;
  for (let part = 0; part < buffers.length; part++) {
    frame.set(buffers[part]!, at);
    at += buffers[part]!.length;
  }
  return frame;
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
    const fixed = yield { size: FIXED };
    if (fixed.readUInt32LE(0) !== MARK) throw new FrameError("a frame begins with its mark, received other bytes");
    const count = fixed.readUInt32LE(4);
    checkRange("a frame has parts", count, MOST_PARTS);
    // Its memory is used again.
    const table = Buffer.from(yield { size: 4 * count });
    for (let part = 0; part < count; part++) checkRange("a part has bytes", table.readUInt32LE(4 * part), MOST_BYTES);
    const message = parseMessage<M>(yield { size: count === 0 ? 0 : table.readUInt32LE(0) });
    const buffers: Buffer[] = [];
    for (let part = 1; part < count; part++) {
      buffers[part - 1] = yield { size: table.readUInt32LE(4 * part), keep: true };
    }
    if (buffers.length > 0) message.buffers = buffers;
    receive(message);
  }
}

function checkRange(what: string, value: number, most: number): void {
  if (value > most) throw new FrameError(`${what} up to ${most}, received ${value}`);
}

function parseMessage<M extends Framed>(json: Buffer): M {
  if (!isShallow(json, FRAME_DEPTH))
    throw new FrameError(`a message nests at most ${FRAME_DEPTH} deep, received a deeper one`);
  try {
    const message: unknown = parse(json.toString("utf8"));
    if (typeof message === "object" && message !== null && "type" in message) return message as M;
  } catch {
    // Reported below together with messages without a type.
  }
  throw new FrameError(`a message is JSON with a type, received ${json.length} bytes of something else`);
}
