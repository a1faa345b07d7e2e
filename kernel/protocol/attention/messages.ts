import { decodeFloat16 } from "../../numeric";
import { count, index, object, oneOf } from "../core/check";
import { REPLY, REQUEST, messageReader, oneBuffer, type Buffers } from "../core/messages";

/** Browser to kernel: send the rows of queries `start` to `start + count` at one layer of one picture. */
export interface RowsRequest {
  type: "rows";
  /** Position in the payload's `pictures`. */
  picture: number;
  /** Position in the payload's `layers`. */
  layer: number;
  start: number;
  count: number;
}

/** Kernel to browser: float16 `[count, heads, tokens]` in one buffer. */
export interface RowsReply extends RowsRequest {
  heads: number;
  tokens: number;
}

const rows = { type: oneOf(["rows"] as const), picture: index, layer: index, start: index, count };

/** @throws ProtocolError */
export const readAttentionRequest: (value: unknown) => RowsRequest = messageReader<RowsRequest>(REQUEST, {
  rows: object<RowsRequest>(rows),
});

/** @throws ProtocolError */
export const readAttentionReply: (value: unknown) => RowsReply = messageReader<RowsReply>(REPLY, {
  rows: object<RowsReply>({ ...rows, heads: count, tokens: count }),
});

/** The float16 buffer of a {@link RowsReply} as floats. @throws ProtocolError on a wrong length */
export function readRowsBuffer({ count, heads, tokens }: RowsReply, buffers: Buffers): Float32Array {
  return decodeFloat16(oneBuffer(buffers, 2 * count * heads * tokens, REPLY));
}
