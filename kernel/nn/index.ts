/** Layers, named parameters and their files. Computation runs on tfjs; `await nn.start(device)` chooses its device. */
export {
  installedDevices,
  startTfjs as start,
  trainingDevice,
  type TrainingDevice,
  type TrainingDeviceRequest,
} from "../backend/tfjs";
export type { NativeOptions } from "../backend/native/options";
export { activate, type Activation, gelu, relu, silu } from "./layers/activations";
export {
  attend,
  type AttendOptions,
  Attention,
  type AttentionCall,
  type AttentionOptions,
  splitHeads,
} from "./layers/attention";
export { allowCapture, type CaptureOptions } from "./module/captured";
export { Block, type BlockOptions, LayerScale, Mlp, type MlpOptions, SwiGlu, type SwiGluOptions } from "./layers/block";
export {
  DeformableAttention,
  type DeformableAttentionOptions,
  type DeformableCall,
  gridReferences,
} from "./deformable/attention";
export { deformableSample, type SamplingWay } from "./deformable/sampling";
export type { Grid } from "../contracts/geometry";
export { Conv1D, type Conv1DOptions } from "./layers/conv1d";
export { Conv2d, type Conv2dOptions } from "./layers/conv2d";
export { DropPath, dropPath } from "./layers/drop-path";
export { Dropout, dropout } from "./layers/dropout";
export { drawn } from "../backend/capture";
export { Embedding, type EmbeddingOptions } from "./layers/embedding";
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
} from "./module/initializers";
export { Linear, linear, type LinearOptions } from "./layers/linear";
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
export { type Layer, Module } from "./module/module";
export { LayerNorm, layerNorm, type NormOptions, RMSNorm, rmsNorm } from "./layers/norm";
export { Parameter } from "./module/parameter";
export {
  PatchEmbedding,
  type PatchEmbeddingOptions,
  type PatchProjection,
  pixelShuffle,
  pixelUnshuffle,
} from "./layers/pixels";
export { rotary } from "./layers/rotary";
export { manualSeed } from "./module/random";
export { gatherRows, scatterRows } from "./operations/rows";
export { loadState, type LoadReport, type LoadStateOptions, stateOf } from "./module/state";
export type { Tensor } from "../backend/tensor";
export { Prng } from "../numeric/prng";
