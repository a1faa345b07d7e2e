/** The LoRA family on the linear layers of any model, exchanged with PEFT. Computes on tfjs: `await nn.start()` first. */
export { AdaptedLayer, type MergedTensors } from "./adapted";
export { Adapters, type AttachOptions, type LoadOptions, type ParameterCounts } from "./adapters";
export { attach, load } from "./attach";
export { Branch, type GatedBranch } from "./branch";
export type { Combination, CombineOptions } from "./combine";
export type {
  AdapterConfig,
  AdapterOptions,
  DualLoraConfig,
  Gate,
  LoraConfig,
  MoeLoraConfig,
  PeftType,
  Router,
  SharedConfig,
} from "./config";
export type { FloatDtype } from "./dtypes";
export { convert, type ConvertOptions } from "./convert";
export { DualBranch } from "./dual-branch";
export { LoraError } from "./error";
export { type AdapterFile, readAdapter, type ReadAdapterOptions, writeAdapter } from "./file";
export { type AdapterInspection, inspect } from "./inspect";
export { gateActivity, type GateActivity, type GateActivityOptions, type GateUse } from "./gate-activity";
export type { KeyOptions } from "./keys";
export { EmbeddingBranch } from "./embedding-branch";
export type { AdaptableLayer, LinearLayer } from "./layers";
export { DoraBranch, LoraBranch } from "./lora-branch";
export { mergeFile, type MergeFileOptions, type MergeFileReport } from "./merge-file";
export { MoeBranch } from "./moe-branch";
export type { AdapterReport } from "./report";
export { SavedModule } from "./saved";
export { type LayerSizes, parameterCount } from "./shapes";
export type { LayerScale, Targets } from "./targets";
export type { Thinning, ThinningOptions } from "./thinning";
