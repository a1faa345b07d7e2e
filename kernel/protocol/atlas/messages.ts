import { decodeFloat16 } from "../../numeric";
import { index, list, nullable, number, object, oneOf } from "../core/check";
import { type Buffers, messageReader, oneBuffer, REPLY, REQUEST } from "../core/messages";
import { shownChannels } from "./arithmetic";
import { type AtlasPayload, MAX_EXPERTS } from "./payload";

/** Browser to kernel: predict every task at full size. */
export interface AtlasRequest {
  type: "predict";
  /** Number of the question, repeated in the answer. */
  serial: number;
  /** Weights of the experts, for every task and level; null leaves them to the routers. */
  weights: number[] | null;
  /** Places of teachers that take no part, among the experts. */
  closed: number[];
}

/** Kernel to browser: a buffer of half floats with the shown values of each task, one after another. */
export interface AtlasReply {
  type: "predict";
  serial: number;
  milliseconds: number;
}

/** @throws ProtocolError */
export const readAtlasRequest: (value: unknown) => AtlasRequest = messageReader<AtlasRequest>(REQUEST, {
  predict: object<AtlasRequest>({
    type: oneOf(["predict"]),
    serial: index,
    weights: nullable(list(number({ min: 0, max: 1 }), 2, MAX_EXPERTS)),
    closed: list(number({ min: 1, max: MAX_EXPERTS - 1, integer: true }), 0, MAX_EXPERTS),
  }),
});

/** @throws ProtocolError */
export const readAtlasReply: (value: unknown) => AtlasReply = messageReader<AtlasReply>(REPLY, {
  predict: object<AtlasReply>({
    type: oneOf(["predict"]),
    serial: index,
    milliseconds: number({ min: 0, max: 1e9 }),
  }),
});

/** Reads the shown values of each task from a reply's buffer. @throws ProtocolError on another length */
export function replyValues({ tasks, fullSize }: AtlasPayload, buffers: Buffers): Float32Array[] {
  const cells = fullSize[0] * fullSize[1];
  const sizes = tasks.map(({ kind }) => cells * shownChannels(kind));
  const values = decodeFloat16(oneBuffer(buffers, 2 * sizes.reduce((sum, size) => sum + size, 0), REPLY));
  let at = 0;
  return sizes.map((size) => values.subarray(at, (at += size)));
}
