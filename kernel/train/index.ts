/** Training in stages on tfjs: optimisers, schedules, checkpoints. */
export { AdamW, type AdamWOptions, type Optimiser, type ParameterGroup } from "./adamw";
export { batches, type BatchOptions, type BatchSource } from "./batches";
export { type Checkpoint, type Progress, readCheckpoint, writeCheckpoint } from "./checkpoint";
export { clipFactor, globalNorm, scaleGradients } from "./clip";
export { TrainingControl } from "./control";
export type { EarlyStop, EarlyStopState } from "./early-stop";
export { Ema } from "./ema";
export { TrainError } from "./error";
export { fit, type FitOptions, steps, type StepReport, type TrainingResult, type Validation } from "./fit";
export { disposeGradients, lossAndGradients, type LossAndGradients } from "./gradients";
export { constant, cosine, linear, type Schedule, type ScheduleOptions } from "./schedule";
export { hashParameters, type Stage, type StageGroup, type StageReport } from "./stages";
export type { LossFunction, LossWithMetrics, UpdateReport } from "./update";
