import { encodeFloat16 } from "../../numeric";
import { meanQuery, queryRows, tokensOfShape } from "../../protocol/attention/arithmetic";
import { readAttentionRequest, type RowsReply, type RowsRequest } from "../../protocol/attention/messages";
import { checkBelow, ProtocolError } from "../../protocol/core/check";
import { MAX_MESSAGE_BYTES, REQUEST, type Message } from "../../protocol/core/messages";
import type { Channel, LiveView } from "../live";
import type { AttentionSource, LayerAttention } from "./source";

/** Bytes of attention that are kept beside the encoder. */
const MOST_KEPT = 96 * 1024 * 1024;

/** The attention at hand, layer by layer: the latest ones stay, others are computed again. */
export class KeptAttention {
  private readonly layers = new Map<string, LayerAttention>();

  constructor(private readonly source: AttentionSource) {}

  get bytes(): number {
    return [...this.layers.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
  }

  /** Keeps a layer, and drops the oldest ones beyond the limit. */
  keep(picture: number, one: LayerAttention): void {
    this.layers.set(`${picture} ${one.layer}`, one);
    for (const key of [...this.layers.keys()])
      if (this.layers.size > 1 && this.bytes > MOST_KEPT) this.layers.delete(key);
  }

  async layer(picture: number, layer: number): Promise<LayerAttention> {
    const known = this.layers.get(`${picture} ${layer}`);
    if (known) return known;
    const [read] = await this.source.read(picture, [layer]);
    this.keep(picture, read);
    return read;
  }
}

/** Serves rows of any query at any layer. */
export function serveAttention(id: string, source: AttentionSource, kept: KeptAttention, pictures: number): LiveView {
  return {
    id,
    bytes: kept.bytes,
    serve: (message, channel) => sendRows(source, kept, pictures, message, channel),
  };
}

async function sendRows(
  source: AttentionSource,
  kept: KeptAttention,
  pictures: number,
  message: Message,
  channel: Channel,
): Promise<void> {
  const request = readAttentionRequest(message);
  checkBelow(REQUEST, "picture", request.picture, pictures);
  checkBelow(REQUEST, "layer", request.layer, source.layers.length);
  const { reply, buffer } = rowsReply(request, await kept.layer(request.picture, source.layers[request.layer]));
  channel.send(reply, [buffer]);
}

/** @throws ProtocolError for queries beyond the last one, or for more than one message holds */
export function rowsReply(
  request: RowsRequest,
  { data, shape }: LayerAttention,
): { reply: RowsReply; buffer: Uint8Array } {
  const { start, count } = request;
  const tokens = tokensOfShape(shape);
  const queries = meanQuery(shape) + 1;
  if (start + count > queries)
    throw new ProtocolError(REQUEST, "count", `at most ${queries - start} after start`, count);
  const size = shape.heads * tokens;
  if (2 * size * count > MAX_MESSAGE_BYTES && count > 1)
    throw new ProtocolError(
      REQUEST,
      "count",
      `at most ${Math.floor(MAX_MESSAGE_BYTES / (2 * size))} in a message`,
      count,
    );
  const rows = new Float32Array(count * size);
  for (let i = 0; i < count; i++) rows.set(queryRows(data, shape, start + i), i * size);
  return { reply: { ...request, heads: shape.heads, tokens }, buffer: encodeFloat16(rows) };
}
