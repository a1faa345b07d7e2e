/** Models whose output layer is their embedding: one tensor in the file, two layers in memory. */
import type { BaseModel } from "./base-model";

/** Names of the two tensors that a base ties. */
export interface Tie {
  /** The embedding's tensor. */
  embedding: string;
  /** The tensor of the output layer, which the base has or gets when it is untied. */
  head: string;
  /** `config.json` with the tie undone. */
  untied: string;
}

interface ModelConfig {
  architectures?: unknown;
  is_encoder_decoder?: unknown;
  tie_word_embeddings?: unknown;
  text_config?: ModelConfig;
}

const EMBEDDING = /(?:^|\.)(?:embed_tokens|wte|embed_in|word_embeddings|tok_embeddings)\.weight$/;
const HEAD = /(?:^|\.)(?:lm_head|embed_out)$/;
const WITH_HEAD = /(?:ForCausalLM|LMHeadModel|ForConditionalGeneration)$/;

/** Returns whether a module by that name is a model's output layer. */
export const isHead = (module: string): boolean => HEAD.test(module);

/** An embedding in a base without output layer and configuration: whether the two are tied cannot be told; null for none. */
export function untoldTie({ config, tensors }: BaseModel, copied: readonly string[]): string | null {
  const hasHead = [...tensors.keys()].some((name) => isHead(name.replace(/\.\w+$/, "")));
  return config || hasHead ? null : (copied.find((name) => EMBEDDING.test(name)) ?? null);
}

/** Reads the tie from the configuration beside a base; null for none, or where no configuration lies there. */
export function tieOf(base: BaseModel): Tie | null {
  const config = base.config as ModelConfig | null;
  const embeddings = [...base.tensors.keys()].filter((name) => EMBEDDING.test(name));
  if (!config || embeddings.length !== 1 || !isTied(config, base)) return null;
  const [embedding] = embeddings;
  return { embedding, head: headOf(embedding), untied: `${JSON.stringify(untied(config), null, 2)}\n` };
}

function isTied(config: ModelConfig, base: BaseModel): boolean {
  const { architectures } = config;
  const [kind] = Array.isArray(architectures) ? (architectures as unknown[]) : [];
  if (typeof kind !== "string" || !WITH_HEAD.test(kind)) return false;
  const said = config.tie_word_embeddings ?? config.text_config?.tie_word_embeddings;
  // Configurations leave out what is their kind's default; a file without an output layer shows which that is.
  if (typeof said !== "boolean") return ![...base.tensors.keys()].some((name) => isHead(name.replace(/\.\w+$/, "")));
  return said;
}

function headOf(embedding: string): string {
  if (/(?:^|\.)embed_in\.weight$/.test(embedding)) return "embed_out.weight";
  return embedding.startsWith("language_model.model.") ? "language_model.lm_head.weight" : "lm_head.weight";
}

function untied(config: ModelConfig): ModelConfig {
  const { text_config: text } = config;
  const inner = text && "tie_word_embeddings" in text ? { text_config: { ...text, tie_word_embeddings: false } } : {};
  return { ...config, ...inner, tie_word_embeddings: false };
}
