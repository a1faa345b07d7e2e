import type { OutputFormat } from "./feature-map";
import { EncoderError } from "./errors";

/** What of a block is taken: its output, or what its attention multiplies. */
export type Facet = "token" | "query" | "key" | "value";

const FACETS: Facet[] = ["token", "query", "key", "value"];

/** What to take out of an encoder; names and meaning are timm's (`forward_intermediates`). */
export interface ForwardOptions {
  /**
   * Blocks whose output is wanted. Absent or null: all. A number n: the last n. A list: 0-based, negative ones from the
   * end; results come in depth order and once each, whatever the order asked for.
   */
  indices?: number | readonly number[] | null;
  /** Apply the model's final norm to each intermediate. Default false. */
  norm?: boolean;
  /** Hand out class and register tokens apart. Default false. */
  returnPrefixTokens?: boolean;
  /** Default `"NCHW"`. */
  outputFmt?: OutputFormat;
  /** Do not compute the blocks after the last one wanted: `final` is then the state after that block. Default false. */
  stopEarly?: boolean;
  /** Leave `final` out. Default false. */
  intermediatesOnly?: boolean;
  /**
   * `token` (default): the residual stream after the block. `query`, `key`, `value`: what enters the block's attention,
   * heads side by side, before the scale and after rotary positions (Amir et al. 2021, "Deep ViT features").
   */
  facet?: Facet;
  /** Also hand out the stream before the first block, as `embeddings` (transformers' `hidden_states[0]`). Default false. */
  returnEmbeddings?: boolean;
  /** Images that go through the model together. Default 16. */
  batchSize?: number;
  /** Called after each batch with the number of images done and of all. */
  onProgress?: (progress: { done: number; total: number }) => void;
  /** Stops between two batches: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** `ForwardOptions` with every default filled in and every value checked. */
export interface CheckedOptions extends Required<Omit<ForwardOptions, "indices" | "onProgress" | "signal">> {
  layers: number[];
  onProgress: (progress: { done: number; total: number }) => void;
  signal: AbortSignal | null;
}

/** Checks options against the encoder's depth. Throws `EncoderError`. */
export function checkOptions(fn: string, options: ForwardOptions, depth: number): CheckedOptions {
  const {
    norm = false,
    returnPrefixTokens = false,
    outputFmt = "NCHW",
    stopEarly = false,
    intermediatesOnly = false,
  } = options;
  if (outputFmt !== "NCHW" && outputFmt !== "NLC")
    throw new EncoderError(fn, "outputFmt must be NCHW or NLC", outputFmt);
  const layers = checkIndices(fn, options.indices, depth);
  const batchSize = checkBatchSize(fn, options.batchSize);
  const { facet = "token", returnEmbeddings = false } = options;
  if (!FACETS.includes(facet)) throw new EncoderError(fn, `facet must be ${FACETS.join(", ")}`, facet);
  if (norm && facet !== "token") throw new EncoderError(fn, "norm applies to tokens, not to a facet", facet);
  const { onProgress = () => {}, signal = null } = options;
  return {
    facet,
    returnEmbeddings,
    layers,
    norm,
    returnPrefixTokens,
    outputFmt,
    stopEarly,
    intermediatesOnly,
    batchSize,
    onProgress,
    signal,
  };
}

/** Layers in depth order, each once. */
export function checkIndices(fn: string, indices: ForwardOptions["indices"], depth: number): number[] {
  if (indices === undefined || indices === null) return Array.from({ length: depth }, (_, i) => i);
  if (typeof indices === "number") {
    const legal = Number.isInteger(indices) && indices >= 1 && indices <= depth;
    if (!legal) throw new EncoderError(fn, `the number of last layers must be 1..${depth}`, indices);
    return Array.from({ length: indices }, (_, i) => depth - indices + i);
  }
  const layers = [...indices].map((index) => checkLayer(fn, index, depth));
  if (!layers.length) throw new EncoderError(fn, "indices must name at least one layer", "[]");
  return [...new Set(layers)].sort((a, b) => a - b);
}

/** A layer counted from the front. */
export function checkLayer(fn: string, index: number, depth: number): number {
  const layer = index < 0 ? index + depth : index;
  if (!Number.isInteger(layer) || layer < 0 || layer >= depth)
    throw new EncoderError(fn, `layer ${index} is out of range, legal layers are ${-depth}..${depth - 1}`, index);
  return layer;
}

export function checkBatchSize(fn: string, batchSize = 16): number {
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new EncoderError(fn, "batchSize must be a whole number of at least 1", batchSize);
  return batchSize;
}
