/** Session side of the link to the kernel process. */
import { writeSync } from "node:fs";
import { Socket } from "node:net";
import { frameOf, FrameReader, writeFrame } from "../../jupyter/frames";
import type { FromSession, ToSession } from "../../jupyter/ipc";
import { isCommonPrototypeChanged, stuckChanges, withOwnIntrinsics } from "../run/intrinsics";

export interface Link {
  /** Sends a message. Throws where it cannot be one; ends the session where none can be sent. */
  send(message: FromSession): void;
  /** Ends the session with the words that a cell has made it unusable. */
  abandon(): never;
  listen(receive: (message: ToSession) => void): void;
}

// User code may replace it.
const { kill } = process;

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
  let receive: (message: ToSession) => void = () => undefined;
  const reader = new FrameReader<ToSession>((message) => receive(message));
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
  return {
    abandon,
    send(message) {
      try {
        // User code may have given every object a `toJSON` or a setter, which Node's code meets too.
        if (isCommonPrototypeChanged()) withOwnIntrinsics(() => writeFrame(socket, message));
        else writeFrame(socket, message);
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
