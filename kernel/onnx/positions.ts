import type { Graph } from "./graph";
import { DataType, type TensorInfo } from "./model";

/**
 * Finds the learned position embedding `[1, N, C]` added to the tokens between image and first block. Returns null for
 * rotary or relative positions, or for an embedding computed in the graph.
 */
export function findPositions(graph: Graph, stream: string): TensorInfo | null {
  for (let node = graph.producer.get(stream); node; node = graph.producer.get(graph.dataInputs(node)[0] ?? "")) {
    if (node.op !== "Add") continue;
    const added = node.inputs.find((name) => !graph.data.has(name)) ?? "";
    const tensor = graph.model.initializers.get(added);
    if (tensor?.dataType === DataType.float && tensor.dims.length >= 2 && tensor.dims[tensor.dims.length - 2] > 1)
      return tensor;
  }
  return null;
}
