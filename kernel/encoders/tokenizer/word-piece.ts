import { type WordModel } from "./bpe";
import { readVocabulary, refuse, type Step } from "./json";
import { isWhole } from "../../rules/rule-error";

/** Words of a model are 100 characters at most; a search takes their square. */
const LONGEST_WORD = 1024;

/**
 * Returns a WordPiece model (BERT, arXiv 1810.04805): the longest piece that begins a word, then the longest that goes on.
 * A word that is too long, or has a part without a piece, is unknown as a whole.
 */
export function readWordPiece(fn: string, model: Step): WordModel {
  const { vocab, unk_token: token, continuing_subword_prefix: prefix, max_input_chars_per_word: most } = model;
  const vocabulary = readVocabulary(fn, vocab);
  const unknown = vocabulary.get(token as string);
  if (unknown === undefined) return refuse(fn, "must hold its unknown token in the vocabulary", token);
  if (typeof prefix !== "string") return refuse(fn, "must say what continues a word", prefix);
  if (!isWhole(most, 0) || (most as number) > LONGEST_WORD)
    refuse(fn, `may have words of ${LONGEST_WORD} characters at most`, most);
  let longest = 0;
  for (const text of vocabulary.keys()) longest = Math.max(longest, text.length);
  return (word) => {
    const isShort = Array.from(word).length <= (most as number);
    return (isShort && piecesOf(vocabulary, word, prefix, longest)) || [unknown];
  };
}

/** Returns the ids of a word's pieces, or null where a part has none. */
function piecesOf(
  vocabulary: ReadonlyMap<string, number>,
  word: string,
  prefix: string,
  longest: number,
): number[] | null {
  const ids: number[] = [];
  for (let start = 0; start < word.length;) {
    const lead = start > 0 ? prefix : "";
    let end = Math.min(word.length, start + longest);
    let id: number | undefined;
    while (end > start && (id = vocabulary.get(lead + word.slice(start, end))) === undefined) end--;
    if (id === undefined) return null;
    ids.push(id);
    start = end;
  }
  return ids;
}
