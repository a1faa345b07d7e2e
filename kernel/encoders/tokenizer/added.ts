import { literalPattern } from "../../literal-pattern";
import { type AddedToken, readId, refuse } from "./json";

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
    this.normalized = new Finder(later.map((token) => ({ ...token, content: normalize(token.content) })));
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

class Finder {
  private readonly pattern: RegExp | null;
  private readonly ids: number[];

  constructor(tokens: readonly AddedToken[]) {
    const longestFirst = [...tokens].sort((a, b) => b.content.length - a.content.length);
    this.ids = longestFirst.map(({ id }) => id);
    this.pattern = longestFirst.length ? new RegExp(longestFirst.map(patternOf).join("|"), "gu") : null;
  }

  cut(text: string): Piece[] {
    if (!this.pattern) return text === "" ? [] : [text];
    const pieces: Piece[] = [];
    let end = 0;
    for (const found of text.matchAll(this.pattern)) {
      const id = this.ids[found.slice(1).findIndex((group) => group !== undefined)];
      pieces.push(text.slice(end, found.index), id);
      end = found.index + found[0].length;
    }
    return [...pieces, text.slice(end)].filter((piece) => piece !== "");
  }
}

/** Makes a group around the token, with the spaces that it consumes. */
function patternOf({ content, lstrip, rstrip }: AddedToken): string {
  const spaces = "\\p{White_Space}*";
  return `${lstrip ? spaces : ""}(${literalPattern(content)})${rstrip ? spaces : ""}`;
}
