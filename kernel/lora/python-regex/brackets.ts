import { append } from "../../numeric";
import { codeOf, type Flags, range } from "./characters";
import { type Member, memberOf } from "./escapes";
import type { Reader } from "./reader";

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
