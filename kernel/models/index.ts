/** Models that see and answer: a small language model, and its connection to an encoder. */
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
export { Projector, type ProjectorOptions } from "./projector";
