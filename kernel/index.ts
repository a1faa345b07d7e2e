/** Everything a notebook may import from `"fovea"`: the namespaces, and every type that a public function can return. */
export * from "./backend";
export * from "./data";
export * from "./encoders";
export * from "./hub";
export * from "./law";
export * from "./nn";
export { onnx, OnnxError, type BlockInfo, type Inspection, type TensorShape } from "./onnx";
export * from "./view";
export * from "./view/host";
