/** Frozen vision encoders: loading, preprocessing, intermediate features. */
import { concatenate } from "./concatenate";
import { extract, openFeatures } from "./extraction";
import { load } from "./load";
import { list } from "./locate";
import { registry } from "./registry";

export { AttentionMap } from "./attention-map";
export {
  Encoder,
  type EncoderInfo,
  type EncoderSource,
  type ForwardResult,
  type IntermediatesResult,
  type LayerInfo,
} from "./encoder";
export { EncoderError } from "./errors";
export { Embeddings } from "./embeddings";
export { FeatureMap, type FeatureMapFields, type OutputFormat, type PrefixTokens } from "./feature-map";
export type { Facet, ForwardOptions } from "./options";
export { FeatureFolder, hashModel, listImages, type ImageFile } from "./extraction";
export type {
  ExtractedLayer,
  ExtractionRun,
  ExtractOptions,
  ExtractProgress,
  ExtractResult,
  FeatureDtype,
  ManifestLine,
  ShardOption,
  StoredTensor,
} from "./extraction";
export type { HubModelOptions } from "./hub-model";
export type { LoadOptions } from "./load";
export type { TokenLayout, TokenOptions } from "./layout";
export type { DisplayBundle } from "../view/describe";
export {
  type EncoderInput,
  Geometry,
  prepareImage,
  PreparedImage,
  type Preprocess,
  preprocessImage,
} from "./preprocess";
export type { Precision } from "./precision";
export { preprocess, type Preprocessed } from "./preprocess-batch";
export { type PreprocessOptions, readPreprocess } from "./preprocess-config";
export type { EncoderFamily, RegistryEntry } from "./registry";
export { type TokenBatch, Tokenizer } from "./tokenizer";
export { type Interpolation, resample, type Window } from "./resample";

/** Frozen vision encoders. */
export const encoders = { load, list, concatenate, extract, openFeatures, registry };
