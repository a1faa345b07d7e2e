/** Training in stages on tfjs: optimizers, schedules, checkpoints. */
export * as augment from "./augment";
export { AdamW, type AdamWOptions } from "./update/adamw";
export { batches, type BatchOptions, type BatchSource } from "./batches/batches";
export { type Checkpoint, type Progress, readCheckpoint, writeCheckpoint } from "./fit/checkpoint";
export { clipFactor, globalNorm, scaleGradients } from "./update/clip";
export { TrainingControl, type TrainingObserver } from "./runs/control";
export type { EarlyStop, EarlyStopState } from "./fit/early-stop";
export { Ema } from "./update/ema";
export { NotFiniteError, TrainError } from "./error";
export type { Evaluation, Validation } from "./fit/evaluation";
export { findLearningRate, type FindLearningRateOptions } from "./fit/find-learning-rate";
export { fit, steps } from "./fit/fit";
export { layerDecay, type LayerDecayOptions } from "./update/layer-decay";
export type { FitOptions } from "./fit/fit-options";
export type { StepReport, TrainingEnd, TrainingResult, TrainingState } from "./runs/report";
export { disposeGradients, lossAndGradients, type LossAndGradients } from "./update/gradients";
export type { RunLog } from "./runs/journal";
export type { TrainingMemory } from "./runs/memory";
export type { PlannedGroup, PlannedStage, TrainingPlan } from "./runs/plan";
export type { Optimizer, ParameterGroup } from "./update/optimizer";
export { constant, cosine, linear, type Schedule, type ScheduleOptions } from "./update/schedule";
export { SGD, type SgdOptions } from "./update/sgd";
export { runs, type RunTable, type StoredRun } from "./runs/runs";
export { type Stage, type StageGroup, type StageReport } from "./update/stages";
export { LearningRateSweep } from "./fit/sweep";
export type { LossFunction, LossWithMetrics, UpdateReport } from "./update/update";
export {
  balancedWeights,
  type BalancedWeightsOptions,
  weightedBatches,
  type WeightedBatchOptions,
} from "./batches/weighted";
export type { MatrixPicture } from "../contracts/picture";
