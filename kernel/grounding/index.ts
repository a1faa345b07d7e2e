/** Visual grounding (SimVG, arXiv 2409.17531): boxes of the objects that a phrase names, by a fast branch that a decoder has taught. */
export { batches, type GroundingBatch, type GroundingBatchOptions } from "./batches";
export {
  confidence,
  type Confidence,
  type ConfidenceOptions,
  type ConfidencePoint,
  type ConfidenceSample,
} from "./confidence";
export type { FullGroundingHeadConfig, GroundingBranch, GroundingHeadConfig } from "./config";
export { headParameters, type GroundingHeadParameters } from "./count";
export { GroundingError } from "./error";
export { type GroundingOnnxOptions, saveOnnx, type SaveGroundingOnnxOptions, toOnnx } from "./export";
export { load, type LoadSimVgOptions, save, type SaveSimVgOptions } from "./file";
export {
  Explorer,
  explorer,
  type ExplorerOptions,
  type Grounded,
  type GroundedAttention,
  type ReplayEpoch,
} from "./explorer";
export { type GroundingFeatures, GroundingHead, type GroundingPredictions } from "./head";
export { BoxHeads, type Memory, QueryDecoder, QueryDecoderLayer, type QueryDecoderOptions } from "./layers";
export { distillationWeight, loss, type GroundingLossOptions } from "./loss";
export {
  type Detections,
  detectionsOf,
  type FullSimVgConfig,
  parameters,
  type PictureSize,
  SimVg,
  type SimVgConfig,
} from "./model";
export { cleanPhrase, type EncodedPhrases, encodePhrases, type PhraseOptions } from "./phrases";
export type { ChannelStatistics } from "./preprocess";
export { type GroundingSession, type GroundOptions, loadOnnx, type LoadGroundingOnnxOptions } from "./session";
export {
  type GroundingScheduleOptions,
  type GroundingSettingsOptions,
  type GroundingStageOptions,
  schedule,
  settings,
  stage,
} from "./stages";
export { evaluate, type EvaluateOptions, type Evaluation, type GroundingSample } from "./evaluate";
export { type GroundingStepOptions, inputOf, predict, type PredictOptions, step } from "./step";
