import type { Graph } from "./graph";
import type { Emit } from "./runtime";

/** Emits an operation on a part of the first dimension of this size. */
export type EmitPart = (graph: Graph, names: readonly string[], size: number) => readonly string[];

/** Returns the sizes of parts of a dimension, so that each has about `most` values of `values`. */
export function partsOf(dimension: number, values: number, most: number): number[] {
  const count = Math.max(1, Math.min(dimension, Math.ceil(values / most)));
  const end = (i: number): number => Math.floor((i * dimension) / count);
  return Array.from({ length: count }, (_, i) => end(i + 1) - end(i));
}

/**
 * Emits an operation part by part of the first dimension, so that intermediate values stay small and in the processor's
 * cache.
 *
 * @param isParted tells which inputs have this dimension; the others are the same for each part
 */
export function inParts(emit: EmitPart, parts: readonly number[], isParted: readonly boolean[]): Emit {
  if (parts.length === 1) return (graph, names) => emit(graph, names, parts[0]);
  const options = { attributes: { axis: 0 }, outputs: parts.length };
  return (graph, names) => {
    const split = names.map((name, i) =>
      isParted[i] ? graph.multiple("Split", [name, graph.integers(parts)], options) : parts.map(() => name),
    );
    const inputsOf = (part: number): string[] => split.map((one) => one[part]);
    const results = parts.map((size, part) => emit(graph, inputsOf(part), size));
    return results[0].map((_, i) =>
      graph.node(
        "Concat",
        results.map((one) => one[i]),
        { attributes: { axis: 0 } },
      ),
    );
  };
}
