/** Features of many pictures on disk: extracted once, and read back for trainings and scores. */
export { batches, type FeatureBatch, type FeatureBatchOptions } from "./batches";
export type { PlainFeatureMap } from "../contracts/features";
export { FeatureError } from "./error";
export type { FeatureLevel } from "./levels";
export { type ImageFile, listImages, type ShardOption } from "./images";
export { extract, type ExtractOptions } from "./extract";
export type { ExtractProgress } from "./extraction";
export type { PoolOption } from "./pool";
export type { DamagedFile, FileSum, ManifestLine } from "./intact";
export { FeatureFolder, open } from "./read";
export type { ExtractedLayer, ExtractionRun, FeatureDtype, Pool } from "./run-identity";
export {
  type ImageSource,
  type NamedPicture,
  type PictureSource,
  worldPictures,
  type WorldPictureOptions,
} from "./sources";
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
export type { ExtractResult } from "./extract-display";
