/**
 * Worker of onnxruntime-web. A run holds its thread, so the runtime has a separate one; two runs at once are refused by the runtime, so requests
 * wait for each other.
 */
import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import type { Request } from "../messages";
import { buffersOf, InferenceWorker } from "../inference-worker";

// Without isolation of the page there is no memory that threads share.
env.wasm.numThreads = 1;
env.wasm.wasmPaths = { wasm: new URL("onnxruntime.wasm", import.meta.url).href };

const worker = new InferenceWorker({
  Tensor,
  create({ model, weights = [] }) {
    const externalData = weights.map(({ path, data }) => ({ path, data }));
    const options = { executionProviders: ["wasm"], logSeverityLevel: 3 as const, externalData };
    return InferenceSession.create(model as Uint8Array, options);
  },
});

let last: Promise<unknown> = Promise.resolve();

globalThis.onmessage = ({ data }: MessageEvent<Request>) => {
  last = last
    .then(() => worker.answer(data))
    .then((response) => globalThis.postMessage(response, { transfer: buffersOf(response) }));
};
