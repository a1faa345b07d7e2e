/** ONNX models: read without their weights and inspected by structure. */
export { OnnxError } from "./errors";
export { type BlockInfo, formatInspection as format, type Inspection, type TensorShape } from "./format";
export type { ByteSource } from "./source";
export { inspect } from "./inspect";
