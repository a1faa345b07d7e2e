import { MOST_TOKENS, readId, readVocabulary, refuse, type Step } from "./json";

/** Function from a word to the ids of its parts. */
export type WordModel = (word: string) => readonly number[];

/** BPE model of a `tokenizer.json`. */
interface Bpe {
  vocabulary: Map<string, number>;
  /** Merged id and rank by pair of ids; earlier merges have lower ranks. */
  merges: Map<number, { rank: number; id: number }>;
  unknown: number | null;
  fuseUnknown: boolean;
  prefix: string;
  suffix: string;
  wholeWords: boolean;
}

/** Returns a byte-pair encoding: characters of a word, joined pair by pair in the learnt order. */
export function readBpe(fn: string, model: Step): WordModel {
  const bpe = checkBpe(fn, model);
  return (word) => {
    const whole = bpe.wholeWords ? bpe.vocabulary.get(word) : undefined;
    return whole === undefined ? joinPairs(bpe, symbolsOf(bpe, word)) : [whole];
  };
}

function checkBpe(fn: string, model: Step): Bpe {
  if (model.dropout) refuse(fn, "must hold a BPE model without dropout", model.dropout);
  if (model.byte_fallback) refuse(fn, "must hold a BPE model without byte_fallback", model.byte_fallback);
  const vocabulary = readVocabulary(fn, model.vocab);
  const prefix = textOf(model.continuing_subword_prefix);
  const unknown = model.unk_token ?? null;
  if (unknown !== null && !vocabulary.has(unknown as string))
    refuse(fn, "must hold its unknown token in the vocabulary", unknown);
  return {
    vocabulary,
    prefix,
    suffix: textOf(model.end_of_word_suffix),
    merges: readMerges(fn, model, vocabulary, prefix),
    unknown: unknown === null ? null : (vocabulary.get(unknown as string) as number),
    fuseUnknown: model.fuse_unk === true,
    wholeWords: model.ignore_merges === true,
  };
}

/** Key of two ids in one number; `readId` keeps them small enough. */
const pairOf = (left: number, right: number): number => left * MOST_TOKENS + right;

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

function readMerges(fn: string, { merges }: Step, vocabulary: Map<string, number>, prefix: string): Bpe["merges"] {
  if (!Array.isArray(merges)) refuse(fn, "must list the merges of its BPE model", merges);
  const idOf = (text: unknown): number => readId(fn, vocabulary.get(text as string) ?? text);
  return new Map(
    merges.map((merge: unknown, rank) => {
      const pair: unknown[] = typeof merge === "string" ? merge.split(" ") : Array.isArray(merge) ? merge : [];
      const [left, right] = pair;
      if (pair.length !== 2 || typeof left !== "string" || typeof right !== "string")
        refuse(fn, "must list merges of two parts", merge);
      return [pairOf(idOf(left), idOf(right)), { rank, id: idOf(left + right.slice(prefix.length)) }];
    }),
  );
}

/**
 * Returns the characters of a word as ids. A character outside the vocabulary is unknown, or omitted without an unknown
 * token.
 */
function symbolsOf({ vocabulary, unknown, fuseUnknown, prefix, suffix }: Bpe, word: string): number[] {
  const ids: number[] = [];
  const characters = Array.from(word);
  let isLastUnknown = false;
  for (const [i, character] of characters.entries()) {
    const text = (i > 0 ? prefix : "") + character + (i === characters.length - 1 ? suffix : "");
    const id = vocabulary.get(text);
    if (id !== undefined) ids.push(id);
    else if (unknown !== null && !(fuseUnknown && isLastUnknown)) ids.push(unknown);
    isLastUnknown = id === undefined;
  }
  return ids;
}

/** Joins the pair learnt earliest, leftmost first, until no pair is left. */
function joinPairs({ merges }: Bpe, ids: number[]): number[] {
  for (;;) {
    let best: { rank: number; id: number; at: number } | undefined;
    for (let at = 0; at + 1 < ids.length; at++) {
      const merge = merges.get(pairOf(ids[at], ids[at + 1]));
      if (merge && (!best || merge.rank < best.rank)) best = { ...merge, at };
    }
    if (!best) return ids;
    ids.splice(best.at, 2, best.id);
  }
}
