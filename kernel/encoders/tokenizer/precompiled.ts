import { base64Decode } from "../../protocol/core/base64";
import { MOST_GROWTH, type Normalizer, refuse, type Step } from "./json";

/** Replacements of SentencePiece: a double array over the bytes of characters, and the texts that replace them. */
interface Table {
  units: Uint32Array;
  texts: Uint8Array;
}

const UTF8 = new TextEncoder();
/** Clusters of six bytes and more are replaced character by character. */
const SHORT = 6;

/**
 * Returns SentencePiece's compiled normalisation, as `tokenizers` applies it: to grapheme clusters of up to five bytes, of
 * which the first replacement counts, and to the characters of longer ones and of those without a replacement.
 */
export function readPrecompiled(fn: string, { precompiled_charsmap: map }: Step): Normalizer {
  const table = readTable(fn, map);
  const replaced = (text: string): string | null => lookUp(fn, table, UTF8.encode(text));
  const clusters = new Intl.Segmenter("en", { granularity: "grapheme" });
  return (text) =>
    Array.from(clusters.segment(text), ({ segment }) => {
      const whole = UTF8.encode(segment).length < SHORT ? replaced(segment) : null;
      return whole ?? Array.from(segment, (character) => replaced(character) ?? character).join("");
    }).join("");
}

function readTable(fn: string, map: unknown): Table {
  const bytes = typeof map === "string" ? decode(map) : null;
  const length = bytes && bytes.length >= 4 ? new DataView(bytes.buffer).getUint32(0, true) : NaN;
  if (!bytes || !(length % 4 === 0 && length > 0 && length <= bytes.length - 4))
    return refuse(fn, "must hold a precompiled_charsmap in base64: a trie's size, the trie, texts", map);
  const trie = new DataView(bytes.buffer, 4, length);
  const units = Uint32Array.from({ length: length / 4 }, (_, i) => trie.getUint32(4 * i, true));
  return { units, texts: bytes.subarray(4 + length) };
}

function decode(text: string): Uint8Array | null {
  try {
    return base64Decode(text);
  } catch {
    return null;
  }
}

/**
 * Returns the replacement of the shortest key that the bytes begin with, or null. Units of the double array: label in bits
 * 0 to 7 and 31, a leaf's flag in bit 8, offset in bits 10 to 30, shifted by 8 with bit 9 set (Darts-clone).
 */
function lookUp(fn: string, { units, texts }: Table, key: Uint8Array): string | null {
  let at = offsetOf(units[0]);
  for (const byte of key) {
    at ^= byte;
    const unit = units[at] ?? 0;
    if (byte === 0 || (unit & 0x800000ff) !== byte) return null;
    at ^= offsetOf(unit);
    if (unit & 0x100) return textAt(fn, texts, (units[at] ?? 0) & 0x7fffffff);
  }
  return null;
}

const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);

function textAt(fn: string, texts: Uint8Array, start: number): string {
  const end = texts.indexOf(0, start);
  const text = texts.subarray(start, end < 0 ? texts.length : end);
  if (text.length > 4 * MOST_GROWTH) refuse(fn, `may replace by ${MOST_GROWTH} characters at most`, text.length);
  return new TextDecoder().decode(text);
}
