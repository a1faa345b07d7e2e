import { checkArguments } from "../rules/arguments";
import { sha256Of } from "../platform";
import { readFileSync } from "../platform/files";
import { Tokenizer } from "../encoders/tokenizer";
import { startTfjs } from "../backend/tfjs";
import * as nn from "../nn";
import { parseSafetensors } from "../safetensors/safetensors";
import { ModelError } from "./error";
import { fileOf, modelFolder, readObject } from "./folder";
import { LanguageModel, type LanguageModelConfig } from "./language-model";

/** Language model with its vocabulary. */
export interface LoadedLanguageModel {
  name: string;
  model: LanguageModel;
  tokenizer: Tokenizer;
  /** SHA-256 of the weights' file. */
  hash: string;
}

const LOAD = "models.load";
const FIELDS = [
  "vocab_size",
  "hidden_size",
  "intermediate_size",
  "num_hidden_layers",
  "num_attention_heads",
  "num_key_value_heads",
  "rms_norm_eps",
] as const;

/**
 * Loads a Llama as `transformers` saves it, with tied embeddings: `config.json`, `model.safetensors` and a word-level
 * `tokenizer.json`. Starts the default device where none was started.
 *
 * @param source `zoo/reading-llama`, or a folder
 * @throws ModelError for a folder without these files, another architecture, or options that are not computed here
 */
export async function load(source: "zoo/reading-llama" | (string & {})): Promise<LoadedLanguageModel> {
  checkArguments(LOAD, ModelError, { source }, { source: "string" });
  await startTfjs();
  const folder = modelFolder(source);
  const config = configOf(readObject(LOAD, folder, "config.json"));
  const tokenizer = Tokenizer.fromJson(readObject(LOAD, folder, "tokenizer.json"), LOAD);
  const path = fileOf(LOAD, folder, "model.safetensors");
  const bytes = readFileSync(path);
  const { tensors } = parseSafetensors(bytes);
  const model = new LanguageModel(config);
  try {
    nn.loadState(model, tensors, { rename: (name) => (name === "lm_head.weight" ? null : name) });
  } catch (error) {
    model.dispose();
    throw error;
  }
  model.eval();
  return { name: source, model, tokenizer, hash: sha256Of(bytes) };
}

/** Reads the fields that determine the computation; unsupported settings are refused. */
function configOf(json: Record<string, unknown>): LanguageModelConfig {
  const fixed = { model_type: "llama", tie_word_embeddings: true, hidden_act: "silu" } as const;
  for (const [key, legal] of Object.entries(fixed))
    if (json[key] !== legal) throw new ModelError(LOAD, `${key} must be ${legal}`, json[key]);
  // transformers 5 stores the base of the rotation in `rope_parameters`, earlier versions at the top level.
  const rope = (json["rope_parameters"] ?? json["rope_scaling"] ?? {}) as Record<string, unknown>;
  if ((rope["rope_type"] ?? "default") !== "default")
    throw new ModelError(LOAD, "rope_type must be default", rope["rope_type"]);
  const values = Object.fromEntries(FIELDS.map((key) => [key, json[key]]));
  const theta = rope["rope_theta"] ?? json["rope_theta"] ?? 10_000;
  return { ...values, rope_theta: theta } as unknown as LanguageModelConfig;
}
