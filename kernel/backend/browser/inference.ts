/**
 * Worker of onnxruntime-web. A run holds its thread, so the runtime has a separate one; two runs at once are refused by the runtime, so requests
 * wait for each other.
 */
import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import type { Request } from "../messages";
import { buffersOf, InferenceWorker } from "../inference-worker";
import type * as webgpu from "./webgpu";

// Only a page that is isolated from other origins has memory that threads share.
env.wasm.numThreads = 1;
env.wasm.wasmPaths = { wasm: new URL("onnxruntime.wasm", import.meta.url).href };

/** Name of the script of `webgpu.ts` beside this one. */
const WEBGPU = "onnxruntime-webgpu.js";

const worker = new InferenceWorker(async ({ model, options: { device }, weights = [] }) => {
  const isWebgpu = device === "webgpu";
  const runtime = isWebgpu
    ? ((await import(new URL(WEBGPU, import.meta.url).href)) as typeof webgpu)
    : { InferenceSession, Tensor };
  const session = await runtime.InferenceSession.create(model as Uint8Array, {
    executionProviders: [isWebgpu ? "webgpu" : "wasm"],
    logSeverityLevel: 3,
    externalData: weights.map(({ path, data }) => ({ path, data })),
  });
  return { session, Tensor: runtime.Tensor };
});

let last: Promise<unknown> = Promise.resolve();

globalThis.onmessage = ({ data }: MessageEvent<Request>) => {
  last = last
    .then(() => worker.answer(data))
    .then((response) => globalThis.postMessage(response, { transfer: buffersOf(response) }));
};
