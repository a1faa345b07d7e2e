/** A parsed expression. Characters and places are JavaScript's already; how nodes combine is Python's. */
export type Node =
  | { kind: "character"; source: string }
  | { kind: "place"; source: string }
  | { kind: "group"; branches: Branches; id: number | null }
  | { kind: "look"; branches: Branches; ahead: boolean; negated: boolean }
  | { kind: "atomic"; branches: Branches; isPossessive: boolean }
  | { kind: "repeat"; node: Node; min: number; max: number; lazy: boolean }
  | { kind: "reference"; id: number };

/** Alternatives, each a sequence. */
export type Branches = Node[][];

/** Least and most characters. */
export interface Width {
  min: number;
  max: number;
}

/** @param group finds the branches of a group by its number */
export function widthOf(branches: Branches, group: (id: number) => Branches): Width {
  const widths = branches.map((nodes) => nodes.map((node) => nodeWidth(node, group)).reduce(plus, { min: 0, max: 0 }));
  return {
    min: widths.reduce((least, { min }) => Math.min(least, min), Infinity),
    max: widths.reduce((most, { max }) => Math.max(most, max), 0),
  };
}

const plus = (a: Width, b: Width): Width => ({ min: a.min + b.min, max: a.max + b.max });

function nodeWidth(node: Node, group: (id: number) => Branches): Width {
  switch (node.kind) {
    case "character":
      return { min: 1, max: 1 };
    case "place":
    case "look":
      return { min: 0, max: 0 };
    case "group":
    case "atomic":
      return widthOf(node.branches, group);
    case "repeat":
      return repeated(nodeWidth(node.node, group), node.min, node.max);
    case "reference":
      return widthOf(group(node.id), group);
    default:
      return node satisfies never;
  }
}

function repeated(one: Width, min: number, max: number): Width {
  return { min: one.min * min, max: one.max === 0 ? 0 : one.max * max };
}

/** Every node below some branches. */
export function* nodesIn(branches: Branches): Generator<Node> {
  for (const node of branches.flat()) {
    yield node;
    if (node.kind === "repeat") yield* nodesIn([[node.node]]);
    else if ("branches" in node) yield* nodesIn(node.branches);
  }
}

/**
 * Returns whether a group has certainly matched where these nodes have: it lies in no alternative, repetition or look-around.
 * Elsewhere Python remembers what JavaScript forgets, and a group without a match fails where JavaScript finds nothing.
 */
export function isCertain(nodes: readonly Node[], id: number): boolean {
  return nodes.some(
    (node) =>
      node.kind === "group" && (node.id === id || (node.branches.length === 1 && isCertain(node.branches[0], id))),
  );
}
