import { FeatureError } from "../error";

/** Names that a pattern stands for: counted and made one by one, never listed. */
export interface NamePattern {
  readonly length: number;
  /** Returns the name of a number from 0. */
  at(index: number): string;
}

/** Piece of a pattern: fixed words, or a range of numbers. */
interface Piece {
  length: number;
  at(index: number): string;
}

/** Tests for a pattern of names, as `{000000..000999}.tar`. */
export const isPattern = (text: string): boolean => /\{[^{}]*\}/.test(text);

/**
 * Parses a pattern of webdataset's kind: `{000..999}` counts with leading zeros, `{a,b}` names words; of several, the last
 * changes first.
 *
 * @throws FeatureError for braces that hold neither
 */
export function parsePattern(fn: string, text: string): NamePattern {
  const pieces = text
    .split(/(\{[^{}]*\})/)
    .filter((part) => part !== "")
    .map((part) => pieceOf(fn, part));
  const length = pieces.reduce((product, piece) => product * piece.length, 1);
  if (!Number.isSafeInteger(length)) throw new FeatureError(fn, "a pattern must stand for fewer names", text);
  return {
    length,
    at: (index) => {
      let rest = index;
      const words: string[] = [];
      for (const piece of [...pieces].reverse()) {
        words.push(piece.at(rest % piece.length));
        rest = Math.floor(rest / piece.length);
      }
      return words.reverse().join("");
    },
  };
}

function pieceOf(fn: string, text: string): Piece {
  if (!text.startsWith("{")) return { length: 1, at: () => text };
  const inner = text.slice(1, -1);
  const [, first, last] = /^(\d+)\.\.(\d+)$/.exec(inner) ?? [];
  if (first === undefined) return wordsOf(fn, inner, text);
  const [from, to] = [Number(first), Number(last)];
  if (!Number.isSafeInteger(to) || to < from) throw new FeatureError(fn, "a range must ascend, as {000..999}", text);
  return { length: to - from + 1, at: (index) => String(from + index).padStart(first.length, "0") };
}

function wordsOf(fn: string, inner: string, text: string): Piece {
  const words = inner.split(",");
  if (words.length < 2) throw new FeatureError(fn, "braces must hold a range or words, as {000..999} or {a,b}", text);
  if (new Set(words).size < words.length) throw new FeatureError(fn, "words in braces must differ", text);
  return { length: words.length, at: (index) => words[index] };
}
