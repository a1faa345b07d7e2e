/** Names of an adapter's tensors in a file: `base_model.model.<module>.<tensor>`. */
import { LoraError } from "../error";

export const PREFIX = "base_model.model.";

/** A key taken apart; `tensor` is null for a tensor of a module that the adapter holds a copy of. */
export interface AdapterKey {
  module: string;
  tensor: string | null;
}

/** What a file's keys are allowed to look like beside PEFT's. */
export interface KeyOptions {
  /** True accepts keys without `base_model.model.` and adds it; default false. */
  addPrefix?: boolean;
  /** A name that stands in the keys, as in memory of PEFT (`lora_A.default.weight`), and is taken out; default none. */
  adapterName?: string;
  /** True reads the names of Dual-LoRA's authors: lora_A0, lora_B0, lora_layer_norm; default false. */
  authorsNames?: boolean;
}

const TENSOR = /^(.+)\.(lora_(?:A|B|T|norm|router|embedding_A|embedding_B|magnitude_vector)(?:\.(?:weight|bias))?)$/;

/** @throws LoraError for a key without the prefix */
export function parseKey(fn: string, key: string): AdapterKey {
  if (!key.startsWith(PREFIX))
    throw new LoraError(fn, `keys begin with ${PREFIX}; addPrefix accepts those that do not`, key);
  const path = key.slice(PREFIX.length);
  const found = TENSOR.exec(path);
  return found ? { module: found[1], tensor: found[2] } : { module: path, tensor: null };
}

/** The key of a module's tensor. */
export function keyOf(module: string, tensor: string): string {
  return `${PREFIX}${module}.${tensor}`;
}

const AUTHORS: readonly (readonly [RegExp, string])[] = [
  [/\.lora_A0(?=\.|$)/, ".lora_A"],
  [/\.lora_B0(?=\.|$)/, ".lora_B"],
  [/\.lora_layer_norm(?=\.|$)/, ".lora_norm"],
];

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** A file's key as PEFT would write it, as far as the options allow. */
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

/** Every key in PEFT's form. @throws LoraError when two become one */
export function standardKeys<T>(fn: string, tensors: ReadonlyMap<string, T>, options: KeyOptions): Map<string, T> {
  const standard = new Map<string, T>();
  for (const [original, tensor] of tensors) {
    const key = standardKey(original, options);
    if (standard.has(key)) throw new LoraError(fn, `two tensors must not become ${key}`, original);
    standard.set(key, tensor);
  }
  return standard;
}
