/** Visual grounding (SimVG, arXiv 2409.17531): boxes of what a phrase names, by a fast branch that a decoder has taught. */
export type { FullGroundingHeadConfig, GroundingBranch, GroundingHeadConfig } from "./config";
export { groundingHeadParameters, type GroundingHeadParameters } from "./count";
export { type Memory, QueryDecoder, QueryDecoderLayer, type QueryDecoderOptions } from "./decoder";
export { GroundingError } from "./error";
export { BoxHeads, type GroundingFeatures, GroundingHead, type GroundingPredictions } from "./head";
export { distillationWeight, groundingLoss, type GroundingLossOptions } from "./loss";
