/** Names of an adapter's tensors in a file: `base_model.model.<module>.<tensor>`. */
import { LoraError } from "../error";

export const PREFIX = "base_model.model.";

/** Parts of a key; `tensor` is null for a tensor of a copied module. */
export interface AdapterKey {
  module: string;
  tensor: string | null;
}

/** Accepted forms of a file's keys besides PEFT's. */
export interface KeyOptions {
  /** Accept keys without `base_model.model.` and add it. Default false. */
  addPrefix?: boolean;
  /** Adapter name to remove from the keys, as in PEFT's memory (`lora_A.default.weight`). Default: none. */
  adapterName?: string;
  /** Read the names of Dual-LoRA's authors: lora_A0, lora_B0, lora_layer_norm. Default false. */
  authorsNames?: boolean;
}

const TENSOR = /^(.+)\.(lora_(?:A|B|T|norm|router|embedding_A|embedding_B|magnitude_vector)(?:\.(?:weight|bias))?)$/;

/**
 * Parses a key.
 *
 * @throws LoraError for a key without the prefix
 */
export function parseKey(fn: string, key: string): AdapterKey {
  if (!key.startsWith(PREFIX))
    throw new LoraError(fn, `keys begin with ${PREFIX}; addPrefix accepts those that do not`, key);
  const path = key.slice(PREFIX.length);
  const found = TENSOR.exec(path);
  return found ? { module: found[1], tensor: found[2] } : { module: path, tensor: null };
}

/** Returns the key of a module's tensor. */
export function keyOf(module: string, tensor: string): string {
  return `${PREFIX}${module}.${tensor}`;
}

const AUTHORS: readonly (readonly [RegExp, string])[] = [
  [/\.lora_A0(?=\.|$)/, ".lora_A"],
  [/\.lora_B0(?=\.|$)/, ".lora_B"],
  [/\.lora_layer_norm(?=\.|$)/, ".lora_norm"],
];

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Returns a key in PEFT's form, as far as the options allow. */
export function standardKey(key: string, { addPrefix, adapterName, authorsNames }: KeyOptions): string {
  let standard = key;
  if (authorsNames) for (const [from, to] of AUTHORS) standard = standard.replace(from, to);
  if (adapterName !== undefined) {
    const name = escaped(adapterName);
    standard = standard
      .replace(new RegExp(`(\\.lora_[A-Za-z_]+)\\.${name}(?=\\.|$)`), "$1")
      .replace(new RegExp(`\\.modules_to_save\\.${name}(?=\\.)`), "")
      .replace(/(\.lora_magnitude_vector)\.weight$/, "$1");
  }
  return addPrefix && !standard.startsWith(PREFIX) ? `${PREFIX}${standard}` : standard;
}

/**
 * Returns every key in PEFT's form.
 *
 * @throws LoraError when two become one
 */
export function standardKeys<T>(fn: string, tensors: ReadonlyMap<string, T>, options: KeyOptions): Map<string, T> {
  const standard = new Map<string, T>();
  for (const [original, tensor] of tensors) {
    const key = standardKey(original, options);
    if (standard.has(key)) throw new LoraError(fn, `two tensors must not become ${key}`, original);
    standard.set(key, tensor);
  }
  return standard;
}
