/** Kinds of the world's phrases, by the fact that singles an object out. */
export const phraseKinds = ["category", "color or texture", "place or size", "relation", "part"] as const;

/** Kind of a phrase. */
export type PhraseKind = (typeof phraseKinds)[number];

const RELATION = /\b(?:left of|right of|above|below)\b/;
const PART = / with an? /;
const EXTREME = /^the (?:leftmost|rightmost|topmost|bottommost|largest|smallest)\b/;

/** Returns the kind of one of the world's phrases: `the cat` has the kind `category`, `the red cat above the dog` the kind `relation`. */
export function kindOf(phrase: string): PhraseKind {
  if (RELATION.test(phrase)) return "relation";
  if (PART.test(phrase)) return "part";
  if (EXTREME.test(phrase)) return "place or size";
  return phrase.split(" ").length > 2 ? "color or texture" : "category";
}

/** Lengths of phrases in words, as ranges of the summary. */
export const phraseLengths = ["2 words", "3 words", "4 words", "5 to 7 words", "8 words and more"] as const;

/** Range of a phrase's length. */
export type PhraseLength = (typeof phraseLengths)[number];

/** Returns the range of a phrase's number of words. */
export function lengthOf(phrase: string): PhraseLength {
  const words = phrase.split(" ").length;
  if (words <= 4) return phraseLengths[Math.max(words, 2) - 2];
  return words <= 7 ? "5 to 7 words" : "8 words and more";
}
