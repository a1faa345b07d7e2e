/** ONNX models: read without their weights and inspected by structure. */
export { OnnxError } from "./errors";
export { formatInspection as format } from "./format";
export type { ByteSource } from "./source";
export { inspect, type BlockInfo, type Inspection, type TensorShape } from "./inspect";
