import { OnnxError } from "./errors";
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

/** Branches of a real network hold each node once or twice. */
const MOST_OVERLAP = 32;

/** Finds every outermost residual of the graph in depth order; none lies inside the branch of another. */
export function findResiduals(graph: Graph): Residual[] {
  const search = new ResidualSearch(graph);
  for (const node of graph.model.nodes) search.visit(node);
  return search.short.filter((residual) => !search.inner.has(residual.node));
}

/**
 * One pass over the sorted nodes. All nodes between two tensors come after the one that makes the first: the latest node with weights
 * and the latest residuals upstream of a node tell whether a branch has weights and how many residuals, without walking it.
 */
class ResidualSearch {
  readonly short: Residual[] = [];
  /** Nodes of the branches of those. */
  readonly inner = new Set<OnnxNode>();
  /** By node: the latest node with weights at it or upstream of it. */
  private readonly weighted: Int32Array;
  /** By node: the latest residuals at it or upstream of it, latest first. */
  private readonly latest: number[][] = [];
  private walked = 0;

  constructor(private readonly graph: Graph) {
    this.weighted = new Int32Array(graph.model.nodes.length).fill(-1);
  }

  visit(node: OnnxNode): void {
    const { graph, weighted } = this;
    const found = this.residualAt(node);
    const before = graph.dataInputs(node).flatMap((name) => graph.producer.get(name)?.index ?? []);
    weighted[node.index] = before.reduce((last, at) => Math.max(last, weighted[at]), -1);
    if (isWeighted(graph, node)) weighted[node.index] = node.index;
    const residuals = new Set(before.flatMap((at) => this.latest[at]));
    if (found) residuals.add(node.index);
    this.latest[node.index] = [...residuals].sort((a, b) => b - a).slice(0, LONG_SKIP);
    if (!found || found === "long") return;
    this.short.push(found);
    for (const one of found.region) this.inner.add(one);
  }

  private residualAt(node: OnnxNode): Residual | "long" | null {
    const { data } = this.graph;
    if (!SUMS.has(node.op)) return null;
    const [a, b] = node.inputs;
    if (node.op === "Sum" && node.inputs.length !== 2) return null;
    if (!data.has(a) || !data.has(b)) return null;
    return this.residualFrom(node, a, b) ?? this.residualFrom(node, b, a);
  }

  /** Tries `skip` as the skip operand: the branch must read no other data and must hold weights. */
  private residualFrom(node: OnnxNode, skip: string, branch: string): Residual | "long" | null {
    const { graph } = this;
    const output = node.op.startsWith("Skip") ? node.outputs[3] : node.outputs[0];
    const root = graph.layoutChain(skip).find((name) => name !== branch && isGate(graph, name, branch));
    const last = graph.producer.get(branch);
    if (root === undefined || !last || !output) return null;
    const start = graph.producer.get(root)?.index ?? -1;
    if (this.weighted[last.index] <= start) return null;
    const inside = this.latest[last.index].filter((at) => at > start).length;
    return inside < LONG_SKIP ? { node, skip, output, region: this.regionOf(root, branch) } : "long";
  }

  /** All nodes between `from` and `to`, which is reached through it alone. */
  private regionOf(from: string, to: string): Set<OnnxNode> {
    const { graph } = this;
    const region = new Set<OnnxNode>();
    const open = [to];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      const node = name === from || isSibling(graph, from, name) ? undefined : graph.producer.get(name);
      if (!node || region.has(node)) continue;
      region.add(node);
      this.count();
      for (const input of graph.dataInputs(node)) open.push(input);
    }
    return region;
  }

  private count(): void {
    const most = MOST_OVERLAP * this.graph.model.nodes.length;
    if (++this.walked > most)
      throw new OnnxError(this.graph.fn, `the branches of a graph may overlap ${MOST_OVERLAP} times`, this.walked);
  }
}

/** Tests whether `name` depends on the image only through `from`, or through another output of the fused sum that makes `from`. */
function isGate(graph: Graph, from: string, name: string): boolean {
  const node = graph.producer.get(from);
  return graph.isReachedThrough(node && SUMS.has(node.op) ? node : from, name);
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
