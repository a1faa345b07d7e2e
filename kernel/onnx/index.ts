/** ONNX models: read without their weights, inspected by structure, edited in memory, built from scratch. */
import { formatInspection } from "./format";
import { inspect } from "./inspect";

export { OnnxError } from "./errors";
export {
  analyse,
  blockInfo,
  countParameters,
  type Analysis,
  type BlockInfo,
  type Inspection,
  type TensorShape,
} from "./inspect";
export { buildModel, type BuiltGraph, type BuiltNode } from "./build";
export { editModel, type EditedModel } from "./edit";
export type { BlockSite, Structure } from "./blocks";
export type { NormParameters, NormSite } from "./norms";
export { stemGrid, stemStride, type StemStep } from "./stem";
export { readTensor } from "./tensor";
export type { OnnxModel } from "./model";
export { readModel } from "./parse";
export { type LevelForm, quantize } from "./quantize";
export { widen } from "./widen";

/** Reading and inspecting ONNX models. */
export const onnx = { inspect, format: formatInspection };
