/** Names of an adapter's tensors in a file: `base_model.model.<module>.<tensor>`. */
import { literalPattern } from "../../rules/literal-pattern";
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
  /** True takes out the names of wrappers: `torch.compile`'s `_orig_mod`, FSDP's, checkpointing's, DDP's; default false. */
  stripWrappers?: boolean;
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

/** Parts of a key that a wrapper of the model put there; DDP's has an everyday name and counts in front only. */
const WRAPPERS =
  /(?:^|(?<=\.))(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.|^module\.(?=base_model\.)/g;

/** A key of a tensor in PEFT's memory, with the adapter's name in it. */
const NAMED =
  /\.lora_(?:(?:[ABT]|norm|router)\.([^.]+)\.(?:weight|bias)|embedding_[AB]\.([^.]+)|magnitude_vector\.([^.]+)\.weight)$/;

/** Returns a key in PEFT's form, as far as the options allow. */
export function standardKey(key: string, { addPrefix, adapterName, stripWrappers, authorsNames }: KeyOptions): string {
  let standard = stripWrappers ? key.replaceAll(WRAPPERS, "") : key;
  if (authorsNames) for (const [from, to] of AUTHORS) standard = standard.replace(from, to);
  if (adapterName !== undefined) {
    const name = literalPattern(adapterName);
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
    checkKey(fn, key);
    if (standard.has(key)) throw new LoraError(fn, `two tensors must not become ${key}`, original);
    standard.set(key, tensor);
  }
  return standard;
}

/** @throws LoraError naming the option that reads a key which is no file's */
function checkKey(fn: string, key: string): void {
  const [wrapper] = key.match(WRAPPERS) ?? [];
  if (wrapper !== undefined) {
    const rule = `keys have no ${wrapper} of a wrapped model; the option stripWrappers (--strip-wrappers) takes it out`;
    throw new LoraError(fn, rule, key);
  }
  const name = NAMED.exec(key)
    ?.slice(1)
    .find((one) => one !== undefined);
  if (name === undefined) return;
  const rule = `keys carry no adapter's name; the option adapterName: "${name}" (--adapter-name ${name}) takes it out`;
  throw new LoraError(fn, rule, key);
}
