/** Python's characters and classes of characters as JavaScript writes them under the flag `v`. */

/** Flags in force at one place of an expression. */
export interface Flags {
  ignoreCase: boolean;
  ascii: boolean;
  multiline: boolean;
  dotAll: boolean;
  verbose: boolean;
}

export const NO_FLAGS: Flags = { ignoreCase: false, ascii: false, multiline: false, dotAll: false, verbose: false };

export const codeOf = (character: string): number => character.codePointAt(0) as number;

/** A character as itself, inside a class and outside. */
export function literal(code: number): string {
  const character = String.fromCodePoint(code);
  return /^\w$/.test(character) ? character : `\\u{${code.toString(16)}}`;
}

const DIGIT = "\\p{Nd}";
/** `str.isalnum` and the underscore: no combining marks. */
const WORD = "\\p{L}\\p{N}_";
/** `str.isspace`: with the separators of ASCII, without the byte order mark. */
const SPACE =
  "\\t-\\r\\u{1c}-\\u{20}\\u{85}\\u{a0}\\u{1680}\\u{2000}-\\u{200a}\\u{2028}\\u{2029}\\u{202f}\\u{205f}\\u{3000}";

const UNICODE: Record<string, string> = { d: DIGIT, w: WORD, s: SPACE };
const ASCII: Record<string, string> = { d: "0-9", w: "A-Za-z0-9_", s: "\\t-\\r\\u{20}" };

/** The class that `\d`, `\w`, `\s` or their opposites in capitals name; undefined for other letters. */
export function category(letter: string, { ascii }: Flags): string | undefined {
  const members = (ascii ? ASCII : UNICODE)[letter.toLowerCase()];
  if (members === undefined || !/^[dws]$/i.test(letter)) return undefined;
  return letter === letter.toLowerCase() ? `[${members}]` : `[^${members}]`;
}

/** Any character; V8 misreads the shorter `[^]` under the flag `v` where it repeats. */
const ANY = "[\\p{Any}]";

/** The place that an escape names; undefined for other letters. */
export function place(letter: string, flags: Flags): string | undefined {
  const word = category("w", flags) as string;
  switch (letter) {
    case "A":
      return `(?<!${ANY})`;
    case "Z":
      return `(?!${ANY})`;
    case "b":
      return `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`;
    case "B":
      return `(?:(?<=${word})(?=${word})|(?<!${word})(?!${word}))`;
    default:
      return undefined;
  }
}

/** `^`: the very beginning, or with `m` behind each line feed. */
export const beginning = ({ multiline }: Flags): string => (multiline ? "(?<![^\\n])" : `(?<!${ANY})`);

/** `$`: the end, and before a line feed that stands last or, with `m`, anywhere. */
export const ending = ({ multiline }: Flags): string => (multiline ? "(?![^\\n])" : `(?=\\n?(?!${ANY}))`);

export const dot = ({ dotAll }: Flags): string => (dotAll ? ANY : "[^\\n]");

/** Letters beyond ASCII that Python takes for one of ASCII where case does not matter. */
const KIN: Record<string, readonly number[]> = { i: [0x130, 0x131], k: [0x212a], s: [0x17f] };

const LAST_ASCII = 0x7f;

/** Members of a class that stand for a range of characters; null where Python's rule of case is not followed. */
export function range(from: number, to: number, { ignoreCase, ascii }: Flags): string | null {
  const plain = from === to ? literal(from) : `${literal(from)}-${literal(to)}`;
  if (!ignoreCase) return plain;
  if (to > LAST_ASCII && !ascii && !(from === to && isCaseless(from))) return null;
  const codes = Array.from({ length: Math.min(to, LAST_ASCII) - from + 1 }, (_, i) => from + i);
  return plain + [...new Set(codes.flatMap((code) => otherCases(code, ascii)))].map(literal).join("");
}

function isCaseless(code: number): boolean {
  const character = String.fromCodePoint(code);
  return character.toLowerCase() === character && character.toUpperCase() === character;
}

function otherCases(code: number, ascii: boolean): number[] {
  const character = String.fromCodePoint(code);
  const lower = character.toLowerCase();
  if (!/^[a-z]$/.test(lower)) return [];
  const kin = ascii ? [] : (KIN[lower] ?? []);
  return [codeOf(lower), codeOf(lower.toUpperCase()), ...kin].filter((one) => one !== code);
}
