import type { Graph } from "./graph";
import type { OnnxNode } from "./model";
import { readTensor } from "./tensor";

/** Normalisation over channels: `y = (x - mean) / √(var + ε) · scale + bias` (without mean and bias for `rms`). */
export interface NormSite {
  kind: "layer" | "rms";
  input: string;
  output: string;
  /** Names of constant tensors; null if absent. */
  scale: string | null;
  bias: string | null;
  epsilon: number;
}

const FUSED = new Set(["LayerNormalization", "SkipLayerNormalization"]);
const FUSED_RMS = new Set(["SimplifiedLayerNormalization", "SkipSimplifiedLayerNormalization", "RMSNormalization"]);

/**
 * Returns the normalisation whose last node is `node`, or null. Reads fused operators and the nine-node form of opset
 * 14.
 */
export function normAt(graph: Graph, node: OnnxNode, epsilonOf: (name: string) => number | null): NormSite | null {
  if (FUSED.has(node.op) || FUSED_RMS.has(node.op)) return fusedNorm(node);
  if (node.op === "Div") return spelledNorm(graph, node, epsilonOf);
  if (node.op === "Mul") return spelledRms(graph, node, epsilonOf);
  return null;
}

function fusedNorm(node: OnnxNode): NormSite {
  const skip = node.op.startsWith("Skip");
  const kind = FUSED_RMS.has(node.op) ? "rms" : "layer";
  const [scale, bias] = skip ? [node.inputs[2], node.inputs[3]] : [node.inputs[1], node.inputs[2]];
  const epsilon = node.attributes.get("epsilon")?.number ?? (skip ? 1e-12 : 1e-5);
  const input = skip ? node.outputs[3] || "" : node.inputs[0];
  return {
    kind,
    input,
    output: node.outputs[0],
    scale: scale || null,
    bias: kind === "layer" ? bias || null : null,
    epsilon,
  };
}

/** Matches `Div(Sub(x, ReduceMean(x)), Sqrt(Add(ReduceMean(Pow(Sub)), ε)))`, then `Mul` and `Add` with constants. */
function spelledNorm(graph: Graph, div: OnnxNode, epsilonOf: (name: string) => number | null): NormSite | null {
  const centered = graph.producer.get(div.inputs[0]);
  const root = graph.producer.get(div.inputs[1]);
  if (centered?.op !== "Sub" || root?.op !== "Sqrt") return null;
  const mean = graph.producer.get(centered.inputs[1]);
  const shifted = graph.producer.get(root.inputs[0]);
  if (mean?.op !== "ReduceMean" || mean.inputs[0] !== centered.inputs[0] || shifted?.op !== "Add") return null;
  const epsilon = epsilonOf(shifted.inputs[1]) ?? epsilonOf(shifted.inputs[0]);
  if (epsilon === null) return null;
  const site: NormSite = {
    kind: "layer",
    input: centered.inputs[0],
    output: div.outputs[0],
    scale: null,
    bias: null,
    epsilon,
  };
  return followAffine(graph, site);
}

/** Matches `Mul(x, 1 / Sqrt(Add(ReduceMean(Pow(x)), ε)))`, then `Mul` with a constant. */
function spelledRms(graph: Graph, mul: OnnxNode, epsilonOf: (name: string) => number | null): NormSite | null {
  const inverse = mul.inputs
    .map((name) => graph.producer.get(name))
    .find((node) => node?.op === "Reciprocal" || node?.op === "Div");
  const root = inverse && graph.producer.get(inverse.inputs[inverse.op === "Div" ? 1 : 0]);
  const shifted = root?.op === "Sqrt" ? graph.producer.get(root.inputs[0]) : undefined;
  if (!inverse || shifted?.op !== "Add") return null;
  const mean = shifted.inputs.map((name) => graph.producer.get(name)).find((node) => node?.op === "ReduceMean");
  const square = mean && graph.producer.get(mean.inputs[0]);
  const input = mul.inputs.find((name) => graph.producer.get(name) !== inverse);
  const epsilon = epsilonOf(shifted.inputs[1]) ?? epsilonOf(shifted.inputs[0]);
  const isSquare = square && (square.op === "Pow" || square.op === "Mul") && square.inputs[0] === input;
  if (!isSquare || epsilon === null) return null;
  const scale = constantStep(graph, mul.outputs[0], "Mul");
  return {
    kind: "rms",
    input,
    output: scale?.output ?? mul.outputs[0],
    scale: scale?.constant ?? null,
    bias: null,
    epsilon,
  };
}

function followAffine(graph: Graph, site: NormSite): NormSite {
  const scale = constantStep(graph, site.output, "Mul");
  if (!scale) return site;
  const scaled = { ...site, output: scale.output, scale: scale.constant };
  const bias = constantStep(graph, scaled.output, "Add");
  return bias ? { ...scaled, output: bias.output, bias: bias.constant } : scaled;
}

/** Returns the operator of a kind that alone reads a tensor, perhaps behind a change of type, with its constant operand. */
function constantStep(graph: Graph, tensor: string, op: string): { output: string; constant: string } | null {
  const readers = graph.consumers.get(tensor) ?? [];
  if (readers.length === 1 && readers[0].op === "Cast") return constantStep(graph, readers[0].outputs[0], op);
  if (readers.length !== 1 || readers[0].op !== op) return null;
  const other = readers[0].inputs.find((name) => name !== tensor);
  return other && graph.constant(other) ? { output: readers[0].outputs[0], constant: other } : null;
}

/** Numbers of a norm, for use on the host. `scale` and `bias` have one element per channel, or are null. */
export interface NormParameters {
  kind: NormSite["kind"];
  epsilon: number;
  scale: Float64Array | null;
  bias: Float64Array | null;
}

/** Reads a norm's parameters; null where one of them is computed at run time. */
export function readNorm(graph: Graph, site: NormSite): NormParameters | null {
  const read = (name: string | null): Float64Array | null | undefined =>
    name === null ? null : (constantValues(graph, name) ?? undefined);
  const [scale, bias] = [read(site.scale), read(site.bias)];
  return scale === undefined || bias === undefined ? null : { kind: site.kind, epsilon: site.epsilon, scale, bias };
}

const SAME_VALUES = new Set(["Identity", "Cast", "Reshape", "Squeeze", "Unsqueeze", "Flatten"]);

/** Returns the values of a constant vector, also behind a quantisation: `(x - zero) · scale`. */
function constantValues(graph: Graph, name: string): Float64Array | null {
  const plain = graph.layoutChain(name);
  const source = plain.find((step) => {
    const node = graph.producer.get(step);
    return !node || !SAME_VALUES.has(node.op);
  });
  const node = source === undefined ? undefined : graph.producer.get(source);
  if (node?.op === "DequantizeLinear") return dequantized(graph, node);
  return source === undefined ? null : storedValues(graph, source);
}

function dequantized(graph: Graph, { inputs }: OnnxNode): Float64Array | null {
  const [values, scale, zero] = inputs.map((name) => storedValues(graph, name));
  return values && scale?.length === 1 ? values.map((value) => (value - (zero?.[0] ?? 0)) * scale[0]) : null;
}

/** Returns the values of an initialiser or a `Constant`. */
function storedValues(graph: Graph, name: string): Float64Array | null {
  const node = graph.producer.get(name);
  const tensor = !node || node.op === "Constant" ? graph.constant(name) : null;
  return tensor && readTensor(graph.model, tensor);
}
