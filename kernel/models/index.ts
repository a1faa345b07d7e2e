/** Models that see and answer: a small language model, and its connection to an encoder. */
export { MultimodalError } from "./error";
export { load, type LoadedLanguageModel } from "./load";
export { LanguageModel, type LanguageModelConfig } from "./language-model";
export { type Batch, VisionLanguageModel, type VisionLanguageOptions } from "./vision-language-model";
export { Projector, type ProjectorOptions } from "./projector";
export * from "../studies";
