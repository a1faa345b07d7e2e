import { OnnxError } from "./errors";
import { captured, type OnnxModel, type OnnxNode } from "./model";

/**
 * The nodes so that each stands behind those it reads, in the order of the file where that is one (converters to float16 put casts
 * of the graph's inputs last). Names are made once: by a graph input, an initializer or one node.
 *
 * @throws OnnxError for a name made twice, a tensor that nothing makes, and a cycle
 */
export function sortNodes(model: OnnxModel, fn: string): OnnxNode[] {
  const producers = findProducers(model, fn);
  const sorted: OnnxNode[] = [];
  const state = new Map<OnnxNode, "open" | "done">();
  for (const first of model.nodes) {
    const stack = [first];
    for (let node = stack.at(-1); node; node = stack.at(-1)) {
      const seen = state.get(node);
      if (seen === undefined) {
        state.set(node, "open");
        for (const maker of makersOf(node, producers, fn))
          if (state.get(maker) !== "done") stack.push(checkOpen(maker));
        continue;
      }
      stack.pop();
      if (seen === "done") continue;
      state.set(node, "done");
      sorted.push(node);
    }
  }
  sorted.forEach((node, index) => (node.index = index));
  return sorted;

  function checkOpen(node: OnnxNode): OnnxNode {
    if (state.get(node) === "open") throw new OnnxError(fn, "a graph must have no cycle", node.outputs[0] ?? node.name);
    return node;
  }
}

const GIVEN = null;

/** By the tensor's name; null for one that is given from outside. */
function findProducers(model: OnnxModel, fn: string): Map<string, OnnxNode | typeof GIVEN> {
  const producers = new Map<string, OnnxNode | typeof GIVEN>();
  for (const { name } of model.inputs) {
    if (producers.has(name)) throw new OnnxError(fn, "graph inputs must differ in name", name);
    producers.set(name, GIVEN);
  }
  for (const name of model.initializers.keys()) producers.set(name, GIVEN);
  for (const node of model.nodes)
    for (const name of node.outputs) {
      if (name === "") continue;
      const other = producers.get(name);
      if (other === GIVEN)
        throw new OnnxError(fn, "a node's output may not have the name of a graph input or initializer", name);
      if (other) throw new OnnxError(fn, "a tensor has one producer only", name);
      producers.set(name, node);
    }
  return producers;
}

function makersOf(node: OnnxNode, producers: ReturnType<typeof findProducers>, fn: string): OnnxNode[] {
  const makers: OnnxNode[] = [];
  for (const name of [...node.inputs, ...captured(node)]) {
    const maker = name === "" ? GIVEN : producers.get(name);
    if (maker === undefined)
      throw new OnnxError(fn, `node ${node.name || node.op} reads a tensor that nothing makes`, name);
    if (maker === node) throw new OnnxError(fn, "a graph must have no cycle", name);
    if (maker) makers.push(maker);
  }
  return makers.reverse();
}
