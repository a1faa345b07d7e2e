/** LoRA family on the linear layers of any model, exchanged with PEFT. Computes on tfjs. */
export { AdaptedLayer, type MergedTensors } from "./branches/adapted";
export { Adapters, type AttachOptions, type LoadOptions, type ParameterCounts } from "./adapters";
export { attach, load } from "./model";
export type { Branch, GatedBranch } from "./branches/branch";
export type { Combination, CombineOptions } from "./combine/combine";
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
export type { FloatDtype } from "./peft/dtypes";
export { convert, type ConvertOptions } from "./peft/convert";
export type { DualBranch } from "./branches/dual-branch";
export { LoraError } from "./error";
export { type AdapterFile, readAdapter, type ReadAdapterOptions, writeAdapter } from "./peft/file";
export { type AdapterInspection, inspect } from "./peft/inspect";
export { gateActivity, type GateActivity, type GateActivityOptions, type GateUse } from "./gate-activity";
export type { KeyOptions } from "./peft/keys";
export type { EmbeddingBranch } from "./branches/embedding-branch";
export type { AdaptableLayer, LinearLayer } from "./layers";
export type { DoraBranch, LoraBranch } from "./branches/lora-branch";
export { mergeFile, type MergeFileOptions, type MergeFileReport } from "./peft/merge-file";
export type { MoeBranch } from "./branches/moe-branch";
export type { AdapterReport } from "./peft/report";
export { SavedModule } from "./branches/saved";
export { type LayerSizes, parameterCount } from "./shapes";
export type { LayerScale, Targets } from "./targets";
export type { Thinning, ThinningOptions } from "./combine/thinning-options";
