/**
 * Wire format: identities, a delimiter, an HMAC over exactly the four JSON frames, those frames, then raw buffers.
 * Buffers are not signed; signing them makes every binary message look forged.
 */
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { isShallow } from "./depth";
import { isRecord } from "../rules/json-text";
import { PROTOCOL_VERSION, type Content, type Header, type Message } from "./messages";

const DELIMITER = Buffer.from("<IDS|MSG>");
/**
 * Number of signatures remembered against replays. A peer that sends more than this while replaying one has the key.
 */
const REMEMBERED = 65_536;

/** Signs and verifies with one key and remembers accepted signatures. */
export class Signer {
  private readonly seen = new Set<string>();

  constructor(private readonly key: string) {}

  sign(frames: readonly Uint8Array[]): string {
    if (this.key === "") return "";
    const hmac = createHmac("sha256", this.key);
    for (const frame of frames) hmac.update(frame);
    return hmac.digest("hex");
  }

  /** Returns true once per signature. An empty key disables signing, as in the protocol. */
  accepts(signature: Uint8Array, frames: readonly Uint8Array[]): boolean {
    if (this.key === "") return true;
    const expected = Buffer.from(this.sign(frames));
    if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) return false;
    return this.remember(expected.toString("latin1"));
  }

  private remember(signature: string): boolean {
    if (this.seen.has(signature)) return false;
    this.seen.add(signature);
    if (this.seen.size > REMEMBERED) {
      for (const oldest of this.seen) {
        this.seen.delete(oldest);
        break;
      }
    }
    return true;
  }
}

/** Decodes a message; `undefined` for anything forged, replayed, truncated or not JSON, which is dropped silently. */
export function decode(frames: readonly Uint8Array[], signer: Signer): Message | undefined {
  const at = frames.findIndex((frame) => DELIMITER.equals(frame));
  if (at < 0 || frames.length < at + 6) return undefined;
  const signature = frames[at + 1]!;
  const json = frames.slice(at + 2, at + 6);
  if (!signer.accepts(signature, json)) return undefined;
  const [header, parentHeader, metadata, content] = json.map(parseObject);
  if (!header || !parentHeader || !metadata || !content || !isHeader(header)) return undefined;
  const isKept = json.map((frame) => isShallow(frame));
  return {
    identities: frames.slice(0, at),
    header: isKept[0] ? header : knownFields(header),
    parentHeader: isKept[1] && isHeader(parentHeader) ? parentHeader : {},
    metadata: isKept[2] ? metadata : {},
    content: isKept[3] ? content : {},
    buffers: frames.slice(at + 6),
    isTooDeep: isKept.includes(false),
  };
}

/** Encodes a message as signed frames. */
export function encode(message: Message, signer: Signer): Uint8Array[] {
  const json = [message.header, message.parentHeader, message.metadata, message.content].map((part) =>
    Buffer.from(JSON.stringify(part)),
  );
  return [...message.identities, DELIMITER, Buffer.from(signer.sign(json)), ...json, ...message.buffers];
}

/** Makes headers that share the session id of one kernel process. */
export class HeaderFactory {
  private readonly session = randomUUID();

  create(msgType: string): Header {
    return {
      msg_id: randomUUID(),
      msg_type: msgType,
      session: this.session,
      username: "kernel",
      date: new Date().toISOString(),
      version: PROTOCOL_VERSION,
    };
  }
}

function parseObject(frame: Uint8Array): Content | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString("utf8"));
    return isRecord(value) ? (value as Content) : undefined;
  } catch {
    return undefined;
  }
}

function knownFields({ msg_id, msg_type, session, username, date, version }: Header): Header {
  return {
    msg_id,
    msg_type,
    session,
    username: asText(username),
    date: asText(date),
    version: asText(version),
  };
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function isHeader(value: object): value is Header {
  const header = value as Partial<Header>;
  return typeof header.msg_id === "string" && typeof header.msg_type === "string" && typeof header.session === "string";
}
