import { byteIds, MOST_TOKENS, readId, readVocabulary, refuse, type Step } from "./json";
import { Chain, PairQueue } from "./pair-queue";

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
  /** Ids of the 256 bytes; null without byte fallback. */
  bytes: readonly (number | undefined)[] | null;
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
    bytes: model.byte_fallback === true ? byteIds((token) => vocabulary.get(token)) : null,
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
 * Returns the characters of a word as ids. A character outside the vocabulary is spelled in bytes, unknown, or omitted
 * without an unknown token. As in `tokenizers`, an unknown one waits for the next known character.
 */
function symbolsOf({ vocabulary, unknown, fuseUnknown, bytes, prefix, suffix }: Bpe, word: string): number[] {
  const ids: number[] = [];
  const characters = Array.from(word);
  let isWaiting = false;
  const settle = (isNext: boolean): void => {
    if (isWaiting) ids.push(unknown as number);
    isWaiting = isNext;
  };
  for (const [i, character] of characters.entries()) {
    const text = (i > 0 ? prefix : "") + character + (i === characters.length - 1 ? suffix : "");
    const id = vocabulary.get(text);
    const spelled = id === undefined ? spell(bytes, text) : null;
    if (id !== undefined) settle(false);
    if (id !== undefined) ids.push(id);
    else if (spelled) for (const byte of spelled) ids.push(byte);
    else if (unknown !== null && fuseUnknown) isWaiting = true;
    else if (unknown !== null) settle(true);
  }
  settle(false);
  return ids;
}

function spell(bytes: Bpe["bytes"], text: string): number[] | null {
  const ids = bytes && Array.from(new TextEncoder().encode(text), (byte) => bytes[byte]);
  return ids?.every((id) => id !== undefined) ? (ids as number[]) : null;
}

/** Joins the pair learnt earliest, leftmost first, until no pair is left. */
function joinPairs({ merges }: Bpe, ids: number[]): number[] {
  const chain = new Chain(ids);
  const queue = new PairQueue();
  const offer = (at: number): void => {
    const next = chain.next[at];
    const merge = next < ids.length ? merges.get(pairOf(ids[at], ids[next])) : undefined;
    if (merge) queue.push({ rank: merge.rank, at, left: ids[at], right: ids[next], id: merge.id });
  };
  for (let at = 0; at < ids.length; at++) offer(at);
  for (let pair = queue.pop(); pair; pair = queue.pop()) {
    const { at, left, right, id } = pair;
    const next = chain.next[at];
    if (ids[at] !== left || next >= ids.length || ids[next] !== right) continue;
    ids[at] = id;
    ids[next] = GONE;
    chain.drop(next);
    if (chain.previous[at] >= 0) offer(chain.previous[at]);
    offer(at);
  }
  return ids.filter((id) => id !== GONE);
}

/** Mark in place of a symbol that was joined to the one before it. */
const GONE = -1;
