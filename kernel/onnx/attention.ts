import { type Graph, isLayout } from "./graph";
import { isAttention, type OnnxNode } from "./model";
import { elementCount } from "./tensor";

/** Names of an attention's tensors; null for a tensor that the graph lacks. */
export interface AttentionSite {
  /** Output of the softmax, `[B, heads, N, N]`. */
  attention: string | null;
  /** Queries before the logits' scale, `[B, heads, N, D]`. */
  query: string | null;
  /**
   * Keys as they enter the product, before the scale: `[B, heads, D, N]`, or `[B, heads, N, D]` if not `keyTransposed`.
   */
  key: string | null;
  keyTransposed: boolean;
  /** Values, `[B, heads, N, D]`. */
  value: string | null;
}

const FUSED = new Set([
  "Attention",
  "QAttention",
  "MultiHeadAttention",
  "GroupQueryAttention",
  "PackedAttention",
  "PackedMultiHeadAttention",
]);
const PRODUCT = new Set(["MatMul", "FusedMatMul"]);
const TO_LOGITS = new Set(["Add", "Mul", "Div", "Sub", "Where", "Clip", "Tanh"]);
const TO_VALUES = new Set(["Where", "Mul"]);

/** Tests whether a branch contains attention. */
export const hasAttention = (region: Set<OnnxNode>): boolean =>
  [...region].some((node) => node.op === "Softmax" || FUSED.has(node.op));

/** Finds the attention of a branch: the first softmax between two products of data, or nulls for a fused operator. */
export function findAttention(graph: Graph, region: Set<OnnxNode>): AttentionSite {
  for (const node of [...region].sort((a, b) => a.index - b.index)) {
    const site = node.op === "Softmax" ? siteAt(graph, node) : null;
    if (site) return site;
  }
  const fused = [...region].find((node) => FUSED.has(node.op));
  return { ...NOTHING, ...(fused && fusedSite(graph, fused)) };
}

const NOTHING: AttentionSite = { attention: null, query: null, key: null, keyTransposed: false, value: null };

/**
 * Reads a fused operator with separate inputs: query, key and value, `[B, N, heads · D]` or `[B, heads, N, D]`; the
 * operator of opset 23 also has probabilities.
 */
function fusedSite(graph: Graph, node: OnnxNode): Partial<AttentionSite> {
  const [query, key, value] = node.inputs;
  const isSplit = node.op === "MultiHeadAttention" || isAttention(node);
  if (!isSplit || ![query, key, value].every((name) => graph.data.has(name))) return {};
  const hasMode = graph.model.extended.has(node) || node.attributes.get("qk_matmul_output_mode")?.number === 3;
  return { query, key, value, attention: isAttention(node) && hasMode ? node.outputs[3] : null };
}

function siteAt(graph: Graph, softmax: OnnxNode): AttentionSite | null {
  const logits = productBefore(graph, softmax);
  const after = productAfter(graph, softmax);
  if (!logits || !after) return null;
  const [query, key] = logits.inputs.map((name) => unscale(graph, name));
  const keyTransposed = !logits.attributes.get("transB")?.number;
  return { attention: softmax.outputs[0], query, key, keyTransposed, value: after };
}

const isDataProduct = (graph: Graph, node: OnnxNode): boolean =>
  PRODUCT.has(node.op) && graph.data.has(node.inputs[0]) && graph.data.has(node.inputs[1]);

/** Walks upstream from the softmax through scale, mask and bias to `MatMul(q, kᵀ)`: nearest first, each tensor once. */
function productBefore(graph: Graph, softmax: OnnxNode): OnnxNode | null {
  for (const name of walk(softmax.inputs[0], (name) => {
    const node = graph.producer.get(name);
    const passes = node && (isLayout(node) || TO_LOGITS.has(node.op));
    return passes ? graph.dataInputs(node) : [];
  })) {
    const node = graph.producer.get(name);
    if (node && isDataProduct(graph, node)) return node;
  }
  return null;
}

/**
 * Walks downstream from the softmax through dropout and NaN guards to `MatMul(attention, v)`; returns the name of `v`.
 */
function productAfter(graph: Graph, softmax: OnnxNode): string | null {
  const readers = (name: string): OnnxNode[] => graph.consumers.get(name) ?? [];
  const passes = (node: OnnxNode): boolean => isLayout(node) || TO_VALUES.has(node.op);
  for (const name of walk(softmax.outputs[0], (name) =>
    readers(name)
      .filter(passes)
      .map((node) => node.outputs[0]),
  )) {
    const product = readers(name).find((node) => isDataProduct(graph, node) && node.inputs[0] === name);
    if (product) return product.inputs[1];
  }
  return null;
}

/** Tensors between a softmax and the products around it: real graphs have a handful. */
const LONGEST_WALK = 256;

/** Walks breadth first from `start`. */
function* walk(start: string, next: (name: string) => string[]): Generator<string> {
  const seen = new Set([start]);
  for (const name of seen) {
    yield name;
    if (seen.size > LONGEST_WALK) return;
    for (const other of next(name)) seen.add(other);
  }
}

/** Returns the tensor before multiplications by a number. */
function unscale(graph: Graph, name: string): string {
  let current = name;
  for (
    let node = graph.producer.get(current);
    node && (node.op === "Mul" || node.op === "Div");
    node = graph.producer.get(current)
  ) {
    const data = node.inputs.filter((input) => graph.data.has(input));
    const factor = node.inputs.find((input) => !graph.data.has(input));
    if (data.length !== 1 || factor === undefined || !isNumber(graph, factor)) break;
    current = data[0];
  }
  return current;
}

/** Tests for a constant of one element, or a number computed from shapes (timm's scale). */
function isNumber(graph: Graph, name: string): boolean {
  const constant = graph.constant(name);
  return constant ? elementCount(graph.model.fn, constant) === 1 : true;
}
