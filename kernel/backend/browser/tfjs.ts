/** tfjs as one script, which is run when a cell first computes with it. */
import "@tensorflow/tfjs-core/dist/register_all_gradients";

export * as core from "@tensorflow/tfjs-core";
export { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
export { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
