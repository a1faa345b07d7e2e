import { literalPattern } from "../../rules/literal-pattern";
import { type AddedToken, readId, refuse } from "./json";
import { endOf } from "./unicode";

/** Piece of a text, or the id of an added token at that place. */
export type Piece = string | number;

/** Splits added tokens (`<|endoftext|>`, `<mask>`) out of texts: the earliest one, and the longest of those. */
export class AddedTokens {
  private readonly raw: Finder;
  private readonly normalized: Finder;

  constructor(
    fn: string,
    tokens: readonly AddedToken[],
    private readonly normalize: (text: string) => string,
  ) {
    if (tokens.length > MOST_ADDED) refuse(fn, `may add ${MOST_ADDED} tokens`, tokens.length);
    for (const token of tokens) check(fn, token);
    this.raw = new Finder(tokens.filter((token) => !token.normalized));
    const later = tokens.filter((token) => token.normalized);
    this.normalized = new Finder(later.map((token) => normalizedToken(fn, token, normalize(token.content))));
  }

  /** Returns normalised pieces and ids in order. */
  cut(text: string): Piece[] {
    const pieces = this.raw.cut(text);
    return pieces.flatMap((piece) => (typeof piece === "number" ? piece : this.normalized.cut(this.normalize(piece))));
  }
}

/** Each is a group of one pattern; models add a few, those that place things in pictures about a thousand. */
const MOST_ADDED = 8192;

function check(fn: string, token: AddedToken | null): void {
  if (typeof token !== "object" || token === null) return refuse(fn, "must list added tokens as objects", token);
  const { id, content, single_word: isWord } = token;
  readId(fn, id);
  if (typeof content !== "string" || content === "") refuse(fn, "must say what its added tokens look like", content);
  if (isWord) refuse(fn, "may have no added token that counts as a single word only", content);
}

function normalizedToken(fn: string, token: AddedToken, content: string): AddedToken {
  if (content === "") refuse(fn, "may have no added token of which its steps leave nothing", token.content);
  return { ...token, content };
}

class Finder {
  private readonly pattern: RegExp | null;
  private readonly tokens: readonly AddedToken[];

  constructor(tokens: readonly AddedToken[]) {
    const longestFirst = [...tokens].sort((a, b) => b.content.length - a.content.length);
    this.tokens = longestFirst;
    this.pattern = longestFirst.length ? new RegExp(longestFirst.map(patternOf).join("|"), "gu") : null;
  }

  cut(text: string): Piece[] {
    if (!this.pattern) return text === "" ? [] : [text];
    const pieces: Piece[] = [];
    let end = 0;
    for (const found of text.matchAll(this.pattern)) {
      const { id, lstrip } = this.tokens[found.slice(1).findIndex((group) => group !== undefined)];
      const before = text.slice(end, found.index);
      // Not in the pattern, which would try a long run of spaces from each of them.
      pieces.push(lstrip ? before.slice(0, endOf(before)) : before, id);
      end = found.index + found[0].length;
    }
    return [...pieces, text.slice(end)].filter((piece) => piece !== "");
  }
}

/** Makes a group around the token, with the spaces that it consumes behind it. */
function patternOf({ content, rstrip }: AddedToken): string {
  return `(${literalPattern(content)})${rstrip ? "\\p{White_Space}*" : ""}`;
}
