/** Folder of an adapter: `adapter_model.safetensors` and `adapter_config.json`. */
import { checkArguments } from "../../rules/arguments";
import { fileKind, KIND_BYTES } from "../../rules/file-kind";
import { readSafetensors, writeSafetensors } from "../../safetensors/safetensors";
import type { SafetensorsTensor } from "../../safetensors/tensor";
import { platform } from "../../platform";
import { isFile, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "../../platform/files";
import { dirname, join } from "../../platform/path";
import type { AdapterConfig } from "../config";
import { configFromJson, configToJson } from "./config-json";
import { LoraError } from "../error";
import { type KeyOptions, standardKeys } from "./keys";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { parseJson } from "../../rules/json-text";

export const MODEL_FILE = "adapter_model.safetensors";
export const CONFIG_FILE = "adapter_config.json";

/** Adapter on disk, with its tensors under PEFT's keys. */
export interface AdapterFile {
  config: AdapterConfig;
  tensors: Map<string, SafetensorsTensor>;
  /** Metadata of the safetensors file; PEFT writes `{ format: "pt" }`. */
  metadata: Record<string, string>;
}

/** Options of reading an adapter. */
export interface ReadAdapterOptions extends KeyOptions {
  /** Name of the sub-folder, for adapters not called `default`. */
  adapter?: string;
}

const READ = "lora.readAdapter";
/** @internal Names of the options of reading. */
export const READ_NAMES: OptionNames<ReadAdapterOptions> = {
  adapter: true,
  addPrefix: true,
  adapterName: true,
  stripWrappers: true,
  authorsNames: true,
};
const LARGEST_CONFIG = 10_000_000;

/**
 * Reads an adapter written by PEFT or Fovea.
 *
 * @param folder the folder, or the safetensors file in it
 * @throws LoraError for a folder without an adapter, an unsupported configuration, or keys of another form
 * @throws SafetensorsError for a file that breaks the format
 */
export async function readAdapter(folder: string, options: ReadAdapterOptions = {}): Promise<AdapterFile> {
  checkArguments("lora.readAdapter", LoraError, { folder }, { folder: "string" });
  checkOptionNames(READ, options, READ_NAMES, LoraError);
  const place = await placeOf(READ, folder, options.adapter);
  const config = await readConfig(READ, place);
  const { tensors, metadata } = await readSafetensors(join(place, MODEL_FILE));
  return { config, tensors: standardKeys(READ, tensors, options), metadata };
}

/** Reads the configuration in a folder. */
export async function readConfig(fn: string, place: string): Promise<AdapterConfig> {
  return configFromJson(fn, await readJson(fn, join(place, CONFIG_FILE)));
}

/**
 * Finds the folder of an adapter's two files.
 *
 * @throws LoraError naming the missing and the present files, or for a name that is no text
 */
export async function placeOf(fn: string, folder: string, adapter?: string): Promise<string> {
  if (adapter !== undefined) checkArguments(fn, LoraError, { adapter }, { adapter: "string" });
  const base = folder.endsWith(".safetensors") ? dirname(folder) : folder;
  const place = adapter === undefined || adapter === "default" ? base : join(base, adapter);
  const files = await namesIn(place);
  if (!files) throw new LoraError(fn, await ruleFor(place), place);
  if (!files.includes(CONFIG_FILE)) throw new LoraError(fn, await adviceFor(place, files), place);
  if (files.includes(MODEL_FILE)) return place;
  const pickle = files.includes("adapter_model.bin") ? "; adapter_model.bin is a pickle, which may run code" : "";
  throw new LoraError(fn, `the folder must hold ${MODEL_FILE}${pickle}`, place);
}

async function namesIn(folder: string): Promise<string[] | null> {
  return readdir(folder).catch(() => null);
}

/** Returns the rule that a path without files below it breaks. */
async function ruleFor(path: string): Promise<string> {
  const first = await firstBytes(path);
  const kind = first && fileKind(first);
  return kind ? `must be the folder of an adapter, or its safetensors file; this is ${kind}` : "the folder must exist";
}

async function firstBytes(path: string): Promise<Uint8Array | null> {
  if (!isFile(path)) return null;
  const handle = await open(path, "r");
  try {
    const bytes = new Uint8Array(KIND_BYTES);
    const { bytesRead } = await handle.read(bytes, 0, KIND_BYTES, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Returns advice for a folder that holds only named adapters. */
async function adviceFor(place: string, files: string[]): Promise<string> {
  const inside = await Promise.all(files.map((name) => namesIn(join(place, name))));
  const adapters = files.filter((_, i) => inside[i]?.includes(CONFIG_FILE));
  const named = adapters.length ? `; adapters in sub-folders: ${adapters.join(", ")}` : "";
  return `the folder must hold ${CONFIG_FILE}${named}`;
}

async function readJson(fn: string, path: string): Promise<unknown> {
  const { size } = await stat(path);
  if (size > LARGEST_CONFIG) throw new LoraError(fn, `${CONFIG_FILE} has at most ${LARGEST_CONFIG} bytes`, size);
  const text = await readFile(path, "utf8");
  try {
    return parseJson(text);
  } catch (error) {
    const kind = fileKind(new TextEncoder().encode(text.slice(0, KIND_BYTES)));
    const words = kind === undefined || kind === "JSON text" ? "" : `; this is ${kind}`;
    throw new LoraError(fn, `${path} must be JSON${words}`, (error as Error).message);
  }
}

/**
 * Writes an adapter in PEFT's layout: into the folder itself, or into a sub-folder for a name other than `default`.
 * Both files are first written beside their places, so the old ones stay whole until the end.
 *
 * @returns the folder that holds the two files
 */
export async function writeAdapter(folder: string, file: AdapterFile, adapter = "default"): Promise<string> {
  checkArguments(
    "lora.writeAdapter",
    LoraError,
    { folder, file },
    { folder: "string", file: { config: "object", tensors: "map", metadata: "object" } },
  );
  const place = adapter === "default" ? folder : join(folder, adapter);
  await mkdir(place, { recursive: true });
  const id = platform().uuid();
  const beside = (name: string): string => join(place, `${name}.${id}.part`);
  try {
    await writeSafetensors(beside(MODEL_FILE), file.tensors, { format: "pt", ...file.metadata });
    await writeFile(beside(CONFIG_FILE), `${JSON.stringify(configToJson(file.config), null, 2)}\n`);
    await rename(beside(MODEL_FILE), join(place, MODEL_FILE));
    await rename(beside(CONFIG_FILE), join(place, CONFIG_FILE));
  } finally {
    await rm(beside(MODEL_FILE), { force: true });
    await rm(beside(CONFIG_FILE), { force: true });
  }
  return place;
}
