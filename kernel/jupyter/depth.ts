/**
 * Deepest nesting of JSON. Deeper values are refused before anything stringifies them or walks them, as both recurse and
 * would run out of stack. Clients in Python read no deeper than some 900.
 */
export const MOST_DEPTH = 500;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Brackets and braces differ in this bit alone. */
const BRACE_BIT = 0x20;
const OPENING = 0x7b;
const CLOSING = 0x7d;

/** Returns whether a text in JSON, or one that claims to be, nests at most so deep. */
export function isShallow(json: Uint8Array, most = MOST_DEPTH): boolean {
  if (json.length <= most) return true;
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]!;
    if (byte === QUOTE) at = endOfString(json, at + 1);
    else if ((byte | BRACE_BIT) === OPENING && ++depth > most) return false;
    else if ((byte | BRACE_BIT) === CLOSING) depth--;
  }
  return true;
}

function endOfString(json: Uint8Array, start: number): number {
  for (let at = start; at < json.length; at++) {
    if (json[at] === QUOTE) return at;
    if (json[at] === BACKSLASH) at++;
  }
  return json.length;
}
