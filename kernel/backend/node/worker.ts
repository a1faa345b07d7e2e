/**
 * Thread of onnxruntime. `InferenceSession.run` blocks its event loop despite its promise, so it runs in a thread that
 * nothing waits for: interrupts, comm messages and progress of the notebook continue.
 */
import type { InferenceSession } from "onnxruntime-node";
import { createRequire } from "node:module";
import { availableParallelism, cpus } from "node:os";
import { parentPort } from "node:worker_threads";
import type { SessionOptions } from "../types";
import type { Request } from "../messages";
import { buffersOf, InferenceWorker } from "../inference-worker";
import { runtimeFolder } from "./runtime";

const runtime = createRequire(__filename)(runtimeFolder()) as typeof import("onnxruntime-node");

/**
 * Products of uint8 and int8 overflow on x86 processors without VNNI. With this setting onnxruntime writes constant int8
 * weights beyond -64..63 as uint8 there, whose products are exact everywhere (its pull request 12088); elsewhere it does
 * nothing.
 */
const EXACT_PRODUCTS = { x64quantprecision: "1" };

/**
 * The runtime starts a thread for each core of the machine and ties it to that core, also to those that this process may not use, as
 * in a job of a cluster. 0 leaves the choice to it where all may be used.
 */
const OWN_THREADS = availableParallelism() < cpus().length ? availableParallelism() : 0;

function optionsOf({ device, weightsFolder, threads = OWN_THREADS }: SessionOptions): InferenceSession.SessionOptions {
  const weights = weightsFolder ? { model_external_initializers_file_folder_path: weightsFolder } : {};
  return {
    executionProviders: [device],
    logSeverityLevel: 3,
    ...(threads ? { intraOpNumThreads: threads } : {}),
    extra: { session: { ...EXACT_PRODUCTS, ...weights } },
  };
}

const worker = new InferenceWorker(async ({ model, options }) => {
  const wanted = optionsOf(options);
  // The runtime has one signature for files and one for bytes, and none for both.
  const session = await (typeof model === "string"
    ? runtime.InferenceSession.create(model, wanted)
    : runtime.InferenceSession.create(model, wanted));
  return { session, Tensor: runtime.Tensor };
});

parentPort?.on("message", (request: Request) => {
  void worker.answer(request).then((response) => parentPort?.postMessage(response, buffersOf(response)));
});
