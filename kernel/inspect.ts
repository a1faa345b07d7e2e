/**
 * Models read where there are no files, as in a page of JupyterLab (`import … from "fovea/inspect"`): the header of a safetensors file
 * and the structure of an ONNX model, over bytes that the caller brings.
 */
export { KIND_BYTES } from "./rules/file-kind";
export { fromHalf } from "./numeric/half";
export { inspect } from "./onnx/inspect";
export type { ByteSource } from "./onnx/source";
export { OnnxError } from "./onnx/errors";
export { checkHeaderLength, parseHeader, SafetensorsError, type SafetensorsHeader } from "./safetensors/header";
export { RuleError } from "./rules/rule-error";
export type { SafetensorsDtype, SafetensorsEntry } from "./safetensors/entry";
export type { BlockInfo, Inspection, TensorShape } from "./onnx/format";
