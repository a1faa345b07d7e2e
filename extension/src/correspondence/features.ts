import {
  ProtocolError,
  componentColors,
  dequantize,
  patchRows,
  similaritySpace,
  type CorrespondencePayload,
  type FeatureSet,
  type FeaturesReply,
  type Similarity,
} from "fovea/protocol";

/** Features at hand for one layer. */
export interface LayerFeatures {
  set: FeatureSet;
  /** Reduced features from the notebook, not the encoder's own. */
  approximate: boolean;
}

interface Incoming {
  values: Float32Array;
  /** Rows that have not come yet, by first row. */
  missing: Set<number>;
}

/** Enough for colors: the third component need not be exact. */
const COLOR_ITERATIONS = 15;

/** Features by layer: saved ones at first, full ones when the kernel has sent all images. */
export class FeatureStore {
  constructor(private readonly payload: CorrespondencePayload) {}

  /** Returns the features that a query at this layer can use, or `undefined` when the layer was not saved and has not come. */
  layer(position: number): LayerFeatures | undefined {
    const known = this.layers.get(position);
    if (known) return known;
    const layer = this.payload.layers[position];
    if (!layer?.reduced) return undefined;
    const set = { channels: layer.reduced[0].dims, features: layer.reduced.map(dequantize), prefix: layer.prefix };
    const saved = { set, approximate: true };
    this.layers.set(position, saved);
    return saved;
  }

  hasFull(position: number): boolean {
    return this.layers.get(position)?.approximate === false;
  }

  /** The layer's features ready for dot products of a similarity; computed once. */
  space(position: number, similarity: Similarity): FeatureSet | undefined {
    const layer = this.layer(position);
    if (!layer) return undefined;
    const key = `${position} ${similarity === "centered"}`;
    let space = this.spaces.get(key);
    if (!space) this.spaces.set(key, (space = similaritySpace(layer.set, similarity)));
    return space;
  }

  /** Principal components of the features at hand as colors, `[patches, 4]` of each image; computed once. */
  colors(position: number): Uint8ClampedArray<ArrayBuffer>[] | undefined {
    const set = this.layer(position)?.set;
    if (!set) return undefined;
    let colors = this.components.get(set);
    if (!colors) {
      const patches = set.features.map((_, image) => patchRows(set, image));
      colors = componentColors(patches, set.channels, { iterations: COLOR_ITERATIONS }).images.map(opaque);
      this.components.set(set, colors);
    }
    return colors;
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
    const placement = layer.placements[reply.image];
    if (!placement)
      throw new ProtocolError("fovea.view reply", "image", `below ${layer.placements.length}`, reply.image);
    const rows = placement.grid[0] * placement.grid[1] + (layer.prefix ?? 0);
    if (reply.total !== rows || reply.channels !== layer.channels)
      throw new ProtocolError("fovea.view reply", "total", `${rows} x ${layer.channels}`, [
        reply.total,
        reply.channels,
      ]);
  }

  private complete(position: number, channels: number): boolean {
    const { prefix } = this.payload.layers[position];
    const all = this.payload.images.map((_, image) => this.incoming.get(`${position} ${image}`));
    const features = all.flatMap((one) => (one && one.missing.size === 0 ? [one.values] : []));
    if (features.length < all.length) return false;
    this.layers.set(position, { set: { channels, features, prefix }, approximate: false });
    for (const centered of [true, false]) this.spaces.delete(`${position} ${centered}`);
    return true;
  }

  private readonly layers = new Map<number, LayerFeatures>();
  private readonly spaces = new Map<string, FeatureSet>();
  private readonly components = new WeakMap<FeatureSet, Uint8ClampedArray<ArrayBuffer>[]>();
  private readonly incoming = new Map<string, Incoming>();
}

function opaque(colors: Uint8ClampedArray): Uint8ClampedArray<ArrayBuffer> {
  const out = new Uint8ClampedArray((colors.length / 3) * 4).fill(255);
  for (let i = 0; i < colors.length; i++) out[4 * Math.floor(i / 3) + (i % 3)] = colors[i];
  return out;
}
