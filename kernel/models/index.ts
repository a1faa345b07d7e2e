/** Models that see, read and answer: vision transformers, a multimodal encoder, a small language model and its connection to an encoder. */
export { ModelError } from "./error";
export { load, type LoadedLanguageModel } from "./load";
export {
  type Decoder,
  type DecoderLayer,
  LanguageModel,
  type LanguageModelConfig,
  type SelfAttention,
} from "./language-model";
export { type Batch, type LevelFusion, VisionLanguageModel, type VisionLanguageOptions } from "./vision-language-model";
export { mergeTokens, splitTokens } from "./connector";
export { Projector, type ProjectorOptions } from "./projector";
export { VisionTransformer } from "./vit/vit";
export type { VitAttention, VitBlock } from "./vit/block";
export type { VitFeedForward, VitMlp, VitSwiGlu, VitSwiGluPacked } from "./vit/mlp";
export type { ConvStep, PatchEmbed } from "./vit/patch-embed";
export type { RotaryTables } from "./vit/rotary";
export type { AttentionPool } from "./vit/pool";
export type { FullVitConfig, RotaryConfig, StemStep, VitActivation, VitConfig } from "./vit/config";
export type { IntermediatesOptions, VitFormat, VitIntermediates } from "./vit/intermediates";
export { vitParameters } from "./vit/count";
export { vitConfig, type VitPreset, vitPresets } from "./vit/presets";
export type { VitNames } from "./vit/families";
export {
  loadVitState,
  type LoadVitStateOptions,
  saveVit,
  type SaveVitOptions,
  vitState,
  type VitStateOptions,
  type VitLoadReport,
} from "./vit/state";
export { type LoadedVit, loadVit, type LoadVitOptions } from "./vit/load";
export { Beit3, Beit3Encoder, type Beit3Input, type Beit3Output, Beit3VisionEmbedding } from "./beit3/beit3";
export { Beit3Attention, type Beit3Call, Beit3FeedForward, Beit3Layer, Multiway } from "./beit3/layer";
export { type Beit3Config, beit3Config, type Beit3Preset, type FullBeit3Config } from "./beit3/config";
export { beit3Parameters } from "./beit3/count";
export {
  type Beit3LoadReport,
  loadBeit3,
  type LoadBeit3Options,
  loadBeit3State,
  type LoadBeit3StateOptions,
  type LoadedBeit3,
  saveBeit3,
} from "./beit3/load";
export type { OnnxInput, OnnxResult } from "./onnx/input-types";
export { toOnnx, type ToOnnxOptions } from "./onnx/to-onnx";
export { OnnxModelFile, type OnnxValue, type SaveOnnxOptions } from "./onnx/file";
export { trainable } from "./trainable/trainable";
export { ModelSummary, type StepMemory, summary, type SummaryOptions, type SummaryRow } from "./summary";
