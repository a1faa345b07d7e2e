/** Public interface of `"fovea"`: the namespaces, and every type that a public function can return. */
export * from "./backend";
export * from "./data";
export * from "./encoders";
export * from "./hub";
export * from "./law";
export * as lora from "./lora";
export * as nn from "./nn";
export * from "./safetensors";
export { onnx, OnnxError, type BlockInfo, type Inspection, type TensorShape } from "./onnx";
export * as multimodal from "./models";
export * as train from "./train";
export * as vce from "./vce";
export type { MatrixPicture } from "./picture";
export type { Tensor } from "./backend/tensor";
export * from "./view";
export * from "./display/host";
export * from "./widgets";
