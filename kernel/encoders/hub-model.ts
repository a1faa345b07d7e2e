import * as hub from "../hub";
import { checkFile, parseReference } from "../hub/reference";
import { HubError, type HubOptions } from "../hub";
import type { OnnxModel } from "../onnx/model";
import { readModel } from "../onnx/parse";
import { platform } from "../platform";
import { EncoderError } from "./errors";
import { textNames } from "./locate";

/** Location of an encoder on the hub, and options of fetching. */
export interface HubModelOptions extends Pick<HubOptions, "onProgress" | "signal"> {
  /** Path of the `.onnx` file in the repository. Default: `onnx/model.onnx`, else `model.onnx`. */
  file?: string;
}

const DEFAULT_FILES = ["onnx/model.onnx", "model.onnx"];
const CONFIGS = ["preprocessor_config.json", "processor_config.json", "config.json", "open_clip_config.json"];
const MAX_CONFIG = 2 ** 20;
/** Largest message that ONNX's format can hold. */
const MAX_MODEL = 2 ** 31;
const MAX_PARTS = 64;

/**
 * Fetches an encoder's files into the hub's cache: the graph, its files of weights, configuration.
 *
 * @returns the path of the `.onnx` file
 * @throws HubError for a failed download
 * @throws EncoderError when the repository has no ONNX model at the expected path
 */
export async function fetchModel(source: string, options: HubModelOptions, fn: string): Promise<string> {
  const reference = parseReference(source, fn);
  const fetching = { onProgress: options.onProgress, signal: options.signal, fn };
  const get = (file: string, maxBytes?: number): Promise<string> =>
    hub.fetchFile(reference, file, { ...fetching, maxBytes });
  for (const file of CONFIGS) await optional(get(file, MAX_CONFIG));
  for (const file of options.file === undefined ? DEFAULT_FILES : [options.file]) {
    const path = await optional(get(file, MAX_MODEL));
    if (path === null) continue;
    for (const part of weightFiles(readModel(path, fn), file, fn)) await get(part);
    return path;
  }
  const { offline, cache } = hub.settings(undefined, fn);
  if (offline)
    throw new EncoderError(
      fn,
      `an ONNX model of ${source} must be in the cache ${cache}, as this is offline (HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set)`,
      options.file ?? DEFAULT_FILES.join(" or "),
    );
  const there = await hub.listFiles(reference, fetching).catch(() => null);
  const models = there?.filter((file) => file.endsWith(".onnx")).join(", ") || "none";
  const rule = `file must name an ONNX model of ${source}${there ? ` (there are: ${models})` : ""}`;
  throw new EncoderError(fn, rule, options.file ?? DEFAULT_FILES.join(" or "));
}

const TOKENIZER = ["tokenizer.json", "tokenizer_config.json"];
const MAX_TOKENIZER = 2 ** 26;

/**
 * Fetches the text tower of a fetched model, and its tokenizer, into the cache.
 *
 * @returns the path of its `.onnx` file
 */
export async function fetchText(source: string, model: string, options: HubModelOptions): Promise<string> {
  const fn = "encoders.Encoder.embedText";
  const reference = parseReference(source, fn);
  const get = (file: string, maxBytes?: number): Promise<string | null> =>
    optional(hub.fetchFile(reference, file, { onProgress: options.onProgress, fn, maxBytes }));
  for (const file of TOKENIZER) await get(file, MAX_TOKENIZER);
  const folder = platform().posix.dirname(options.file ?? DEFAULT_FILES.find((file) => model.endsWith(file)) ?? "");
  for (const name of textNames(model)) {
    const file = platform().posix.join(folder, name);
    const path = await get(file, MAX_MODEL);
    if (path === null) continue;
    for (const part of weightFiles(readModel(path, fn), file, fn)) await get(part);
    return path;
  }
  throw new EncoderError(fn, `the repository must hold ${textNames(model).join(" or ")}`, source);
}

/** Fetches an optional file: null for 404, and for a file outside the cache while offline. */
async function optional(path: Promise<string>): Promise<string | null> {
  try {
    return await path;
  } catch (error) {
    const isAbsent = error instanceof HubError && (error.status === 404 || error.rule.includes("HF_HUB_OFFLINE"));
    if (isAbsent && !/^the (repository|revision)/.test(error.rule)) return null;
    throw error;
  }
}

/**
 * Returns the files of weights beside the graph, as paths in the repository. The names are untrusted, so none may leave
 * the graph's folder.
 */
function weightFiles(model: OnnxModel, file: string, fn: string): string[] {
  const names = [...model.initializers.values()].flatMap(({ external }) => (external ? [external.location] : []));
  const { dirname, join } = platform().posix;
  const parts = [...new Set(names)].map((name) => join(dirname(file), checkFile(fn, name)));
  if (parts.length > MAX_PARTS) throw new EncoderError(fn, `a model has at most ${MAX_PARTS} files`, parts.length);
  return parts;
}
