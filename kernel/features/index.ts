/** Features of many images on disk. */
export { listImages, type ImageFile } from "./images";
export { extract, type ExtractOptions, type ExtractProgress, type ExtractResult } from "./extract";
export { FeatureFolder, openFeatures } from "./read";
export type { ShardOption } from "./images";
export { hashModel } from "./run-identity";
export type { ExtractedLayer, ExtractionRun, FeatureDtype } from "./run-identity";
export type { ManifestLine } from "./store";
export type { StoredTensor } from "./tensors";
