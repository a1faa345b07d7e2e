import { FACETS, type Facet } from "../contracts/features";
import type { OutputFormat } from "./feature-map";
import { EncoderError } from "./errors";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { isWhole } from "../rules/rule-error";
import { patientBar } from "../display/progress";

export type { Facet };

/** Options of `forwardIntermediates`; names and meaning are timm's. */
export interface ForwardOptions {
  /**
   * Blocks to return. Absent or null: all. A number n: the last n. A list: 0-based, negative ones from the end; results
   * come in depth order, once each. Default: all.
   */
  indices?: number | readonly number[] | null;
  /** Apply the model's final norm to each intermediate. Default false. */
  norm?: boolean;
  /** Return class and register tokens separately. Default false. */
  returnPrefixTokens?: boolean;
  /** Layout of the feature maps. Default `"NCHW"`. */
  outputFmt?: OutputFormat;
  /** Skip the blocks after the last requested one: `final` is then the state after that block. Default false. */
  stopEarly?: boolean;
  /** Leave `final` out. Default false. */
  intermediatesOnly?: boolean;
  /**
   * Part of the block. `token` (default): the residual stream after the block. `query`, `key`, `value`: the inputs of
   * the block's attention, heads side by side, before the scale and after rotary positions (Amir et al. 2021, "Deep ViT
   * features").
   */
  facet?: Facet;
  /**
   * Also return the stream before the first block as `embeddings` (transformers' `hidden_states[0]`). Default false.
   */
  returnEmbeddings?: boolean;
  /** Images per run of the model. Default 16. */
  batchSize?: number;
  /** Called after each batch with the number of images done and of all. Default: a bar in a notebook, after two seconds. */
  onProgress?: (progress: { done: number; total: number }) => void;
  /** Stops between two batches: the promise rejects with the signal's reason. Default: none. */
  signal?: AbortSignal;
}

/** `ForwardOptions` with defaults filled in and every value checked. */
export interface CheckedOptions extends Required<Omit<ForwardOptions, "indices" | "onProgress" | "signal">> {
  layers: number[];
  onProgress: (progress: { done: number; total: number }) => void;
  signal: AbortSignal | null;
}

const FORWARD_NAMES: OptionNames<ForwardOptions> = {
  indices: true,
  norm: true,
  returnPrefixTokens: true,
  outputFmt: true,
  stopEarly: true,
  intermediatesOnly: true,
  facet: true,
  returnEmbeddings: true,
  batchSize: true,
  onProgress: true,
  signal: true,
};

/**
 * Checks options against the encoder's depth.
 *
 * @throws EncoderError for an invalid option
 */
export function checkOptions(fn: string, options: ForwardOptions, depth: number): CheckedOptions {
  checkOptionNames(fn, options, FORWARD_NAMES, EncoderError);
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
  const { onProgress = patientBar("Encoding", "pictures"), signal = null } = options;
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

/** Returns layers in depth order, each once. */
export function checkIndices(fn: string, indices: ForwardOptions["indices"], depth: number): number[] {
  if (indices === undefined || indices === null) return Array.from({ length: depth }, (_, i) => i);
  if (typeof indices === "number") {
    const legal = isWhole(indices) && indices <= depth;
    if (!legal) throw new EncoderError(fn, `the number of last layers must be 1..${depth}`, indices);
    return Array.from({ length: indices }, (_, i) => depth - indices + i);
  }
  const layers = [...indices].map((index) => checkLayer(fn, index, depth));
  if (!layers.length) throw new EncoderError(fn, "indices must name at least one layer", "[]");
  return [...new Set(layers)].sort((a, b) => a - b);
}

/** Returns a layer's number counted from the front. */
export function checkLayer(fn: string, index: number, depth: number): number {
  const layer = index < 0 ? index + depth : index;
  if (!isWhole(layer, 0) || layer >= depth)
    throw new EncoderError(fn, `layer ${index} is out of range, legal layers are ${-depth}..${depth - 1}`, index);
  return layer;
}

/** Options of calls that return something other than intermediates. */
export type RunOptions = Pick<ForwardOptions, "indices" | "batchSize" | "onProgress" | "signal">;

const ATTENTION_NAMES: OptionNames<RunOptions> = { indices: true, batchSize: true, onProgress: true, signal: true };
const EMBED_NAMES: OptionNames<Omit<RunOptions, "indices">> = { batchSize: true, onProgress: true, signal: true };

/** Checks options of attention maps. */
export function checkAttention(fn: string, options: RunOptions, depth: number): CheckedOptions {
  checkOptionNames(fn, options, ATTENTION_NAMES, EncoderError);
  return checkOptions(fn, options, depth);
}

/** Checks options of embeddings. */
export function checkEmbed(
  fn: string,
  options: Omit<RunOptions, "indices">,
): Pick<CheckedOptions, "batchSize" | "onProgress" | "signal"> {
  checkOptionNames(fn, options, EMBED_NAMES, EncoderError);
  const { onProgress = patientBar("Encoding", "pictures"), signal = null } = options;
  return { batchSize: checkBatchSize(fn, options.batchSize), onProgress, signal };
}

/** Returns the number of texts per run of a text tower. */
export function checkText(fn: string, options: Pick<RunOptions, "batchSize" | "onProgress" | "signal">): number {
  checkOptionNames(fn, options, { batchSize: true, onProgress: true, signal: true }, EncoderError);
  return checkBatchSize(fn, options.batchSize ?? 64);
}

export function checkBatchSize(fn: string, batchSize = 16): number {
  if (!isWhole(batchSize)) throw new EncoderError(fn, "batchSize must be a whole number of at least 1", batchSize);
  return batchSize;
}
