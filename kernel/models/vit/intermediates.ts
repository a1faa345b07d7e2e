import type { Tensor } from "../../backend/tensor";
import { checkIndices } from "../../encoders/options";
import type { OptionNames } from "../../rules/option-names";

/** Layout of intermediates: `NCHW` [B, C, H, W] or `NLC` [B, H · W, C]. */
export type VitFormat = "NCHW" | "NLC";
/** Every layout of intermediates. */
export const VIT_FORMATS: readonly VitFormat[] = ["NCHW", "NLC"];

/** Options of `VisionTransformer.forwardIntermediates`; names and meaning are timm's. */
export interface IntermediatesOptions {
  /** Blocks to return: the last n, or a list of 0-based numbers, negative ones from the end. Default: all. */
  indices?: number | readonly number[] | null;
  /** Apply the final norm to each intermediate. Default false. */
  norm?: boolean;
  /** Layout of the intermediates. Default `NCHW`. */
  outputFmt?: VitFormat;
  /** Return class and register tokens too. Default false. */
  returnPrefixTokens?: boolean;
  /** Also return the stream before the first block as `embeddings`. Default false. */
  returnEmbeddings?: boolean;
  /** Skip the blocks after the last requested one. Default false. */
  stopEarly?: boolean;
  /** Leave `final` out. Default false. */
  intermediatesOnly?: boolean;
}

/** Names of the options of `forwardIntermediates`. */
export const INTERMEDIATES_NAMES: OptionNames<IntermediatesOptions> = {
  indices: true,
  norm: true,
  outputFmt: true,
  returnPrefixTokens: true,
  returnEmbeddings: true,
  stopEarly: true,
  intermediatesOnly: true,
};

/** Result of `VisionTransformer.forwardIntermediates`. */
export type VitIntermediates = {
  /** Streams after the requested blocks, in depth order: [B, C, H, W] or [B, H · W, C]. */
  intermediates: Tensor[];
  /** Class and register tokens of each, [B, prefix, C]; present with `returnPrefixTokens`. */
  prefixTokens?: Tensor[];
  /** Patches before the first block, as one of the intermediates; present with `returnEmbeddings`. */
  embeddings?: Tensor;
  /** Tokens after the last visited block and the final norm, [B, prefix + N, C]; absent with `intermediatesOnly`. */
  final?: Tensor;
};

/** Returns the requested blocks in depth order, each once, by the rules of encoders. */
export const layersOf = (fn: string, indices: IntermediatesOptions["indices"], depth: number): number[] =>
  checkIndices(fn, indices, depth);
