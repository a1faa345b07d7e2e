import { EncoderError } from "../errors";
import { isWhole } from "../../rules/rule-error";
import { isRecord } from "../../rules/json-text";

/** Step of a `tokenizer.json`: its type and parameters. */
export interface Step {
  type?: unknown;
  [key: string]: unknown;
}

/** Token matched in the unprocessed text. */
export interface AddedToken {
  id: number;
  content: string;
  /** Match in the normalised text instead. */
  normalized?: boolean;
  lstrip?: boolean;
  rstrip?: boolean;
  single_word?: boolean;
}

/** Supported parts of a Hugging Face `tokenizer.json`. Its content is untrusted. */
export interface TokenizerJson {
  model?: Step | null;
  normalizer?: Step | null;
  pre_tokenizer?: Step | null;
  post_processor?: Step | null;
  added_tokens?: AddedToken[] | null;
  truncation?: { max_length?: unknown; direction?: unknown } | null;
  padding?: { pad_id?: unknown; strategy?: unknown; direction?: unknown } | null;
}

/** Function from a text to its normalised form. */
export type Normalizer = (text: string) => string;

/** Steps that double a text, one after the other, fill the memory: NFKD makes at most 18 characters of one. */
export const MOST_GROWTH = 32;

/** Throws an error for an invalid value in a file. */
export function refuse(fn: string, rule: string, received: unknown): never {
  throw new EncoderError(fn, `tokenizer.json ${rule}`, received);
}

/** Real tokenizers nest sequences once, of a few steps. */
const MOST_DEPTH = 16;
const MOST_STEPS = 64;

/** Returns a step, or the steps of a sequence; none for `null`. */
export function stepsOf(fn: string, step: Step | null | undefined, key: string, depth = 0): Step[] {
  if (depth > MOST_DEPTH) refuse(fn, `may nest sequences ${MOST_DEPTH} deep`, depth);
  if (step === null || step === undefined) return [];
  if (typeof step !== "object") refuse(fn, "must hold steps with a type", step);
  // A list would be written out where its name is looked up, however deep it is.
  if (step.type !== undefined && typeof step.type !== "string")
    refuse(fn, "must name the types of its steps", step.type);
  if (step.type !== "Sequence") return [step];
  const parts = step[key];
  if (!Array.isArray(parts)) refuse(fn, `must list the ${key} of a sequence`, parts);
  const steps = parts.flatMap((part: Step) => stepsOf(fn, part, key, depth + 1));
  if (steps.length > MOST_STEPS) refuse(fn, `may have ${MOST_STEPS} ${key}`, steps.length);
  return steps;
}

/** Reads a flag that a step must have. */
export function readFlag(fn: string, step: Step, key: string): boolean {
  const value = step[key];
  if (typeof value !== "boolean") refuse(fn, `must say true or false for ${key} of ${step.type as string}`, value);
  return value;
}

/** Token ids by text. */
export function readVocabulary(fn: string, vocab: unknown): Map<string, number> {
  if (!isRecord(vocab)) refuse(fn, "must hold a vocabulary of texts and ids", Array.isArray(vocab) ? "a list" : vocab);
  const entries = Object.entries(vocab as Record<string, unknown>);
  return new Map(entries.map(([text, id]) => [text, readId(fn, id)]));
}

/** Limit above every vocabulary; two ids below it form one exact number. */
export const MOST_TOKENS = 2 ** 26;

/** Checks a whole number that can be a token's id. */
export function readId(fn: string, id: unknown): number {
  if (!isWhole(id, 0) || (id as number) >= MOST_TOKENS)
    refuse(fn, "must number its tokens by whole numbers from 0", id);
  return id as number;
}

/** Reads the id of an unknown token; null for none. */
export function readUnknown(fn: string, id: unknown, count: number): number | null {
  if (id === undefined || id === null) return null;
  const known = readId(fn, id);
  if (known >= count) refuse(fn, `must number its unknown token below the ${count} tokens`, known);
  return known;
}

/** Returns the ids of the tokens `<0x00>` to `<0xFF>`. */
export function byteIds(idOf: (token: string) => number | undefined): (number | undefined)[] {
  return Array.from({ length: 256 }, (_, byte) => idOf(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`));
}
