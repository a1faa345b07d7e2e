/** Features of many pictures on disk: extracted once, and read back for trainings and scores. */
export { batches, type FeatureBatch, type FeatureBatchOptions } from "./batches";
export type { PlainFeatureMap } from "../contracts/features";
export { FeatureError } from "./error";
export type { FeatureLevel } from "./levels";
export { listImages, type ImageFile } from "./images";
export { extract, type ExtractOptions, type ExtractResult } from "./extract";
export type { ExtractProgress } from "./extraction";
export type { Pool, PoolOption } from "./pool";
export type { DamagedFile, FileSum } from "./intact";
export { FeatureFolder, open } from "./read";
export type { ShardOption } from "./images";
export type { ExtractedLayer, ExtractionRun, FeatureDtype } from "./run-identity";
export {
  type ImageSource,
  type NamedPicture,
  type PictureSource,
  worldPictures,
  type WorldPictureOptions,
} from "./sources";
export type { ManifestLine } from "./store";
export type { StoredTensor } from "./tensors";
export {
  type DamagedPart,
  type ExtractionPlan,
  extractPart,
  follow,
  type FollowOptions,
  type ListRange,
  merge,
  type MergeOptions,
  type MergeResult,
  openPlan,
  type PartFailure,
  type PartFormat,
  type PartOptions,
  type PartRecord,
  type PartResult,
  plan,
  type PlanFile,
  type PlannedNames,
  type PlannedSource,
  type PlanOptions,
  type PlanStatus,
  type SourceContent,
  status,
  type StatusOptions,
  type TimedPart,
  verify,
  type VerifyOptions,
} from "./plan";
