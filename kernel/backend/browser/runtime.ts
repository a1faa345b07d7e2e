/** onnxruntime-web: what its thread needs of a model, since the thread has no files. */
import { readModel } from "../../onnx/parse";
import { readFileSync } from "../../platform/files";
import { join } from "../../platform/path";
import type { ModelMessage, WeightFile } from "../messages";
import { DeviceError, type SessionOptions } from "../types";

export const RUNTIME = "onnxruntime-web";
const VERSION = "1.26.0";
export const runtimeVersion = (): string => VERSION;

/** Most bytes of a model: the runtime's memory ends at four GiB, and holds weights twice while it loads them. */
const MOST_BYTES = 2 ** 30;

/**
 * Returns a model as its thread takes it: bytes, and those of its files of weights.
 *
 * @throws DeviceError for a model that is too large for a page
 */
export function forThread(model: string | Uint8Array, options: SessionOptions): ModelMessage {
  const bytes = typeof model === "string" ? readFileSync(model) : model;
  const weights = options.weightsFolder ? weightsOf(bytes, options.weightsFolder, options.fn) : [];
  const size = weights.reduce((sum, { data }) => sum + data.length, bytes.length);
  if (size > MOST_BYTES)
    throw new DeviceError(options.fn, `a model in a browser must have at most ${MOST_BYTES} bytes`, size);
  return { model: bytes, options, weights };
}

function weightsOf(model: Uint8Array, folder: string, fn: string): WeightFile[] {
  const tensors = [...readModel(model, fn).initializers.values()];
  const places = new Set(tensors.flatMap(({ external }) => (external ? [external.location] : [])));
  return [...places].map((path) => ({ path, data: readFileSync(join(folder, path)) }));
}
