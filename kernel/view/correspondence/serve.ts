import { encodeFloat16, sum } from "../../numeric";
import { checkBelow } from "../../protocol/core/check";
import { MAX_MESSAGE_BYTES, REQUEST, type Message } from "../../protocol/core/messages";
import type { FeatureSet } from "../../protocol/core/quantize";
import { readCorrespondenceRequest, type FeaturesReply } from "../../protocol/correspondence/messages";
import type { ImageIndex } from "../../protocol/correspondence/payload";
import type { Channel, LiveView } from "../live";

/** Serves the full features of a view, layer by layer. */
export function serveFeatures(id: string, layers: readonly FeatureSet[]): LiveView {
  const bytes = sum(layers.flatMap(({ features }) => features.map(({ byteLength }) => byteLength)));
  return { id, bytes, serve: (request, channel) => sendFeatures(layers, request, channel) };
}

function sendFeatures(layers: readonly FeatureSet[], message: Message, channel: Channel): void {
  const { layer, image } = readCorrespondenceRequest(message);
  checkBelow(REQUEST, "layer", layer, layers.length);
  checkBelow(REQUEST, "image", image, layers[layer].features.length);
  for (const { reply, buffer } of featureParts(layers[layer], layer, image)) channel.send(reply, [buffer]);
}

/** The features of one image as messages of at most {@link MAX_MESSAGE_BYTES}. */
export function featureParts(
  set: FeatureSet,
  layer: number,
  image: ImageIndex,
  limit: number = MAX_MESSAGE_BYTES,
): { reply: FeaturesReply; buffer: Uint8Array }[] {
  const { channels } = set;
  const features = set.features[image];
  const total = features.length / channels;
  const step = Math.max(1, Math.floor(limit / (2 * channels)));
  const starts = Array.from({ length: Math.ceil(total / step) }, (_, i) => i * step);
  return starts.map((start) => {
    const tokens = Math.min(step, total - start);
    const buffer = encodeFloat16(features.subarray(start * channels, (start + tokens) * channels));
    return { reply: { type: "features", layer, image, channels, start, tokens, total }, buffer };
  });
}
