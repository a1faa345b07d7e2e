/**
 * The rooms that cells begin with: a page fetches half of the library for them. The others come when a cell takes one of them out of
 * `fovea`, and then `index.ts` has all.
 */
export * as backend from "../backend";
export * as data from "../data";
export * as encoders from "../encoders";
export * as hub from "../hub";
export * as law from "../law";
export * as onnx from "../onnx";
export * as safetensors from "../safetensors";
export * as similarity from "../similarity";
export * as view from "../view";
export { clearOutput, comms, display, displayHandle } from "../display/display";
export { RuleError } from "../rules/rule-error";
