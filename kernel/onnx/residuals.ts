import type { Graph } from "./graph";
import type { OnnxNode } from "./model";

/** One step of the residual stream: `output = skip + branch(skip)`. */
export interface Residual {
  node: OnnxNode;
  /** Skip operand as it enters the sum. */
  skip: string;
  /** Sum. */
  output: string;
  /** Nodes of the branch. */
  region: Set<OnnxNode>;
}

const SUMS = new Set(["Add", "Sum", "SkipLayerNormalization", "SkipSimplifiedLayerNormalization"]);

/** Operators that hold weights when one of their inputs is constant. */
const WEIGHTED = new Set(
  (
    "MatMul Gemm Conv ConvTranspose Einsum FusedMatMul FusedGemm FusedConv MatMulInteger ConvInteger MatMulIntegerToFloat " +
    "DynamicQuantizeMatMul MatMulNBits Attention QAttention"
  ).split(" "),
);

/** A skip over this many other residuals is a long one (U-Net, DPT), not a block's. */
const LONG_SKIP = 4;

/** Finds every outermost residual of the graph in depth order; none lies inside the branch of another. */
export function findResiduals(graph: Graph): Residual[] {
  const all = graph.model.nodes.flatMap((node) => residualAt(graph, node) ?? []);
  const nodes = new Set(all.map((residual) => residual.node));
  const short = all.filter((residual) => [...residual.region].filter((node) => nodes.has(node)).length < LONG_SKIP);
  const inner = new Set(short.flatMap((residual) => [...residual.region]));
  return short.filter((residual) => !inner.has(residual.node));
}

function residualAt(graph: Graph, node: OnnxNode): Residual | null {
  if (!SUMS.has(node.op)) return null;
  const [a, b] = node.inputs;
  if (node.op === "Sum" && node.inputs.length !== 2) return null;
  if (!graph.data.has(a) || !graph.data.has(b)) return null;
  return residualFrom(graph, node, a, b) ?? residualFrom(graph, node, b, a);
}

/** Tries `skip` as the skip operand: the branch must read no other data and must hold weights. */
function residualFrom(graph: Graph, node: OnnxNode, skip: string, branch: string): Residual | null {
  const chain = graph.layoutChain(skip);
  const root = chain.find((name) => graph.isUpstream(name, branch) && name !== branch);
  if (root === undefined) return null;
  const region = branchRegion(graph, root, branch);
  if (!region || ![...region].some((step) => isWeighted(graph, step))) return null;
  const output = node.op.startsWith("Skip") ? node.outputs[3] : node.outputs[0];
  return output ? { node, skip, output, region } : null;
}

/**
 * Returns all nodes between `from` and `to`; null when the branch also reads data that does not come through `from`.
 */
function branchRegion(graph: Graph, from: string, to: string): Set<OnnxNode> | null {
  const region = new Set<OnnxNode>();
  const open = [to];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === from || isSibling(graph, from, name)) continue;
    if (!graph.isUpstream(from, name)) return null;
    const node = graph.producer.get(name);
    if (!node || region.has(node)) continue;
    region.add(node);
    open.push(...graph.dataInputs(node));
  }
  return region;
}

/**
 * Tests for a fused skip-and-norm, which returns both the sum and the normed sum: the branch reads one, the skip is the
 * other.
 */
function isSibling(graph: Graph, sum: string, name: string): boolean {
  const node = graph.producer.get(sum);
  return node !== undefined && node === graph.producer.get(name) && SUMS.has(node.op);
}

/**
 * Finds sums that begin a stage of a convolutional network: both operands are convolved (a projection on the skip), and
 * the result, perhaps after an activation, is the skip of a residual.
 */
export function findProjections(graph: Graph, residuals: Residual[]): Residual[] {
  const skips = new Set(residuals.flatMap((residual) => sourcesOf(graph, residual.skip)));
  const inner = new Set(residuals.flatMap((residual) => [...residual.region, residual.node]));
  const sums = graph.model.nodes.filter((node) => node.op === "Add" && !inner.has(node) && skips.has(node.outputs[0]));
  const both = sums.filter((node) => node.inputs.every((name) => graph.data.has(name)));
  return both.map((node) => ({ node, skip: node.inputs[0], output: node.outputs[0], region: new Set<OnnxNode>() }));
}

const ACTIVATIONS = new Set("Relu Gelu Sigmoid HardSwish Clip LeakyRelu Silu".split(" "));

/** Tests for a pointwise activation. */
export const isActivation = (node: OnnxNode): boolean => ACTIVATIONS.has(node.op);

/** Returns `name` and its predecessors through layout operators and one activation. */
export function sourcesOf(graph: Graph, name: string): string[] {
  const chain = graph.layoutChain(name);
  const node = graph.producer.get(chain[chain.length - 1]);
  return node && isActivation(node) ? [...chain, ...graph.layoutChain(node.inputs[0])] : chain;
}

/** Tests whether a node multiplies by weights. */
export function isWeighted(graph: Graph, node: OnnxNode): boolean {
  return WEIGHTED.has(node.op) && node.inputs.some((name) => name !== "" && !graph.data.has(name));
}
