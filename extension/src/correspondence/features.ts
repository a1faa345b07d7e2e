import {
  ProtocolError,
  dequantize,
  similaritySpace,
  type CorrespondencePayload,
  type FeaturePair,
  type FeaturesReply,
  type Similarity,
} from "fovea/protocol";

/** Features at hand for one layer. */
export interface LayerFeatures {
  pair: FeaturePair;
  /** Reduced features from the notebook, not the encoder's own. */
  approximate: boolean;
}

interface Incoming {
  values: Float32Array;
  /** Rows that have not come yet, by first row. */
  missing: Set<number>;
}

/** Features by layer: saved ones at first, full ones when the kernel has sent both images. */
export class FeatureStore {
  constructor(private readonly payload: CorrespondencePayload) {}

  /** Returns the features that a query at this layer can use, or `undefined` when the layer was not saved and has not come. */
  layer(position: number): LayerFeatures | undefined {
    const known = this.layers.get(position);
    if (known) return known;
    const reduced = this.payload.layers[position]?.reduced;
    if (!reduced) return undefined;
    const features: FeaturePair["features"] = [dequantize(reduced[0]), dequantize(reduced[1])];
    const saved = { pair: { channels: reduced[0].dims, features }, approximate: true };
    this.layers.set(position, saved);
    return saved;
  }

  hasFull(position: number): boolean {
    return this.layers.get(position)?.approximate === false;
  }

  /** The layer's features ready for dot products of a similarity; computed once. */
  space(position: number, similarity: Similarity): FeaturePair | undefined {
    const layer = this.layer(position);
    if (!layer) return undefined;
    const key = `${position} ${similarity === "centered"}`;
    let space = this.spaces.get(key);
    if (!space) this.spaces.set(key, (space = similaritySpace(layer.pair, similarity)));
    return space;
  }

  /** Takes rows from the kernel. Returns whether the layer is now complete. @throws ProtocolError on the wrong shape. */
  accept(reply: FeaturesReply, values: Float32Array): boolean {
    this.check(reply);
    const key = `${reply.layer} ${reply.image}`;
    let incoming = this.incoming.get(key);
    if (!incoming) {
      incoming = {
        values: new Float32Array(reply.total * reply.channels),
        missing: new Set(Array(reply.total).keys()),
      };
      this.incoming.set(key, incoming);
    }
    incoming.values.set(values, reply.start * reply.channels);
    for (let row = reply.start; row < reply.start + reply.tokens; row++) incoming.missing.delete(row);
    return this.complete(reply.layer, reply.channels);
  }

  private check(reply: FeaturesReply): void {
    const layer = this.payload.layers[reply.layer];
    if (!layer)
      throw new ProtocolError("fovea.view reply", "layer", `below ${this.payload.layers.length}`, reply.layer);
    const [rows, columns] = layer.placements[reply.image].grid;
    if (reply.total !== rows * columns || reply.channels !== layer.channels)
      throw new ProtocolError("fovea.view reply", "total", `${rows * columns} x ${layer.channels}`, [
        reply.total,
        reply.channels,
      ]);
  }

  private complete(position: number, channels: number): boolean {
    const both = [0, 1].map((image) => this.incoming.get(`${position} ${image}`));
    const [first, second] = both;
    if (!first || !second || first.missing.size || second.missing.size) return false;
    this.layers.set(position, { pair: { channels, features: [first.values, second.values] }, approximate: false });
    for (const centered of [true, false]) this.spaces.delete(`${position} ${centered}`);
    return true;
  }

  private readonly layers = new Map<number, LayerFeatures>();
  private readonly spaces = new Map<string, FeaturePair>();
  private readonly incoming = new Map<string, Incoming>();
}
