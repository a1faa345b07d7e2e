/**
 * Worker of onnxruntime-web. A run holds its thread, so it has one of its own; two runs at once are refused by the runtime, so requests
 * wait for each other.
 */
import * as runtime from "onnxruntime-web/wasm";
import type { HostTensor } from "../types";
import type { Request, Response } from "../messages";

const sessions = new Map<number, runtime.InferenceSession>();
// Without isolation of the page there is no memory that threads share.
runtime.env.wasm.numThreads = 1;
runtime.env.wasm.wasmPaths = { wasm: new URL("onnxruntime.wasm", import.meta.url).href };

async function answer(request: Request): Promise<Response> {
  const { id } = request;
  if (request.kind === "create") {
    const externalData = request.weights?.map(({ path, data }) => ({ path, data })) ?? [];
    const options = { executionProviders: ["wasm"], logSeverityLevel: 3 as const, externalData };
    sessions.set(id, await runtime.InferenceSession.create(request.model as Uint8Array, options));
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

function hostTensor(tensor: runtime.Tensor): HostTensor {
  const bits = tensor.data as HostTensor["data"];
  // Newer browsers give float16 as a Float16Array; the bits are the same.
  const data =
    tensor.type === "float16" ? new Uint16Array(bits.buffer as ArrayBuffer, bits.byteOffset, bits.length) : bits;
  return { type: tensor.type as HostTensor["type"], data, dims: [...tensor.dims] };
}

function buffersOf(response: Response): ArrayBuffer[] {
  const tensors = [...Object.values(response.results ?? {}), ...Object.values(response.feeds ?? {})];
  return [...new Set(tensors.map((tensor) => tensor.data.buffer as ArrayBuffer))];
}

const failure = (id: number, error: unknown): Response => ({
  id,
  error: error instanceof Error ? error.message : `the runtime failed with ${String(error)}, as it does without memory`,
});

let last: Promise<unknown> = Promise.resolve();

globalThis.onmessage = ({ data }: MessageEvent<Request>) => {
  last = last
    .then(() => answer(data))
    .catch((error: unknown) => failure(data.id, error))
    .then((response) => globalThis.postMessage(response, { transfer: buffersOf(response) }));
};
