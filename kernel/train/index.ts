/** Training in stages on tfjs: optimisers, schedules, checkpoints. */
export { AdamW, type AdamWOptions } from "./adamw";
export { batches, type BatchOptions, type BatchSource } from "./batches";
export { type Checkpoint, type Progress, readCheckpoint, writeCheckpoint } from "./checkpoint";
export { clipFactor, globalNorm, scaleGradients } from "./clip";
export { TrainingControl, type TrainingEnd, type TrainingObserver, type TrainingState } from "./control";
export type { EarlyStop, EarlyStopState } from "./early-stop";
export { Ema } from "./ema";
export { TrainError } from "./error";
export type { Evaluation, Validation } from "./evaluation";
export { fit, type FitOptions, steps, type StepReport, type TrainingResult } from "./fit";
export { disposeGradients, lossAndGradients, type LossAndGradients } from "./gradients";
export type { TrainingMemory } from "./memory";
export type { PlannedGroup, PlannedStage, TrainingPlan } from "./plan";
export type { Optimiser, ParameterGroup } from "./optimiser";
export { constant, cosine, linear, type Schedule, type ScheduleOptions } from "./schedule";
export { SGD, type SgdOptions } from "./sgd";
export { hashParameters, type Stage, type StageGroup, type StageReport } from "./stages";
export type { LossFunction, LossWithMetrics, UpdateReport } from "./update";
