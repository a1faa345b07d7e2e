import { decodeFloat16 } from "../../numeric";
import { ProtocolError, count, index, number, object, oneOf, type Reader } from "../core/check";
import { REPLY, REQUEST, messageReader, oneBuffer, type Buffers } from "../core/messages";
import { imageIndex, type ImageIndex } from "./payload";

/** Browser to kernel: send the features of one image at one layer. */
export interface FeaturesRequest {
  type: "features";
  /** Position in the payload's `layers`. */
  layer: number;
  image: ImageIndex;
}

/** Kernel to browser: unit-length features as float16 in one buffer, rows `start` to `start + tokens` of `total`. */
export interface FeaturesReply {
  type: "features";
  layer: number;
  image: ImageIndex;
  channels: number;
  start: number;
  tokens: number;
  total: number;
}

const part = object<FeaturesReply>({
  type: oneOf(["features"]),
  layer: index,
  image: imageIndex,
  channels: count,
  start: index,
  tokens: count,
  total: number({ min: 1, max: 1 << 20, integer: true }),
});

const fittingPart: Reader<FeaturesReply> = (value, path, where) => {
  const reply = part(value, path, where);
  if (reply.start + reply.tokens <= reply.total) return reply;
  throw new ProtocolError(where, "tokens", `at most ${reply.total - reply.start} after start`, reply.tokens);
};

/** @throws ProtocolError */
export const readCorrespondenceRequest: (value: unknown) => FeaturesRequest = messageReader<FeaturesRequest>(REQUEST, {
  features: object<FeaturesRequest>({ type: oneOf(["features"]), layer: index, image: imageIndex }),
});

/** @throws ProtocolError */
export const readCorrespondenceReply: (value: unknown) => FeaturesReply = messageReader<FeaturesReply>(REPLY, {
  features: fittingPart,
});

/** The float16 buffer of a {@link FeaturesReply} as floats `[tokens, channels]`. @throws ProtocolError on a wrong length. */
export function readFeatureBuffer(reply: FeaturesReply, buffers: Buffers, where = REPLY): Float32Array {
  return decodeFloat16(oneBuffer(buffers, reply.tokens * reply.channels * 2, where));
}
