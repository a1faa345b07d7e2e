import type { Tokenizer } from "../encoders/tokenizer/tokenizer";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { GroundingError } from "./error";

/** Options of {@link encodePhrases}. */
export interface PhraseOptions {
  /** Number of ids that every phrase is padded to, the tokenizer's frame included. Default 20. */
  length?: number;
  /** Treatment of a phrase with more ids: refuse it, or cut its words, as the release does; its frame stays. Default `throw`. */
  overflow?: "throw" | "cut";
  /** Id of a piece that the tokenizer does not know; a phrase with one is refused. Default: no phrase is refused for it. */
  unknownId?: number;
  /** Id of padding. Default 1, as in BEiT-3's table. */
  padId?: number;
}

/** Ids of phrases, row by row. */
export interface EncodedPhrases {
  /** [B, length]. */
  ids: Int32Array;
  /** [B, length], 1 for an id of a phrase, 0 for padding. */
  mask: Int32Array;
  /** Number of ids in a row. */
  length: number;
}

const FN = "grounding.encodePhrases";
const NAMES: OptionNames<PhraseOptions> = { length: true, overflow: true, unknownId: true, padId: true };

/** Returns a phrase in lower case without marks, as SimVG's release cleans it: hyphens and slashes become spaces. */
export const cleanPhrase = (phrase: string): string =>
  phrase
    .toLowerCase()
    .replace(/[.,'!?"()*#:;]/g, "")
    .replace(/[-/]/g, " ");

/**
 * Encodes phrases for a {@link SimVg}: begin, at most `length` - 2 pieces, end, padding (arXiv 2409.17531, section 4.1).
 *
 * @param tokenizer reader of a `tokenizer.json` that puts its frame around a text
 * @throws GroundingError for a phrase that is empty, too long, or has characters that the tokenizer does not know
 */
export function encodePhrases(
  tokenizer: Pick<Tokenizer, "encode">,
  phrases: readonly string[],
  options: PhraseOptions = {},
): EncodedPhrases {
  checkOptionNames(FN, options, NAMES, GroundingError);
  const { length = 20, overflow = "throw", unknownId, padId = 1 } = options;
  if (typeof (tokenizer as Partial<Tokenizer> | null | undefined)?.encode !== "function")
    throw new GroundingError(FN, "tokenizer must have encode", tokenizer);
  if (!Array.isArray(phrases)) throw new GroundingError(FN, "phrases must be an array", phrases);
  if (!(Number.isInteger(length) && length >= 1))
    throw new GroundingError(FN, "length must be a whole number of at least 1", length);
  if (overflow !== "throw" && overflow !== "cut")
    throw new GroundingError(FN, "overflow must be throw or cut", overflow);
  const ids = new Int32Array(phrases.length * length).fill(padId);
  const mask = new Int32Array(ids.length);
  const [frame] = rowsOf(tokenizer, [""]);
  if (length <= frame.length)
    throw new GroundingError(FN, `length must be above the ${frame.length} ids of the tokenizer's frame`, length);
  rowsOf(tokenizer, phrases.map(checked)).forEach((row, i) => {
    const phrase = phrases[i];
    if (row.length <= frame.length)
      throw new GroundingError(FN, "a phrase must have a piece that the tokenizer keeps", phrase);
    if (unknownId !== undefined && row.includes(unknownId))
      throw new GroundingError(FN, "a phrase must consist of words and characters that the tokenizer knows", phrase);
    if (row.length > length && overflow === "throw")
      throw new GroundingError(FN, `a phrase must have at most ${length} ids, it has ${row.length}`, phrase);
    const kept = row.length > length ? cut(row, frame, length) : row;
    ids.set(kept, i * length);
    mask.fill(1, i * length, i * length + kept.length);
  });
  return { ids, mask, length };
}

function checked(phrase: string): string {
  if (typeof phrase !== "string" || phrase.trim() === "")
    throw new GroundingError(FN, "a phrase must be a text that is not empty, nor of marks alone", phrase);
  return phrase;
}

function rowsOf(tokenizer: Pick<Tokenizer, "encode">, texts: readonly string[]): number[][] {
  const { ids, mask, dims } = tokenizer.encode(texts);
  return texts.map((_, i) => {
    const count = Number(mask.slice(i * dims[1], (i + 1) * dims[1]).reduce((sum, one) => sum + one, 0n));
    return Array.from(ids.slice(i * dims[1], i * dims[1] + count), Number);
  });
}

/** Cuts the end of a row, but for the ids of the frame that stand there. */
function cut(row: readonly number[], frame: readonly number[], length: number): number[] {
  let tail = 0;
  while (tail < frame.length && frame[frame.length - 1 - tail] === row[row.length - 1 - tail]) tail++;
  const after = Math.min(tail, length);
  return [...row.slice(0, length - after), ...row.slice(row.length - after)];
}
