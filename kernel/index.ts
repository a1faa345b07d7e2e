/**
 * Everything a notebook may import from `"fovea"`: a namespace for each room, with its functions, classes and types, and the
 * four functions that write to the output of a cell, which most cells need and no room owns; every error is a `RuleError`.
 */
export * as backend from "./backend";
export * as data from "./data";
export * as encoders from "./encoders";
export * as features from "./features";
export * as grounding from "./grounding";
export * as hub from "./hub";
export * as law from "./law";
export * as lora from "./lora";
export * as models from "./models";
export * as nn from "./nn";
export * as onnx from "./onnx";
export * as refine from "./refine";
export * as report from "./report";
export * as safetensors from "./safetensors";
export * as sak from "./sak";
export * as similarity from "./similarity";
export * as studies from "./studies";
export * as tasks from "./tasks";
export * as train from "./train";
export * as vce from "./vce";
export * as view from "./view";
export * as widgets from "./widgets";
export { clearOutput, comms, display, displayHandle } from "./display/display";
export { RuleError } from "./rules/rule-error";
