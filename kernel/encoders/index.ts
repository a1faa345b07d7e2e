/** Frozen vision encoders: loading, preprocessing, intermediate features. */
export { concatenate } from "./concatenate";
export { load } from "./load";
export { list } from "./locate";
export { registry } from "./registry";

export { AttentionMap } from "./attention-map";
export { Encoder, type ForwardResult, type IntermediatesResult } from "./encoder";
export type { EncoderInfo, EncoderSource, LayerInfo } from "./encoder-info";
export { EncoderError } from "./errors";
export { Embeddings } from "./embeddings";
export { FeatureMap, type FeatureMapFields, type OutputFormat, type PrefixTokens } from "./feature-map";
export type { Facet, ForwardOptions } from "./options";
export type { HubModelOptions } from "./hub-model";
export type { LoadOptions } from "./load";
export type { ZooName } from "./locate";
export type { TokenLayout, TokenOptions } from "./layout";
export { type EncoderInput, Geometry, PreparedImage, type Preprocess } from "./preprocess/preprocess";
export type { Precision } from "./precision";
export { preprocess, type Preprocessed } from "./preprocess/batch";
export type { PreprocessOptions } from "./preprocess/config";
export type { EncoderFamily, RegistryEntry } from "./registry";
export { type TokenBatch, Tokenizer } from "./tokenizer";
export type { Interpolation, Window } from "./preprocess/resample";
