/** The build of onnxruntime-web that computes on WebGPU. A script of its own: pages that do not ask for the device never load it. */
import { env, InferenceSession, Tensor } from "onnxruntime-web/webgpu";

env.wasm.numThreads = 1;
env.wasm.wasmPaths = { wasm: new URL("onnxruntime-webgpu.wasm", import.meta.url).href };

export { InferenceSession, Tensor };
