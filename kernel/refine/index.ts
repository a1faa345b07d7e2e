/** Gradual refinement of a vision transformer beside a language model (SAILViT, arXiv 2507.01643): network, stages, measures. */
export { RefineError } from "./error";
export type { RefineConfig, RefineEncoder } from "./config";
export { VisionHierarchy } from "./layers";
export { type RefineInput, RefineModel } from "./model";
export { type RefineBatch, batch, type RefineExample, loss } from "./loss";
export { type PictureTiles, tileGrid, type TileOptions, tilePicture } from "./tiles";
export { plan, RefinePlan, type RefinePlanOverrides } from "./plan";
export type { RefineGroup, RefinePlanName, RefinePlanSpec, RefineStage } from "./plans";
export { type Refinement, type RefineOptions, type RefineStageProof, stagesFor as stages, train } from "./train";
export { saveVision, type SavedVision } from "./save";
export {
  change,
  distribution,
  type FeatureChange,
  type FeatureDistribution,
  gap,
  type Gap,
  type GapOptions,
} from "./gap";
export type { RefineFigure } from "./jackknife";
export {
  record,
  type RefineLayer,
  type RefineRecordOptions,
  type RefineSnapshot,
  type RefineWord,
  StageRecord,
} from "./record";
export { score, type RefineScore, type RefineScoreOptions } from "./score";
