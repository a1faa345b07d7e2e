import { encodeFloat16 } from "../../numeric";
import { checkBelow } from "../../protocol/core/check";
import { MAX_MESSAGE_BYTES, REQUEST, type Message } from "../../protocol/core/messages";
import type { FeaturePair } from "../../protocol/core/quantize";
import { readCorrespondenceRequest, type FeaturesReply } from "../../protocol/correspondence/messages";
import type { Side } from "../../protocol/correspondence/payload";
import type { Channel, LiveView } from "../live";

/** Serves the full features of a view, layer by layer. */
export function serveFeatures(id: string, layers: readonly FeaturePair[]): LiveView {
  const bytes = layers.reduce((sum, { features: [a, b] }) => sum + a.byteLength + b.byteLength, 0);
  return { id, bytes, serve: (request, channel) => sendFeatures(layers, request, channel) };
}

function sendFeatures(layers: readonly FeaturePair[], message: Message, channel: Channel): void {
  const { layer, image } = readCorrespondenceRequest(message);
  checkBelow(REQUEST, "layer", layer, layers.length);
  for (const { reply, buffer } of featureParts(layers[layer], layer, image)) channel.send(reply, [buffer]);
}

/** The features of one image as messages of at most {@link MAX_MESSAGE_BYTES}. */
export function featureParts(
  pair: FeaturePair,
  layer: number,
  image: Side,
  limit: number = MAX_MESSAGE_BYTES,
): { reply: FeaturesReply; buffer: Uint8Array }[] {
  const { channels } = pair;
  const features = pair.features[image];
  const total = features.length / channels;
  const step = Math.max(1, Math.floor(limit / (2 * channels)));
  const starts = Array.from({ length: Math.ceil(total / step) }, (_, i) => i * step);
  return starts.map((start) => {
    const tokens = Math.min(step, total - start);
    const buffer = encodeFloat16(features.subarray(start * channels, (start + tokens) * channels));
    return { reply: { type: "features", layer, image, channels, start, tokens, total }, buffer };
  });
}
