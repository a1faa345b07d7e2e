/** Python's syntax of regular expressions, as `re` of Python 3.11 and later reads it. */
import { bracketClass, escapedCharacter, octal } from "./escapes";
import { beginning, category, codeOf, dot, ending, type Flags, NO_FLAGS, place, range } from "./characters";
import type { Reader } from "./reader";
import { type Branches, isCertain, type Node, nodesIn, widthOf } from "./syntax";

const DEEPEST = 100;
const FLAG_NAMES: Record<string, keyof Flags> = {
  i: "ignoreCase",
  a: "ascii",
  m: "multiline",
  s: "dotAll",
  x: "verbose",
};

interface Quantifier {
  min: number;
  max: number;
}

export class Parser {
  private flags: Flags = NO_FLAGS;
  private readonly groups: { name: string | null; branches: Branches | null }[] = [];
  /** Sequences that are being read, the outermost first. */
  private readonly open: Node[][] = [];

  constructor(private readonly reader: Reader) {}

  parse(): Branches {
    const branches = this.branches();
    if (this.reader.next !== undefined) this.reader.refuse("a ) without its (");
    return branches;
  }

  private branches(): Branches {
    if (this.open.length > DEEPEST) this.reader.refuse(`more than ${DEEPEST} groups in each other`);
    const branches = [this.sequence(this.open.length === 0)];
    while (this.reader.match("|")) branches.push(this.sequence(false));
    return branches;
  }

  private sequence(isFirst: boolean): Node[] {
    const nodes: Node[] = [];
    this.open.push(nodes);
    while (this.reader.next !== undefined && !"|)".includes(this.reader.next)) this.step(nodes, isFirst);
    this.open.pop();
    return nodes;
  }

  private step(nodes: Node[], isFirst: boolean): void {
    const character = this.reader.take() as string;
    if (this.flags.verbose && this.isSkipped(character)) return;
    const quantifier = this.quantifier(character);
    const node = quantifier ? this.repeated(nodes.pop(), quantifier) : this.atom(character, isFirst && !nodes.length);
    if (node) nodes.push(node);
  }

  /** White space and comments of `(?x)`. */
  private isSkipped(character: string): boolean {
    if (character === "#") this.reader.takeWhile(/[^\n]/u);
    return /[ \t\n\r\v\f#]/.test(character);
  }

  private quantifier(character: string): Quantifier | null {
    if (character === "*") return { min: 0, max: Infinity };
    if (character === "+") return { min: 1, max: Infinity };
    if (character === "?") return { min: 0, max: 1 };
    return character === "{" ? this.counts() : null;
  }

  /** `{2}`, `{2,}`, `{,2}`, `{1,2}`; null where the brace is a character. */
  private counts(): Quantifier | null {
    const { reader } = this;
    const from = reader.at;
    const low = reader.takeWhile(/[0-9]/);
    const high = reader.match(",") ? reader.takeWhile(/[0-9]/) : low;
    if (reader.at === from || !reader.match("}")) {
      reader.at = from;
      return null;
    }
    const [min, max] = [low ? Number(low) : 0, high ? Number(high) : Infinity];
    if (max < min) reader.refuse(`the quantifier {${low},${high}}`);
    return { min, max };
  }

  private repeated(node: Node | undefined, { min, max }: Quantifier): Node {
    if (!node || node.kind === "place") return this.reader.refuse("a quantifier with nothing to repeat");
    if (node.kind === "repeat" || (node.kind === "atomic" && node.isPossessive))
      this.reader.refuse("a quantifier behind a quantifier");
    const lazy = this.reader.match("?");
    const repeat: Node = { kind: "repeat", node, min, max, lazy };
    return !lazy && this.reader.match("+") ? this.atomic([[repeat]], true) : repeat;
  }

  private atom(character: string, mayHaveFlags: boolean): Node | null {
    switch (character) {
      case "(":
        return this.parenthesis(mayHaveFlags);
      case "[":
        return { kind: "character", source: bracketClass(this.reader, this.flags) };
      case "\\":
        return this.escape();
      case ".":
        return { kind: "character", source: dot(this.flags) };
      case "^":
        return { kind: "place", source: beginning(this.flags) };
      case "$":
        return { kind: "place", source: ending(this.flags) };
      default:
        return this.character(codeOf(character));
    }
  }

  private character(code: number): Node {
    const members = range(code, code, this.flags);
    if (members === null) return this.reader.refuse("letters beyond ASCII whose case does not matter");
    return { kind: "character", source: `[${members}]` };
  }

  private escape(): Node {
    const { reader, flags } = this;
    const letter = reader.take() ?? reader.refuse("a backslash at its end");
    const at = place(letter, flags);
    if (at !== undefined) return { kind: "place", source: at };
    const members = category(letter, flags);
    if (members !== undefined) return { kind: "character", source: members };
    if (/[0-9]/.test(letter)) return this.number(letter);
    return this.character(escapedCharacter(reader, letter) ?? reader.refuse(`the escape \\${letter}`));
  }

  /** Three octal digits or a leading zero are a character, other numbers a group. */
  private number(first: string): Node {
    const { reader } = this;
    if (first === "0") return this.character(octal(reader, first));
    const from = reader.at;
    if (/[0-7]/.test(first) && reader.takeWhile(/[0-7]/, 2).length === 2) {
      reader.at = from;
      return this.character(octal(reader, first));
    }
    reader.at = from;
    return this.reference(Number(first + reader.takeWhile(/[0-9]/, 1)));
  }

  private reference(id: number): Node {
    const { reader } = this;
    if (!this.groups[id - 1]?.branches) reader.refuse("a back reference to a group that is not closed before it");
    if (this.flags.ignoreCase) reader.refuse("a back reference whose case does not matter");
    if (!this.open.some((nodes) => isCertain(nodes, id)))
      reader.refuse("a back reference to a group in an alternative, a repetition or a look-around");
    return { kind: "reference", id };
  }

  private parenthesis(mayHaveFlags: boolean): Node | null {
    const { reader } = this;
    if (!reader.match("?")) return this.capture(null);
    const kind = reader.take() ?? reader.refuse("a ( without its )");
    switch (kind) {
      case "P":
        return this.named();
      case ":":
        return { kind: "group", branches: this.inside(), id: null };
      case "#":
        reader.takeThrough(")", "a comment (?#");
        return null;
      case "=":
      case "!":
        return { kind: "look", branches: this.inside(), ahead: true, negated: kind === "!" };
      case "<":
        return this.lookBehind();
      case ">":
        return this.atomic(this.inside(), false);
      case "(":
        return reader.refuse("a conditional (?(…)…)");
      default:
        return this.inlineFlags(kind, mayHaveFlags);
    }
  }

  /** Alternatives up to the closing parenthesis. */
  private inside(flags = this.flags): Branches {
    const outer = this.flags;
    this.flags = flags;
    const branches = this.branches();
    this.flags = outer;
    if (!this.reader.match(")")) this.reader.refuse("a ( without its )");
    return branches;
  }

  private capture(name: string | null): Node {
    const group: (typeof this.groups)[number] = { name, branches: null };
    const id = this.groups.push(group);
    group.branches = this.inside();
    return { kind: "group", branches: group.branches, id };
  }

  private named(): Node {
    const { reader } = this;
    if (reader.match("<")) {
      const name = this.groupName(reader.takeThrough(">", "a group's name"));
      if (this.find(name)) reader.refuse(`two groups called ${name}`);
      return this.capture(name);
    }
    if (!reader.match("=")) reader.refuse(`(?P${reader.next ?? ""}`);
    return this.reference(this.find(this.groupName(reader.takeThrough(")", "a group's name"))));
  }

  private groupName(name: string): string {
    if (!/^[\p{ID_Start}_]\p{ID_Continue}*$/u.test(name)) this.reader.refuse(`a group called ${JSON.stringify(name)}`);
    return name;
  }

  /** A group's number, 0 where there is none of that name. */
  find(name: string): number {
    return this.groups.findIndex((group) => group.name === name) + 1;
  }

  private lookBehind(): Node {
    const { reader } = this;
    const kind = reader.take();
    if (kind !== "=" && kind !== "!") return reader.refuse(`(?<${kind ?? ""}: names of groups begin (?P<`);
    const known = this.groups.length;
    const branches = this.inside();
    const { min, max } = this.widthOf(branches);
    if (min !== max) reader.refuse("a look-behind of no fixed width");
    for (const node of nodesIn(branches)) {
      if (node.kind === "atomic") reader.refuse("an atomic group or possessive quantifier in a look-behind");
      if (node.kind === "reference" && node.id > known) reader.refuse("a back reference inside its look-behind");
    }
    return { kind: "look", branches, ahead: false, negated: kind === "!" };
  }

  private widthOf(branches: Branches) {
    return widthOf(branches, (id) => this.groups[id - 1].branches ?? []);
  }

  /** Python and JavaScript leave a repetition of nothing at different points; it shows where they cannot come back. */
  private atomic(branches: Branches, isPossessive: boolean): Node {
    for (const node of nodesIn(branches))
      if (node.kind === "repeat" && node.max > 1 && this.widthOf([[node.node]]).min === 0)
        this.reader.refuse("a repetition of what may be empty in an atomic group or under a possessive quantifier");
    return { kind: "atomic", branches, isPossessive };
  }

  /** `(?i)` for all that follows, at the very beginning; `(?i-s:…)` for a group. */
  private inlineFlags(first: string, mayHaveFlags: boolean): Node | null {
    const { reader } = this;
    const letters = first + reader.takeWhile(/[^:)]/u);
    const found = /^([aimsux]*)(?:-([imsx]+))?$/.exec(letters);
    const [, on = "", off = ""] = found ?? [];
    const isBoth = [...off].some((letter) => on.includes(letter));
    if (!found || isBoth || (on.includes("a") && on.includes("u"))) return reader.refuse(`(?${letters}`);
    const flags = withFlags(this.flags, on, off);
    if (reader.match(":")) return { kind: "group", branches: this.inside(flags), id: null };
    if (!reader.match(")") || off || !mayHaveFlags)
      return reader.refuse(`the flags (?${letters}) behind its beginning`);
    this.flags = flags;
    return null;
  }
}

function withFlags(flags: Flags, on: string, off: string): Flags {
  const changed = { ...flags };
  if (on.includes("u")) changed.ascii = false;
  for (const letter of on) if (letter !== "u") changed[FLAG_NAMES[letter]] = true;
  for (const letter of off) changed[FLAG_NAMES[letter]] = false;
  return changed;
}
