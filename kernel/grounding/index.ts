/** Visual grounding (SimVG, arXiv 2409.17531): boxes of what a phrase names, by a fast branch that a decoder has taught. */
export { batches, type GroundingBatch, type GroundingBatchOptions } from "./batches";
export {
  confidence,
  type Confidence,
  type ConfidenceOptions,
  type ConfidencePoint,
  type ConfidenceSample,
} from "./confidence";
export type { FullGroundingHeadConfig, GroundingBranch, GroundingHeadConfig } from "./config";
export { groundingHeadParameters, type GroundingHeadParameters } from "./count";
export { type Memory, QueryDecoder, QueryDecoderLayer, type QueryDecoderOptions } from "./decoder";
export { GroundingError } from "./error";
export { load, type LoadSimVgOptions, save, type SaveSimVgOptions } from "./file";
export { BoxHeads, type GroundingFeatures, GroundingHead, type GroundingPredictions } from "./head";
export { distillationWeight, groundingLoss, type GroundingLossOptions } from "./loss";
export { type Detections, detectionsOf, type PictureSize, SimVg, type SimVgConfig, simVgParameters } from "./model";
export { cleanPhrase, type EncodedPhrases, encodePhrases, type PhraseOptions } from "./phrases";
export {
  groundingSchedule,
  type GroundingScheduleOptions,
  groundingSettings,
  type GroundingSettingsOptions,
  groundingStage,
  type GroundingStageOptions,
} from "./stages";
export {
  evaluate,
  type EvaluateOptions,
  type Evaluation,
  groundingStep,
  type GroundingStepOptions,
  inputOf,
  predict,
  type PredictOptions,
} from "./step";
