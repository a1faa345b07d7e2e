import { checkArguments } from "../../rules/arguments";
import { BaseModel } from "./base-model";
import { mergeRefusal } from "../config";
import { LoraError } from "../error";
import { readAdapter, type ReadAdapterOptions } from "./file";
import { planMerge } from "./merge-plan";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { patientBar } from "../../display/progress";

/** Options of `lora.mergeFile`. */
export interface MergeFileOptions extends ReadAdapterOptions {
  /** Called after each tensor. Default: a bar in a notebook, after two seconds. */
  onProgress?: (progress: { done: number; total: number }) => void;
  /** Stops between two tensors, and leaves nothing: the promise rejects with the signal's reason. Default: none. */
  signal?: AbortSignal;
}

/** Changes made by {@link mergeFile}. */
export interface MergeFileReport {
  /** Tensors of the base that include the adapter. */
  merged: string[];
  /** Tensors replaced by the adapter's whole copies. */
  replaced: string[];
  /** Results that may surprise: embeddings that are tied to the output layer. */
  warnings: string[];
  /** Small files copied from the base's folder: `config.json`, the tokenizer's files. */
  copied: string[];
}

const FN = "lora.mergeFile";

/**
 * Merges an adapter into a base model's safetensors: W0 + s B A in the base's own type, everything else byte for byte. Large
 * files go through in parts; the result is written beside its place and moved there when it is whole. A base that is a folder
 * becomes a folder that `transformers` loads as it is: with its configuration, tokenizer and preprocessor. Names that
 * transformers 5 has in memory only are looked up by those that its files have. A whole copy of an embedding that is tied to
 * the output layer unties them, as PEFT does.
 *
 * @param base a file; or a model's folder, with `model.safetensors` or shards and `model.safetensors.index.json`, or that
 *   index; shards are merged into as many
 * @param out a file; for a folder or shards a folder that is new or empty
 * @throws LoraError where the adapter depends on the input, a layer is missing or has another shape, or a merged value is
 *   not finite; nothing is written then
 */
export async function mergeFile(
  adapter: string,
  base: string,
  out: string,
  options: MergeFileOptions = {},
): Promise<MergeFileReport> {
  checkArguments("lora.mergeFile", LoraError, { adapter }, { adapter: "string" });
  checkOptionNames(FN, options, NAMES, LoraError);
  const { onProgress = patientBar("Merging", "tensors"), signal, ...reading } = options;
  const file = await readAdapter(adapter, reading);
  const refusal = mergeRefusal(file.config);
  if (refusal) throw new LoraError(FN, refusal, adapter);
  const source = await BaseModel.open(FN, base);
  try {
    const { changes, merged, replaced, warnings } = planMerge(FN, file, source);
    const total = source.tensors.size + (changes.addition ? 1 : 0);
    let done = 0;
    const copied = await source.write(FN, out, changes, (count) => {
      signal?.throwIfAborted();
      onProgress({ done: (done += count), total });
    });
    return { merged, replaced, warnings, copied };
  } finally {
    await source.close();
  }
}

const NAMES: OptionNames<MergeFileOptions> = {
  onProgress: true,
  signal: true,
  adapter: true,
  addPrefix: true,
  adapterName: true,
  stripWrappers: true,
  authorsNames: true,
};
