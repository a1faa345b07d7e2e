import { decodeFloat16 } from "../../numeric";
import { index, list, object, oneOf, text } from "../core/check";
import { type Buffers, messageReader, oneBuffer, REPLY, REQUEST } from "../core/messages";
import { attentionOf, type GroundingAnswer, groundingAnswer, type GroundingPayload, MAX_PHRASE } from "./payload";
import type { WordAttention } from "./attention";

/** Browser to kernel: ground a phrase. */
export interface GroundRequest {
  type: "ground";
  /** Number of the question, repeated in the answer. */
  serial: number;
  picture: number;
  phrase: string;
}

/** Browser to kernel: send the attention between the words of a phrase and the patches. */
export interface AttendRequest {
  type: "attend";
  serial: number;
  picture: number;
  phrase: string;
}

/** Kernel to browser: boxes of a phrase. */
export interface GroundReply {
  type: "ground";
  serial: number;
  answer: GroundingAnswer;
}

/** Kernel to browser: words that the model does not know, such as one that is not typed to its end; there are no boxes. */
export interface UnknownReply {
  type: "unknown";
  serial: number;
  words: string[];
}

/** Kernel to browser: attention of every layer in one buffer of half floats, [layers, words, patches], then [layers, patches, words]. */
export interface AttendReply {
  type: "attend";
  serial: number;
  picture: number;
  phrase: string;
  words: string[];
}

const phrase = text(MAX_PHRASE);
const words = list(phrase, 1, 256);

/** @throws ProtocolError */
export const readGroundingRequest: (value: unknown) => GroundRequest | AttendRequest = messageReader<
  GroundRequest | AttendRequest
>(REQUEST, {
  ground: object<GroundRequest>({ type: oneOf(["ground"]), serial: index, picture: index, phrase }),
  attend: object<AttendRequest>({ type: oneOf(["attend"]), serial: index, picture: index, phrase }),
});

/** A reply of a grounding view. */
export type GroundingReply = GroundReply | UnknownReply | AttendReply;

/** @throws ProtocolError */
export const readGroundingReply: (value: unknown) => GroundingReply = messageReader<GroundingReply>(REPLY, {
  ground: object<GroundReply>({ type: oneOf(["ground"]), serial: index, answer: groundingAnswer }),
  unknown: object<UnknownReply>({ type: oneOf(["unknown"]), serial: index, words }),
  attend: object<AttendReply>({ type: oneOf(["attend"]), serial: index, picture: index, phrase, words }),
});

/** Reads the attention from a reply's buffer. @throws ProtocolError on another length */
export function replyAttention(payload: GroundingPayload, { words }: AttendReply, buffers: Buffers): WordAttention {
  const { grid, layers } = payload;
  const size = layers * words.length * grid[0] * grid[1];
  const values = decodeFloat16(oneBuffer(buffers, 4 * size, REPLY));
  return attentionOf(payload, words.length, [values.subarray(0, size), values.subarray(size)], "attention", REPLY);
}
