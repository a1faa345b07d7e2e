import { LoraError } from "../error";

/** A regular expression, read code point by code point as Python does. */
export class Reader {
  at = 0;
  private readonly characters: readonly string[];

  constructor(
    private readonly fn: string,
    pattern: string,
    /** The expression that its author wrote, for the message; `pattern` may have more around it. */
    private readonly shown: string,
  ) {
    this.characters = [...pattern];
  }

  get next(): string | undefined {
    return this.characters[this.at];
  }

  take(): string | undefined {
    return this.characters[this.at++];
  }

  /** Takes the next character where it is this one. */
  match(character: string): boolean {
    if (this.next !== character) return false;
    this.at++;
    return true;
  }

  /** Takes characters of a kind, `most` of them. */
  takeWhile(kind: RegExp, most = Infinity): string {
    const from = this.at;
    while (this.next !== undefined && this.at - from < most && kind.test(this.next)) this.at++;
    return this.characters.slice(from, this.at).join("");
  }

  /** Takes all before `end`, and `end`. */
  takeThrough(end: string, construct: string): string {
    const text = this.takeWhile(new RegExp(`[^${end}]`, "u"));
    if (!this.match(end)) this.refuse(`${construct} without its ${end}`);
    return text;
  }

  /** @throws LoraError naming what Python would not read, or JavaScript would read otherwise */
  refuse(construct: string): never {
    const rule = `a regular expression is Python's and must have the same meaning here; this one has ${construct}`;
    throw new LoraError(this.fn, rule, this.shown);
  }
}
