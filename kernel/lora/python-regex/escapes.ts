/** Reads the escapes of an expression: the characters behind a backslash. */
import { category, codeOf, type Flags, range } from "./characters";
import type { Reader } from "./reader";
import { append } from "../../numeric";

/** A character, or a class of several. */
export type Member = number | string;

const CONTROLS: Record<string, number> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };

/** Digits of `\x`, `\u` and `\U`. */
const HEX: Record<string, number> = { x: 2, u: 4, U: 8 };

const LAST_CODE = 0x10ffff;
const LAST_OCTAL = 0o377;

/** An escape of one character, read from behind `letter`; null where it means anything else. */
export function escapedCharacter(reader: Reader, letter: string): number | null {
  if (Object.hasOwn(CONTROLS, letter)) return CONTROLS[letter];
  if (Object.hasOwn(HEX, letter)) return hexadecimal(reader, letter);
  if (letter === "N") reader.refuse("a character by its name (\\N{…})");
  return /^[A-Za-z0-9]$/.test(letter) ? null : codeOf(letter);
}

function hexadecimal(reader: Reader, letter: string): number {
  const digits = reader.takeWhile(/[0-9a-fA-F]/, HEX[letter]);
  const code = parseInt(digits, 16);
  if (digits.length < HEX[letter] || code > LAST_CODE) reader.refuse(`the escape \\${letter}${digits}`);
  return code;
}

/** A character by up to three octal digits, of which the first was taken. */
export function octal(reader: Reader, first: string): number {
  const digits = first + reader.takeWhile(/[0-7]/, 2);
  const code = parseInt(digits, 8);
  if (code > LAST_OCTAL) reader.refuse(`the escape \\${digits}`);
  return code;
}

/** An escape inside brackets, where `\b` is the backspace. */
export function memberOf(reader: Reader, flags: Flags): Member {
  const letter = reader.take() ?? reader.refuse("a backslash at its end");
  if (letter === "b") return 8;
  if (/[0-7]/.test(letter)) return octal(reader, letter);
  return category(letter, flags) ?? escapedCharacter(reader, letter) ?? reader.refuse(`the escape \\${letter} in […]`);
}

/** A class in brackets, read from behind the opening one. A closing bracket that comes first is a member. */
export function bracketClass(reader: Reader, flags: Flags): string {
  const negation = reader.match("^") ? "^" : "";
  const members: string[] = [];
  while (!members.length || reader.next !== "]") append(members, nextMembers(reader, flags));
  reader.take();
  return `[${negation}${members.join("")}]`;
}

function nextMembers(reader: Reader, flags: Flags): string[] {
  const first = member(reader, flags);
  if (!reader.match("-")) return [source(reader, first, first, flags)];
  // A hyphen that stands last is a member.
  if (reader.next === "]") return [source(reader, first, first, flags), "\\-"];
  return [source(reader, first, member(reader, flags), flags)];
}

function member(reader: Reader, flags: Flags): Member {
  const character = reader.take() ?? reader.refuse("a [ without its ]");
  return character === "\\" ? memberOf(reader, flags) : codeOf(character);
}

function source(reader: Reader, from: Member, to: Member, flags: Flags): string {
  if (typeof from === "string" && from === to) return from;
  if (typeof from === "string" || typeof to === "string") return reader.refuse("a range to or from a class");
  if (to < from) reader.refuse("a range that ends before it begins");
  return range(from, to, flags) ?? reader.refuse("letters beyond ASCII whose case does not matter");
}
