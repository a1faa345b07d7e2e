/** Extraction in parts: planned once, made by any number of workers, merged. */
export { follow, type FollowOptions, statusLines } from "./follow";
export { merge, type MergeOptions, type MergeResult } from "./merge";
export { extractPart, type PartOptions, type PartResult } from "./part";
export type { PartFailure, PartRecord } from "./part-folder";
export { type ExtractionPlan, openPlan, type PartFormat, plan, type PlanFile, type PlanOptions } from "./plan";
export type { ListRange, PlannedNames, PlannedSource, SourceContent } from "./source";
export {
  type DamagedPart,
  type PlanStatus,
  status,
  type StatusOptions,
  type TimedPart,
  verify,
  type VerifyOptions,
} from "./status";
