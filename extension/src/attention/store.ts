import {
  MAX_MESSAGE_BYTES,
  ProtocolError,
  distance,
  queriesOf,
  savedRowsOf,
  shapeOf,
  tokensOfShape,
  type AttentionPayload,
  type AttentionShape,
  type Point,
  type RowsReply,
  type RowsRequest,
} from "fovea/protocol";
import { patchOf } from "./state";

/** The rows that answer a query: its own, or those of the nearest patch that is saved. */
export interface FoundRows {
  /** `[heads, tokens]`. */
  rows: Float32Array;
  /** The query that the rows belong to. */
  query: number;
  /** Written in 255 shades in the notebook, not as the kernel has them. */
  isSaved: boolean;
}

interface LayerRows {
  live: Map<number, Float32Array>;
  saved: ReadonlyMap<number, Float32Array>;
}

/** Rows at hand by picture and layer: saved ones at first, then those that the kernel sends. */
export class RowStore {
  constructor(private readonly payload: AttentionPayload) {}

  /** Finds the rows of a query, or of the nearest patch; `undefined` where the layer is neither saved nor here. */
  find(picture: number, layer: number, query: number): FoundRows | undefined {
    const { live, saved } = this.rows(picture, layer);
    const own = live.get(query);
    if (own) return { rows: own, query, isSaved: false };
    const known = saved.get(query);
    if (known) return { rows: known, query, isSaved: true };
    const near = this.nearest(saved, shapeOf(this.payload, layer), query);
    return near && { ...near, isSaved: true };
  }

  /** The question that brings a query's rows: the whole layer where a message holds it, else this query alone. */
  question(picture: number, layer: number, query: number): RowsRequest | undefined {
    if (this.rows(picture, layer).live.has(query)) return undefined;
    const queries = queriesOf(this.payload);
    const shape = shapeOf(this.payload, layer);
    const isSmall = 2 * queries * shape.heads * tokensOfShape(shape) <= MAX_MESSAGE_BYTES;
    const [start, count] = isSmall ? [0, queries] : [query, 1];
    return { type: "rows", picture, layer, start, count };
  }

  /** Takes rows from the kernel. @throws ProtocolError on rows that do not fit the view */
  accept(reply: RowsReply, values: Float32Array): void {
    const { picture, layer, start, count, heads, tokens } = reply;
    this.check(reply);
    const { live } = this.rows(picture, layer);
    const size = heads * tokens;
    for (let i = 0; i < count; i++) live.set(start + i, values.subarray(i * size, (i + 1) * size));
  }

  private check({ picture, layer, start, count, heads, tokens }: RowsReply): void {
    const { pictures, layers } = this.payload;
    const legal = picture < pictures.length && layer < layers.length && start + count <= queriesOf(this.payload);
    const shape = legal ? shapeOf(this.payload, layer) : undefined;
    if (shape?.heads === heads && tokensOfShape(shape) === tokens) return;
    throw new ProtocolError("fovea.view reply", "rows", "those of a picture and a layer of the view", [
      picture,
      layer,
      start,
      count,
      heads,
      tokens,
    ]);
  }

  private rows(picture: number, layer: number): LayerRows {
    const key = `${picture} ${layer}`;
    let known = this.known.get(key);
    if (!known) {
      const saved = this.payload.saved.find((one) => one.picture === picture && one.layer === layer);
      const rows = saved ? savedRowsOf(saved, shapeOf(this.payload, layer)) : new Map<number, Float32Array>();
      this.known.set(key, (known = { live: new Map(), saved: rows }));
    }
    return known;
  }

  private nearest(
    saved: ReadonlyMap<number, Float32Array>,
    shape: AttentionShape,
    query: number,
  ): Omit<FoundRows, "isSaved"> | undefined {
    const patch = patchOf(shape, query);
    if (patch === undefined) return undefined;
    const place = (of: number): Point => [of % shape.grid[1], Math.floor(of / shape.grid[1])];
    let found: { query: number; rows: Float32Array; away: number } | undefined;
    for (const [other, rows] of saved) {
      const at = patchOf(shape, other);
      const away = at === undefined ? Infinity : distance(place(at), place(patch));
      if (away < (found?.away ?? Infinity)) found = { query: other, rows, away };
    }
    return found && { query: found.query, rows: found.rows };
  }

  private readonly known = new Map<string, LayerRows>();
}
