import { existsSync, readdirSync, readFileSync, statSync } from "../platform/files";
import { basename, dirname, join, resolve } from "../platform/path";
import { zooFolder } from "../zoo-folder";
import { EncoderError } from "./errors";

/** Where a model's files lie. */
export interface ModelFiles {
  model: string;
  name: string;
  /** Content of the configuration found beside the model; null where there is none. */
  config: object | null;
  /** Finds the text tower that belongs to it, or says where one must lie. */
  text(): Promise<string>;
}

/** The encoders that ship with the package, so that an editor offers them. */
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

/** Names of the encoders that ship with the package, as `encoders.load` takes them. */
export function list(): string[] {
  return listModels(zooFolder()).map((name) => `zoo/${name}`);
}

/**
 * Finds the files of an encoder: `zoo/<name>` from the package, a `.onnx` file, or a folder with `model.onnx` (also in
 * `onnx/`, as on the hub). A file or folder of that name wins over the zoo.
 *
 * @throws EncoderError when there is no such thing
 */
export function locateModel(source: string, fn: string): ModelFiles {
  const isZoo = source.startsWith("zoo/") && !existsSync(source);
  const path = isZoo ? join(zooFolder(), source.slice(4)) : resolve(source);
  if (!existsSync(path)) {
    const shipped = `shipped with the package are ${list().join(", ") || "none"}`;
    throw new EncoderError(
      fn,
      isZoo ? shipped : `an encoder is zoo/<name>, a .onnx file or a folder (${shipped})`,
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

/** Names of a text tower: ours, and what exports of CLIP on the hub call the one of `vision_model.onnx`. */
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
    "encoders.embedText",
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

/** A JSON object from a file; null where there is no such file. */
export function readJson(path: string, fn: string): object | null {
  if (!existsSync(path)) return null;
  try {
    // Editors of Windows put a byte order mark before the text.
    const value: unknown = JSON.parse(readFileSync(path, "utf8").replace(/^\uFEFF/, ""));
    if (typeof value === "object" && value !== null) return value;
  } catch (error) {
    throw new EncoderError(fn, `the file must hold JSON (${(error as Error).message})`, path);
  }
  throw new EncoderError(fn, "the file must hold a JSON object", path);
}
