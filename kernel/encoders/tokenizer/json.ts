import { EncoderError } from "../errors";

/** A step of a `tokenizer.json`: its type, and what that type takes. */
export interface Step {
  type?: unknown;
  [key: string]: unknown;
}

/** Something that is matched in a text as it stands, before anything else is done to it. */
export interface AddedToken {
  id: number;
  content: string;
  /** Whether it is looked for in the normalised text. */
  normalized?: boolean;
  lstrip?: boolean;
  rstrip?: boolean;
  single_word?: boolean;
}

/** The parts of a Hugging Face `tokenizer.json` that are read. Nothing of it is trusted. */
export interface TokenizerJson {
  model?: Step | null;
  normalizer?: Step | null;
  pre_tokenizer?: Step | null;
  post_processor?: Step | null;
  added_tokens?: AddedToken[] | null;
  truncation?: { max_length?: unknown; direction?: unknown } | null;
  padding?: { pad_id?: unknown; strategy?: unknown; direction?: unknown } | null;
}

/** Refuses a file for what stands in it. */
export function refuse(fn: string, rule: string, received: unknown): never {
  throw new EncoderError(fn, `tokenizer.json ${rule}`, received);
}

/** Real tokenizers nest sequences once. */
const MOST_DEPTH = 16;

/** A step, or the steps of a sequence, with `null` for none. */
export function stepsOf(fn: string, step: Step | null | undefined, key: string, depth = 0): Step[] {
  if (depth > MOST_DEPTH) refuse(fn, `may nest sequences ${MOST_DEPTH} deep`, depth);
  if (step === null || step === undefined) return [];
  if (typeof step !== "object") refuse(fn, "must hold steps with a type", step);
  if (step.type !== "Sequence") return [step];
  const parts = step[key];
  if (!Array.isArray(parts)) refuse(fn, `must list the ${key} of a sequence`, parts);
  return parts.flatMap((part: Step) => stepsOf(fn, part, key, depth + 1));
}

/** Token ids by text. */
export function readVocabulary(fn: string, vocab: unknown): Map<string, number> {
  if (typeof vocab !== "object" || vocab === null || Array.isArray(vocab))
    refuse(fn, "must hold a vocabulary of texts and ids", Array.isArray(vocab) ? "a list" : vocab);
  const entries = Object.entries(vocab as Record<string, unknown>);
  return new Map(entries.map(([text, id]) => [text, readId(fn, id)]));
}

/** More than any vocabulary has; two ids below it make one exact number. */
export const MOST_TOKENS = 2 ** 26;

/** A whole number that can be a token's id. */
export function readId(fn: string, id: unknown): number {
  if (!Number.isInteger(id) || (id as number) < 0 || (id as number) >= MOST_TOKENS)
    refuse(fn, "must number its tokens by whole numbers from 0", id);
  return id as number;
}
