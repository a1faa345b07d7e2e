import type { SafetensorsEntry } from "./entry";
/**
 * Fast reading of a header in the form in which programs write it: an object a tensor, each with `dtype`, `shape` and
 * `data_offsets`, without white space. `JSON.parse` of 200,000 tensors makes half a million objects that nobody needs.
 */

/** Entries by name in the order of the text, and the text of the metadata. */
export interface PlainHeader {
  tensors: Map<string, PlainEntry>;
  metadata: string | undefined;
}

/** An entry whose type may be unknown. */
type PlainEntry = Omit<SafetensorsEntry, "dtype"> & { dtype: string };

const QUOTE = 0x22;
const COMMA = 0x2c;
const [ZERO, NINE] = [0x30, 0x39];
/** Whole numbers of so many digits are exact. */
const MOST_DIGITS = 15;

/** Returns the entries, or `undefined` for any other form, which may be JSON or not. Types and sizes are not checked. */
export function readPlainHeader(text: string): PlainHeader | undefined {
  const reader = new Reader(text);
  try {
    return reader.header();
  } catch (error) {
    if (error === OTHER) return undefined;
    throw error;
  }
}

/** Thrown for another form. */
const OTHER = new Error("a header in another form");

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  header(): PlainHeader {
    const found: PlainHeader = { tensors: new Map(), metadata: undefined };
    this.skip("{");
    do this.entry(found);
    while (this.comma());
    this.skip("}");
    if (!/^[ \n\r\t]*$/.test(this.text.slice(this.at))) throw OTHER;
    return found;
  }

  private entry(found: PlainHeader): void {
    const name = this.string();
    this.skip(":");
    if (name === "__metadata__") {
      if (found.metadata !== undefined) throw OTHER;
      found.metadata = this.flatObject();
      return;
    }
    // Repeated names have another error.
    if (found.tensors.has(name)) throw OTHER;
    found.tensors.set(name, this.tensor());
  }

  private tensor(): PlainEntry {
    this.skip('{"dtype":');
    const dtype = this.string();
    this.skip(',"shape":');
    const shape = this.numbers();
    this.skip(',"data_offsets":');
    const [begin, end, ...more] = this.numbers();
    this.skip("}");
    if (begin === undefined || end === undefined || more.length > 0) throw OTHER;
    return { dtype, shape, begin, end };
  }

  private numbers(): number[] {
    const numbers: number[] = [];
    this.skip("[");
    if (this.text.charCodeAt(this.at) !== "]".charCodeAt(0)) {
      do numbers.push(this.number());
      while (this.comma());
    }
    this.skip("]");
    return numbers;
  }

  private number(): number {
    const start = this.at;
    let value = 0;
    for (let code = this.text.charCodeAt(start); code >= ZERO && code <= NINE; code = this.text.charCodeAt(++this.at))
      value = 10 * value + (code - ZERO);
    const digits = this.at - start;
    const isOther = digits === 0 || digits > MOST_DIGITS || (digits > 1 && this.text.charCodeAt(start) === ZERO);
    if (isOther) throw OTHER;
    return value;
  }

  /** Reads a text without escapes; control characters, which JSON refuses, are left to `JSON.parse`. */
  private string(): string {
    if (this.text.charCodeAt(this.at) !== QUOTE) throw OTHER;
    const start = ++this.at;
    for (let code = this.text.charCodeAt(start); code !== QUOTE; code = this.text.charCodeAt(++this.at))
      if (!(code >= 0x20) || code === 0x5c) throw OTHER;
    return this.text.slice(start, this.at++);
  }

  /** Returns the text of an object of texts, from brace to brace. */
  private flatObject(): string {
    const start = this.at;
    this.skip("{");
    const names = new Set<string>();
    if (this.text[this.at] !== "}") {
      do {
        const name = this.string();
        if (names.has(name)) throw OTHER;
        names.add(name);
        this.skip(":");
        this.string();
      } while (this.comma());
    }
    this.skip("}");
    return this.text.slice(start, this.at);
  }

  private comma(): boolean {
    if (this.text.charCodeAt(this.at) !== COMMA) return false;
    this.at++;
    return true;
  }

  private skip(expected: string): void {
    if (!this.text.startsWith(expected, this.at)) throw OTHER;
    this.at += expected.length;
  }
}
