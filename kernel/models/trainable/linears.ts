import { transpose } from "../../encoders/feature-map";
import type { Graph } from "../../onnx/graph";
import { DataType, type OnnxNode, type TensorInfo } from "../../onnx/model";
import { elementCount, readFloats } from "../../onnx/tensor";
import { normAt, type NormSite } from "../../onnx/norms";
import { Unreadable } from "./unreadable";

/** Linear layer of a graph: weight [out, in], row by row, and bias. */
export interface GraphLinear {
  node: OnnxNode;
  /** Tensor that the layer reads, and the one that it makes, bias included. */
  input: string;
  output: string;
  outFeatures: number;
  inFeatures: number;
  weight: Float32Array;
  bias: Float32Array | null;
}

/** Reads a constant's values, single or half precision. */
export function valuesOf(graph: Graph, tensor: TensorInfo): Float32Array {
  const isFloat = tensor.dataType === DataType.float || tensor.dataType === DataType.float16;
  const values = isFloat ? readFloats(graph.model, tensor) : null;
  if (values) return values;
  throw new Unreadable(`${tensor.name} is stored in a form that is not read`);
}

/** Returns the values of a constant of `count` elements; null for anything else. */
export function vectorOf(graph: Graph, name: string, count: number): Float32Array | null {
  const tensor = graph.constant(name);
  return tensor && elementCount(graph.model.fn, tensor) === count ? valuesOf(graph, tensor) : null;
}

/** Returns the one number of a constant; null for anything else. */
export const numberOf = (graph: Graph, name: string): number | null => vectorOf(graph, name, 1)?.[0] ?? null;

/** Tests for a product of data with a constant matrix. */
export function isLinear(graph: Graph, node: OnnxNode): boolean {
  if (node.op !== "MatMul" && node.op !== "Gemm") return false;
  return graph.data.has(node.inputs[0]) && !graph.data.has(node.inputs[1]);
}

/** Reads a linear layer, with the bias that is added to its product. */
export function readLinear(graph: Graph, node: OnnxNode): GraphLinear {
  const tensor = graph.constant(node.inputs[1]);
  if (!tensor || tensor.dims.length !== 2)
    throw new Unreadable(`the weight of ${node.op} ${node.name} is no constant matrix`);
  const isTurned = isTransposed(graph, node);
  const [rows, columns] = tensor.dims;
  const values = valuesOf(graph, tensor);
  const [outFeatures, inFeatures] = isTurned ? [rows, columns] : [columns, rows];
  const weight = isTurned ? values : transpose(values, rows, columns);
  const own = node.op === "Gemm" && node.inputs[2] ? vectorOf(graph, node.inputs[2], outFeatures) : null;
  const added = own ? null : addedBias(graph, node, outFeatures);
  const output = added?.output ?? node.outputs[0];
  return { node, input: node.inputs[0], output, outFeatures, inFeatures, weight, bias: own ?? added?.bias ?? null };
}

/** Tests whether the stored matrix has the layer's outputs as its rows. */
function isTransposed(graph: Graph, node: OnnxNode): boolean {
  const flag = node.op === "Gemm" && (node.attributes.get("transB")?.number ?? 0) === 1;
  const turns = graph.layoutChain(node.inputs[1]).filter((name) => graph.producer.get(name)?.op === "Transpose").length;
  return flag !== (turns % 2 === 1);
}

/** Operators that add a vector: the plain one, and activations with a bias that onnxruntime's optimizer makes. */
const ADDS = new Set(["Add", "BiasGelu", "FastGelu"]);

/** Returns the vector that is added to a product before anything else happens to it. */
function addedBias(graph: Graph, node: OnnxNode, features: number): { output: string; bias: Float32Array } | null {
  const add = onlyReader(graph, node.outputs[0]);
  if (!add || !ADDS.has(add.op)) return null;
  const other = add.inputs.find((name) => !graph.data.has(name));
  const bias = other === undefined ? null : vectorOf(graph, other, features);
  return bias && { output: add.outputs[0], bias };
}

/** Returns the one reader of a tensor that is no query for its shape, past layout operators. */
export function onlyReader(graph: Graph, name: string): OnnxNode | null {
  for (let at = name; ;) {
    const readers: OnnxNode[] = (graph.consumers.get(at) ?? []).filter(({ op }) => op !== "Shape" && op !== "Size");
    if (readers.length !== 1) return null;
    if (!["Reshape", "Identity", "Cast"].includes(readers[0].op)) return readers[0];
    at = readers[0].outputs[0];
  }
}

/** Returns the vector that the one reader of a tensor multiplies with; null where there is none. */
export function factorAfter(graph: Graph, name: string, features: number): Float32Array | null {
  const reader = onlyReader(graph, name);
  const factor = reader?.op === "Mul" ? reader.inputs.find((input) => !graph.data.has(input)) : undefined;
  return factor === undefined ? null : vectorOf(graph, factor, features);
}

/** Returns the norms among some nodes that have a scale, perhaps behind a change of type. */
export function normsOf(graph: Graph, nodes: Iterable<OnnxNode>, features: number): NormSite[] {
  const found = [...nodes].flatMap((node) => normAt(graph, node, (name) => numberOf(graph, name)) ?? []);
  return found.filter(({ scale, output }) => scale !== null || factorAfter(graph, output, features) !== null);
}

/** Scale and bias of a norm. */
export interface GraphNorm {
  weight: Float32Array;
  bias: Float32Array | null;
}

/** Reads the vectors of a norm; its scale may follow behind a change of type. */
export function readGraphNorm(graph: Graph, site: NormSite, features: number): GraphNorm {
  const scale = site.scale === null ? factorAfter(graph, site.output, features) : vectorOf(graph, site.scale, features);
  const bias = site.bias === null ? null : vectorOf(graph, site.bias, features);
  if (!scale || (site.bias !== null && !bias))
    throw new Unreadable(`the norm before ${site.output} has no constant vectors`);
  return { weight: scale, bias };
}
