/**
 * Shared memory for the large buffers of messages, one file each way: written and read in one piece, where a socket takes a copy and a
 * change of processes for every 200 kB. The files lie in memory, have no name, and end with the two processes. Where they are missing
 * or full, buffers go over the socket.
 *
 * A counter at the start of a file tells how many messages its reader has taken; once it has taken all, the place is used again.
 *
 * User code shares a process with one end, so nothing here uses functions that it can replace: loops in place of the methods and the
 * iterator of arrays.
 */
import { closeSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { FrameError, type Framed } from "./frames";

/** Folder of Linux whose files lie in memory. */
const FOLDER = "/dev/shm";
/** Bytes of the counter. */
const HEADER = 8;
/** A socket is as fast for fewer bytes. */
const LEAST = 1 << 20;
/** Most bytes of a file: containers often have 64 MB for all. */
const MOST = HEADER + (24 << 20);
/** Time after which the memory of taken messages is given back. */
const KEPT_MS = 2_000;

// User code may replace the globals.
const { Buffer, setTimeout } = globalThis;
const { alloc, allocUnsafeSlow } = Buffer;
const { isArray } = Array;
const { isSafeInteger } = Number;

/** Opens a file without a name, for both processes. Returns `undefined` where there is no such memory. */
export function openShelf(): number | undefined {
  const path = `${FOLDER}/fovea-${randomUUID()}`;
  try {
    const fd = openSync(path, "wx+", 0o600);
    unlinkSync(path);
    return fd;
  } catch {
    return undefined;
  }
}

/** End of a file. */
class ShelfEnd {
  protected readonly counter = alloc(HEADER);

  constructor(protected fd: number | undefined) {}

  close(): void {
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
  }
}

/** Writing end of a file. */
export class ShelfWriter extends ShelfEnd {
  private at = HEADER;
  private sent = 0;
  private isTidied = true;

  /** Returns a message whose buffers lie in the file, or the message as it is. */
  put<M extends Framed>(message: M): M {
    const { buffers } = message;
    if (this.fd === undefined || !buffers) return message;
    let size = 0;
    for (let i = 0; i < buffers.length; i++) size += buffers[i]!.length;
    if (size < LEAST || !this.hasRoom(this.fd, size)) return message;
    const sizes = this.write(this.fd, buffers);
    return sizes ? { ...message, buffers: [], shelved: { at: this.at - size, sizes } } : message;
  }

  private hasRoom(fd: number, size: number): boolean {
    if (this.isAllTaken(fd)) this.at = HEADER;
    return this.at + size <= MOST;
  }

  private isAllTaken(fd: number): boolean {
    this.counter.writeUInt32LE(0, 0);
    try {
      readSync(fd, this.counter, 0, HEADER, 0);
    } catch {
      // A cell has closed the file, which the next write notices.
      return false;
    }
    return this.counter.readUInt32LE(0) === this.sent;
  }

  private write(fd: number, buffers: readonly Uint8Array[]): number[] | undefined {
    const sizes: number[] = [];
    let at = this.at;
    this.tidyLater();
    try {
      for (let i = 0; i < buffers.length; i++) {
        const bytes = buffers[i]!;
        for (let from = 0; from < bytes.length;) from += writeSync(fd, bytes, from, bytes.length - from, at + from);
        at += bytes.length;
        sizes[i] = bytes.length;
      }
    } catch {
      // The memory is full.
      return undefined;
    }
    this.at = at;
    this.sent++;
    return sizes;
  }

  private tidyLater(): void {
    if (!this.isTidied) return;
    this.isTidied = false;
    setTimeout(() => this.tidy(), KEPT_MS).unref();
  }

  private tidy(): void {
    this.isTidied = true;
    if (this.fd === undefined) return;
    if (!this.isAllTaken(this.fd)) return this.tidyLater();
    this.at = HEADER;
    ftruncateSync(this.fd, HEADER);
  }
}

/** Reading end of a file. */
export class ShelfReader extends ShelfEnd {
  private taken = 0;

  /**
   * Returns the message with its buffers.
   *
   * @throws FrameError for places that no writer made
   */
  take<M extends Framed>(message: M): M {
    const { shelved } = message;
    if (shelved === undefined) return message;
    if (this.fd === undefined || !isPlace(shelved)) throw new FrameError("a message names buffers that are nowhere");
    const buffers: Uint8Array[] = [];
    let { at } = shelved;
    for (let i = 0; i < shelved.sizes.length; i++) {
      buffers[i] = readAt(this.fd, at, shelved.sizes[i]!);
      at += shelved.sizes[i]!;
    }
    this.counter.writeUInt32LE(++this.taken, 0);
    writeSync(this.fd, this.counter, 0, HEADER, 0);
    message.buffers = buffers;
    delete message.shelved;
    return message;
  }
}

function isPlace(place: unknown): place is { at: number; sizes: number[] } {
  const { at, sizes } = (place ?? {}) as { at?: unknown; sizes?: unknown };
  if (!isCount(at) || at < HEADER || !isArray(sizes)) return false;
  let end = at;
  for (let i = 0; i < sizes.length; i++) {
    if (!isCount(sizes[i])) return false;
    end += sizes[i] as number;
  }
  return end <= MOST;
}

const isCount = (value: unknown): value is number => isSafeInteger(value) && (value as number) >= 0;

function readAt(fd: number, at: number, size: number): Buffer {
  const bytes = allocUnsafeSlow(size);
  for (let from = 0; from < size;) {
    const count = readSync(fd, bytes, from, size - from, at + from);
    if (count === 0) throw new FrameError(`a buffer of ${size} bytes ends after ${from}`);
    from += count;
  }
  return bytes;
}
