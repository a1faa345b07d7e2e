import { PROTOCOL_VERSION } from "./saved";
import { ProtocolError, object, oneOf, optional, text, type Reader } from "./check";

/** The comm target that the kernel registers; the viewer opens one comm a view with {@link OpenData}. */
export const COMM_TARGET = "fovea.view";
/** No message carries more than this many bytes of buffers; larger answers come in parts. */
export const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;

/** Names in error texts for the two directions. */
export const REQUEST = "fovea.view request";
export const REPLY = "fovea.view reply";

/** Data of `comm_open`: which view the browser shows. */
export interface OpenData {
  version: 1;
  view: string;
}

/** The envelope of every message. All other fields are the viewer's own, and unchecked until its reader has read them. */
export interface Message {
  type: string;
}

/** Buffers as they come over a comm. */
export type Buffers = readonly (ArrayBuffer | ArrayBufferView)[];

/** Kernel to browser, once after opening. */
export interface ReadyReply {
  type: "ready";
}

export type ErrorCode = "unknown-view" | "malformed" | "failed";
const ERROR_CODES: readonly ErrorCode[] = ["unknown-view", "malformed", "failed"];

/** Errors are data: shown in the view, which goes on. */
export interface ErrorReply {
  type: "error";
  code: ErrorCode;
  message: string;
  /** Path of the faulty value in the request, for `malformed`. */
  path?: string;
}

const open = object<OpenData>({ version: oneOf<1>([PROTOCOL_VERSION]), view: text(100) });
const envelope = object<Message>({ type: text(40) });
const error = object<ErrorReply>({
  type: oneOf(["error"]),
  code: oneOf(ERROR_CODES),
  message: text(4000),
  path: optional(text(400)),
});

/** @throws ProtocolError */
export function readOpen(value: unknown, where = "fovea.view comm_open"): OpenData {
  return open(value, "", where);
}

/** Checks the envelope only and hands the message on as it came. @throws ProtocolError */
export function readMessage(value: unknown, where: string): Message {
  envelope(value, "", where);
  return value as Message;
}

/** @throws ProtocolError */
export function readError(value: unknown, where = REPLY): ErrorReply {
  return error(value, "", where);
}

/** One reader for each type of a union of messages. */
export type MessageReaders<M extends Message> = { [K in M["type"]]: Reader<Extract<M, { type: K }>> };

/** A reader of messages of several types. It throws a {@link ProtocolError} for a type that has no reader. */
export function messageReader<M extends Message>(where: string, readers: MessageReaders<M>): (value: unknown) => M {
  const type = oneOf(Object.keys(readers) as M["type"][]);
  return (value) => {
    const known: M["type"] = type(readMessage(value, where).type, "type", where);
    return readers[known](value, "", where);
  };
}

/** The bytes of the one buffer that a message carries. @throws ProtocolError on another number or length */
export function oneBuffer(buffers: Buffers, length: number, where: string): Uint8Array {
  const bytes = buffers.length === 1 ? asBytes(buffers[0]) : undefined;
  if (bytes?.length === length) return bytes;
  throw new ProtocolError(where, "buffers", `one buffer of ${length} bytes`, bytes ?? buffers.length);
}

function asBytes(buffer: ArrayBuffer | ArrayBufferView): Uint8Array {
  if (!ArrayBuffer.isView(buffer)) return new Uint8Array(buffer);
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
