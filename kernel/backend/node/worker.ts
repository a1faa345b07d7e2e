/**
 * Thread of onnxruntime. `InferenceSession.run` blocks its event loop despite its promise, so it runs in a thread that
 * nothing waits for: interrupts, comm messages and progress of the notebook continue.
 */
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { createRequire } from "node:module";
import { availableParallelism, cpus } from "node:os";
import { parentPort } from "node:worker_threads";
import type { HostTensor } from "../types";
import type { Request, Response } from "../messages";
import { runtimeFolder } from "./runtime";

const runtime = createRequire(__filename)(runtimeFolder()) as typeof import("onnxruntime-node");
const sessions = new Map<number, InferenceSession>();

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

async function answer(request: Request): Promise<Response> {
  const { id } = request;
  if (request.kind === "create") {
    const { device, weightsFolder, threads = OWN_THREADS } = request.options;
    const options: InferenceSession.SessionOptions = {
      executionProviders: [device],
      logSeverityLevel: 3,
      ...(threads ? { intraOpNumThreads: threads } : {}),
      extra: {
        session: {
          ...EXACT_PRODUCTS,
          ...(weightsFolder ? { model_external_initializers_file_folder_path: weightsFolder } : {}),
        },
      },
    };
    const { model } = request;
    sessions.set(
      id,
      typeof model === "string"
        ? await runtime.InferenceSession.create(model, options)
        : await runtime.InferenceSession.create(model, options),
    );
    return { id };
  }
  if (request.kind === "dispose") {
    await sessions.get(request.session)?.release();
    sessions.delete(request.session);
    return { id };
  }
  const results = await run(request.session, request.feeds, request.fetches);
  return request.lend ? { id, results, feeds: request.feeds } : { id, results };
}

async function run(
  session: number,
  feeds: Record<string, HostTensor>,
  fetches: string[],
): Promise<Record<string, HostTensor>> {
  const loaded = sessions.get(session);
  if (!loaded) throw new Error("the session is disposed");
  const inputs = Object.fromEntries(
    Object.entries(feeds).map(([name, { type, data, dims }]) => [name, new runtime.Tensor(type, data as never, dims)]),
  );
  const outputs = await loaded.run(inputs, fetches);
  return Object.fromEntries(fetches.map((name) => [name, hostTensor(outputs[name])]));
}

function hostTensor(tensor: Tensor): HostTensor {
  const bits = tensor.data as HostTensor["data"];
  // Newer Node versions return Float16Array, which is no Uint16Array; the bits are the same.
  const data =
    tensor.type === "float16" ? new Uint16Array(bits.buffer as ArrayBuffer, bits.byteOffset, bits.length) : bits;
  return { type: tensor.type as HostTensor["type"], data, dims: [...tensor.dims] };
}

function buffersOf(response: Response): ArrayBuffer[] {
  const tensors = [...Object.values(response.results ?? {}), ...Object.values(response.feeds ?? {})];
  return [...new Set(tensors.map((tensor) => tensor.data.buffer as ArrayBuffer))];
}

parentPort?.on("message", (request: Request) => {
  void answer(request)
    .catch((error: unknown): Response => ({
      id: request.id,
      error: error instanceof Error ? error.message : String(error),
    }))
    .then((response) => parentPort?.postMessage(response, buffersOf(response)));
});
