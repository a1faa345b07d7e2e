/** Features of many pictures on disk: extracted once, opened and read back by whoever trains or scores on them. */
export { FeatureError } from "./error";
export { listImages, type ImageFile } from "./images";
export { extract, type ExtractOptions, type ExtractProgress, type ExtractResult } from "./extract";
export { FeatureFolder, open } from "./read";
export type { ShardOption } from "./images";
export type { ExtractedLayer, ExtractionRun, FeatureDtype } from "./run-identity";
export type { ManifestLine } from "./store";
export type { StoredTensor } from "./tensors";
