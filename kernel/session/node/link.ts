/** Session side of the link to the kernel process. */
import { writeSync } from "node:fs";
import { Socket } from "node:net";
import type { Writable } from "node:stream";
import { frameOf, FrameReader, writeCopies, writeFrame } from "../../jupyter/frames";
import type { FromSession, ToSession } from "../../jupyter/ipc";
import { ShelfReader, ShelfWriter } from "../../jupyter/shelf";
import { pause } from "./lifeline";
import { isCommonPrototypeChanged, stuckChanges, withOwnIntrinsics } from "../run/intrinsics";

export interface Link {
  /** Sends a message. Throws where it cannot be one; ends the session where none can be sent. */
  send(message: FromSession): void;
  /** Ends the session with the words that a cell has made it unusable. */
  abandon(): never;
  listen(receive: (message: ToSession) => void): void;
}

// User code may replace them.
const { kill, platform } = process;

/** Windows has no such writes to a pipe. */
const canWriteAtOnce = platform !== "win32";

/** Size of the buffer for small messages; Node's pieces of 64 kB would each need an allocation. */
const PIECE = 1 << 18;

/**
 * Opens the link to the kernel process.
 *
 * @throws Error in a process that no kernel started
 */
export function openLink(): Link {
  const fd = Number(process.env["FOVEA_LINK_FD"]);
  delete process.env["FOVEA_LINK_FD"];
  if (!Number.isInteger(fd) || fd < 3) {
    throw new Error("fovea session: is started by the kernel process, not by hand");
  }
  const [toHere, fromHere] = shelves();
  const [shelf, out] = [new ShelfReader(toHere), new ShelfWriter(fromHere)];
  let receive: (message: ToSession) => void = () => undefined;
  const reader = new FrameReader<ToSession>((message) => receive(shelf.take(message)));
  const socket = new Socket({ fd, readable: true, writable: true, onread: readInto(reader) } as object);
  // The kernel process has ended.
  const end = (): void => void process.kill(process.pid, "SIGKILL");
  socket.on("end", end).on("error", end).on("close", end);
  // Made now, and written past Node's streams, because then nothing may work.
  const farewell = frameOf({ type: "unusable" });
  const abandon = (): never => {
    try {
      writeSync(fd, farewell);
    } finally {
      kill(process.pid, "SIGKILL");
    }
    // Never reached.
    throw new Error("the session has ended");
  };
  const large = (stream: Writable, parts: readonly Uint8Array[]): void => writeAtOnce(fd, stream, parts);
  return {
    abandon,
    send(message) {
      try {
        // User code may have given every object a `toJSON` or a setter, which Node's code meets too.
        if (isCommonPrototypeChanged()) withOwnIntrinsics(() => writeFrame(socket, out.put(message), large));
        else writeFrame(socket, out.put(message), large);
      } catch (error) {
        // Without its reply, a front end would wait for good. Other errors are the sender's, as of too much data.
        if (stuckChanges() > 0 || message.type === "done") abandon();
        throw error;
      }
    },
    listen(handler) {
      receive = handler;
      socket.resume();
    },
  };
}

/** Returns the files of shared memory, to this process and from it, if there are any. */
function shelves(): number[] {
  const fds = process.env["FOVEA_SHELF_FDS"] ?? "";
  delete process.env["FOVEA_SHELF_FDS"];
  return fds === "" ? [] : fds.split(" ").map(Number);
}

/**
 * Writes parts of which user code may change some afterwards. The kernel process always reads, so that the parts are written at
 * once, without a copy; behind messages that wait in the stream, copies wait too.
 */
function writeAtOnce(fd: number, stream: Writable, parts: readonly Uint8Array[]): void {
  const isDirect = canWriteAtOnce && stream.writableLength === 0;
  if (!isDirect) return writeCopies(stream, parts);
  for (let part = 0; part < parts.length; part++) {
    const bytes = parts[part]!;
    for (let at = 0; at < bytes.length;) at += writeSome(fd, bytes, at);
  }
}

/** Writes what the system takes. Where its buffer is full, it waits until the kernel process has read on. */
function writeSome(fd: number, bytes: Uint8Array, at: number): number {
  try {
    return writeSync(fd, bytes, at);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    pause();
    return 0;
  }
}

/**
 * Node's documented `onread`, which TypeScript's declaration lacks: the bytes of a large buffer go directly to their
 * place.
 */
function readInto(reader: FrameReader<ToSession>): { buffer: () => Buffer; callback: (length: number) => boolean } {
  const piece = Buffer.allocUnsafeSlow(PIECE);
  let target: Buffer | undefined;
  return {
    buffer: () => (target = reader.missing) ?? piece,
    callback(length) {
      if (target) reader.advance(length);
      else reader.push(piece.subarray(0, length));
      return true;
    },
  };
}
