import { Parser } from "./parser";
import { Reader } from "./reader";
import { type Branches, type Node, nodesIn } from "./syntax";

/** Characters: reading and compiling longer ones takes seconds. */
const LONGEST = 20_000;

export interface Translation {
  /** The part that somebody wrote, for the message of an error; default all. */
  shown?: string;
  /** A named group that the result captures, as `kept`; default none. */
  kept?: string;
}

/**
 * A regular expression of Python as one of JavaScript, under the flag `v`, that describes the same texts.
 *
 * @throws LoraError naming what Python would not read, or what JavaScript cannot follow exactly
 */
export function fromPython(fn: string, pattern: string, { shown = pattern, kept }: Translation = {}): string {
  const reader = new Reader(fn, pattern, shown);
  if (pattern.length > LONGEST) reader.refuse(`more than ${LONGEST} characters`);
  const parser = new Parser(reader);
  const branches = parser.parse();
  const references = [...nodesIn(branches)].flatMap((node) => (node.kind === "reference" ? [node.id] : []));
  const names = new Map(references.map((id) => [id, `group${id}`]));
  if (kept !== undefined) names.set(parser.find(kept), "kept");
  return new Writer(names).branches(branches);
}

class Writer {
  private atoms = 0;

  /** @param names of groups that are captured, by number; others need none */
  constructor(private readonly names: ReadonlyMap<number, string>) {}

  branches(branches: Branches): string {
    return branches.map((nodes) => nodes.map((node) => this.node(node)).join("")).join("|");
  }

  private node(node: Node): string {
    switch (node.kind) {
      case "character":
      case "place":
        return node.source;
      case "group":
        return `(${this.opening(node.id)}${this.branches(node.branches)})`;
      case "look":
        // A group around it, since JavaScript repeats no look-around.
        return `(?:(?${node.ahead ? "" : "<"}${node.negated ? "!" : "="}${this.branches(node.branches)}))`;
      case "atomic":
        return this.atomic(node.branches);
      case "repeat":
        return `${this.node(node.node)}{${node.min},${node.max === Infinity ? "" : node.max}}${node.lazy ? "?" : ""}`;
      case "reference":
        return `\\k<${this.names.get(node.id)}>`;
      default:
        return node satisfies never;
    }
  }

  private opening(id: number | null): string {
    const name = this.names.get(id ?? 0);
    return name === undefined ? "?:" : `?<${name}>`;
  }

  /** A look-ahead finds once and never again; the text that it found is then taken. */
  private atomic(branches: Branches): string {
    const name = `atom${++this.atoms}`;
    return `(?:(?=(?<${name}>${this.branches(branches)}))\\k<${name}>)`;
  }
}
