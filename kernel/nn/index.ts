/** Layers, named parameters and their files. Computation runs on tfjs; `await nn.start(device)` chooses its device. */
export {
  installedDevices,
  startTfjs as start,
  trainingDevice,
  type TrainingDevice,
  type TrainingDeviceRequest,
} from "../backend/tfjs";
export type { NativeOptions } from "../backend/native/options";
export { activate, type Activation, gelu, relu, silu } from "./activations";
export {
  attend,
  type AttendOptions,
  Attention,
  type AttentionCall,
  type AttentionOptions,
  splitHeads,
} from "./attention";
export { allowCapture, type CaptureOptions } from "./captured";
export { Block, type BlockOptions, LayerScale, Mlp, type MlpOptions, SwiGlu } from "./block";
export {
  DeformableAttention,
  type DeformableAttentionOptions,
  type DeformableCall,
  gridReferences,
} from "./deformable/attention";
export { deformableSample, type SamplingWay } from "./deformable/sampling";
export type { Grid } from "../contracts/geometry";
export { Conv1D } from "./conv1d";
export { Conv2d, type Conv2dOptions } from "./conv2d";
export { DropPath, dropPath } from "./drop-path";
export { Dropout, dropout } from "./dropout";
export { drawn } from "../backend/capture";
export { Embedding, type EmbeddingOptions } from "./embedding";
export { NnError } from "./error";
export {
  constant,
  type Initializer,
  kaimingUniform,
  normal,
  ones,
  truncatedNormal,
  uniform,
  xavierNormal,
  xavierUniform,
  zeros,
} from "./initializers";
export { Linear, linear, type LinearOptions } from "./linear";
export {
  cosineLoss,
  crossEntropy,
  type CrossEntropyOptions,
  distillation,
  infoNce,
  mse,
  normalize,
  type PairReduction,
  type Reduction,
  smoothL1,
  stopGradient,
} from "./losses";
export { type Layer, Module } from "./module";
export { LayerNorm, layerNorm, type NormOptions, RMSNorm, rmsNorm } from "./norm";
export { Parameter } from "./parameter";
export {
  PatchEmbedding,
  type PatchEmbeddingOptions,
  type PatchProjection,
  pixelShuffle,
  pixelUnshuffle,
} from "./pixels";
export { rotary } from "./rotary";
export { manualSeed } from "./random";
export { gatherRows, scatterRows } from "./rows";
export { loadState, type LoadReport, type LoadStateOptions, stateOf } from "./state";
export type { Tensor } from "../backend/tensor";
export { Prng } from "../prng";
