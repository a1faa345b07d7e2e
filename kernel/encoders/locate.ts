import { platform } from "../platform";
import { existsSync, readdirSync, readFileSync, statSync } from "../platform/files";
import { basename, dirname, join, resolve } from "../platform/path";
import { EncoderError } from "./errors";
import { parseJson } from "../rules/json-text";

/** Paths of a model's files. */
export interface ModelFiles {
  model: string;
  name: string;
  /** Content of the configuration beside the model; null without one. */
  config: object | null;
  /** Finds the model's text tower, or throws an error that names its expected place. */
  text(): Promise<string>;
}

/** Encoders of the package, named for an editor's completion. */
export type ZooName =
  | "zoo/category-hybrid"
  | "zoo/clip-vit"
  | "zoo/clip-vit-192"
  | "zoo/dino-hybrid"
  | "zoo/mae-vit"
  | "zoo/masks-hybrid"
  | "zoo/parts-hybrid"
  | "zoo/parts-pyramid"
  | "zoo/siglip-hybrid"
  | "zoo/untrained-hybrid";

function listModels(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, "model.onnx")))
    .sort();
}

/** Returns the names of the package's encoders, as `encoders.load` takes them. */
export function list(): string[] {
  return listModels(platform().zoo()).map((name) => `zoo/${name}`);
}

/**
 * Finds the files of an encoder: `zoo/<name>` of the package, a `.onnx` file, or a folder with `model.onnx` (also in
 * `onnx/`, as on the hub). A file or folder of that name takes precedence over the zoo.
 *
 * @throws EncoderError when nothing is found
 */
export function locateModel(source: string, fn: string): ModelFiles {
  const isZoo = source.startsWith("zoo/") && !existsSync(source);
  const path = isZoo ? join(platform().zoo(), source.slice(4)) : resolve(source);
  if (!existsSync(path)) {
    const shipped = `shipped with the package are ${list().join(", ") || "none"}`;
    const kinds = `hf:owner/name, or zoo/<name> (${shipped})`;
    throw new EncoderError(
      fn,
      isZoo ? shipped : `there must be a .onnx file or a folder at ${path}; others are ${kinds}`,
      source,
    );
  }
  if (!statSync(path).isDirectory()) {
    const folder = dirname(path);
    const root = basename(folder) === "onnx" ? dirname(folder) : folder;
    const config = readConfig(folder, fn) ?? readConfig(root, fn);
    return { model: path, name: basename(path, ".onnx"), config, text: () => findText([folder], path) };
  }
  const model = ["model.onnx", join("onnx", "model.onnx")]
    .map((file) => join(path, file))
    .find((file) => existsSync(file));
  if (!model) throw new EncoderError(fn, "the folder must hold model.onnx or onnx/model.onnx", path);
  return {
    model,
    name: isZoo ? source : basename(path),
    config: readConfig(path, fn),
    text: () => findText([path, dirname(model)], model),
  };
}

/**
 * Returns the possible names of a text tower: `text.onnx`, and the name beside `vision_model.onnx` in CLIP exports on
 * the hub.
 */
export function textNames(model: string): string[] {
  const name = basename(model);
  const beside = name.startsWith("vision_model") ? [name.replace("vision", "text")] : [];
  return [...new Set([...beside, "text.onnx", "text_model.onnx"])];
}

async function findText(folders: readonly string[], model: string): Promise<string> {
  const paths = folders.flatMap((folder) => textNames(model).map((name) => join(folder, name)));
  const path = paths.find((file) => existsSync(file));
  if (path) return path;
  throw new EncoderError(
    "encoders.Encoder.embedText",
    `the encoder's folder must hold ${textNames(model).join(" or ")}`,
    folders[0],
  );
}

/** Reads the configuration of preprocessing: Hugging Face's files, timm's or open_clip's. */
function readConfig(folder: string, fn: string): object | null {
  const hub = readJson(join(folder, "preprocessor_config.json"), fn);
  if (hub) return hub;
  const { image_processor: own } = (readJson(join(folder, "processor_config.json"), fn) ?? {}) as {
    image_processor?: object;
  };
  if (own) return own;
  const timm = readJson(join(folder, "config.json"), fn) as { pretrained_cfg?: object; input_size?: unknown } | null;
  if (timm?.pretrained_cfg) return timm.pretrained_cfg;
  if (Array.isArray(timm?.input_size)) return timm;
  const clip = readJson(join(folder, "open_clip_config.json"), fn) as { preprocess_cfg?: object } | null;
  return clip?.preprocess_cfg ?? null;
}

/** Reads a JSON object from a file; null without the file. */
export function readJson(path: string, fn: string): object | null {
  if (!existsSync(path)) return null;
  try {
    // Editors of Windows put a byte order mark before the text.
    const value = parseJson(readFileSync(path, "utf8"));
    if (typeof value === "object" && value !== null) return value;
  } catch (error) {
    throw new EncoderError(fn, `the file must hold JSON (${(error as Error).message})`, path);
  }
  throw new EncoderError(fn, "the file must hold a JSON object", path);
}
