import type { BlockSite } from "../../onnx/blocks";
import type { Graph } from "../../onnx/graph";
import type { OnnxNode } from "../../onnx/model";
import type { NormSite } from "../../onnx/norms";
import { findResiduals, type Residual } from "../../onnx/residuals";
import type { VitActivation, VitConfig } from "../vit/config";
import { factorAfter, type GraphLinear, type GraphNorm, isLinear, normsOf, readGraphNorm, readLinear } from "./linears";
import { Unreadable } from "./unreadable";
import { joinFloats } from "../../numeric";

/** Weights of one block under timm's names, and what they say of the configuration. */
export interface GraphBlock {
  weights: Map<string, { values: Float32Array; rows: number }>;
  config: VitConfig;
  /** Part of the block that is not read, which explains features that differ; null for none. */
  unread: string | null;
}

/** Branches of the stream by the tensor that they make. */
export type Branches = ReadonlyMap<string, Residual>;

/** Finds the branches of a graph by their sums. */
export const branchesOf = (graph: Graph): Residual[] => findResiduals(graph);

/** Reads a block of two branches: attention, and the feed-forward layer. */
export function readBlock(graph: Graph, block: BlockSite, branches: readonly Residual[]): GraphBlock {
  const own = branchesBetween(graph, block, branches);
  const weights: GraphBlock["weights"] = new Map();
  const features = featuresOf(graph, own);
  const attention = new Branch(graph, own[0], features);
  const feedForward = new Branch(graph, own[1], features);
  attention.put(weights, "norm1", "ls1");
  feedForward.put(weights, "norm2", "ls2");
  putAttention(graph, block, attention, weights);
  const mlp = putFeedForward(graph, feedForward, weights);
  const { norm } = attention;
  const config = {
    embedDim: features,
    normLayer: norm.kind,
    // Graphs hold single precision, where 1e-6 is 9.99999997e-7.
    normEps: Number(norm.epsilon.toPrecision(6)),
    qkvBias: weights.has("attn.qkv.bias"),
    projBias: weights.has("attn.proj.bias"),
    initValues: attention.scale ? 1e-5 : null,
    ...mlp,
  };
  return { weights, config, unread: maskOf(graph, block) };
}

/** Returns the two branches of a block in their order. */
function branchesBetween(graph: Graph, block: BlockSite, branches: readonly Residual[]): [Residual, Residual] {
  const end = graph.layoutChain(block.residual);
  const second = branches.find(({ output }) => end.includes(output));
  const skip = second ? graph.layoutChain(second.skip) : [];
  const first = branches.find(({ output }) => skip.includes(output));
  const isOwn = first && graph.layoutChain(first.skip).some((name) => graph.layoutChain(block.input).includes(name));
  if (!first || !second || !isOwn)
    throw new Unreadable(`block ${block.index} is no attention followed by a feed-forward layer`);
  return [first, second];
}

/** Returns the width of the stream, by the last layer of the branches. */
function featuresOf(graph: Graph, [first]: readonly Residual[]): number {
  const last = linearsOf(graph, first).at(-1);
  if (!last) throw new Unreadable(`the branch that ends in ${first.output} has no linear layer`);
  return readLinear(graph, last).outFeatures;
}

const linearsOf = (graph: Graph, { region }: Residual): OnnxNode[] =>
  [...region].filter((node) => isLinear(graph, node)).sort((a, b) => a.index - b.index);

/** Branch of the stream: a norm, linear layers, perhaps a layer scale. */
class Branch {
  readonly linears: GraphLinear[];
  readonly norm: NormSite;
  readonly scale: Float32Array | null;

  constructor(
    private readonly graph: Graph,
    readonly residual: Residual,
    private readonly features: number,
  ) {
    this.linears = linearsOf(graph, residual).map((node) => readLinear(graph, node));
    const whole = normsOf(graph, residual.region, features);
    if (whole.length !== 1)
      throw new Unreadable(`the branch that ends in ${residual.output} has ${whole.length} norms in place of one`);
    this.norm = whole[0];
    this.scale = factorAfter(graph, this.linears[this.linears.length - 1].output, features);
  }

  /** Puts norm and layer scale under their names. */
  put(weights: GraphBlock["weights"], norm: string, scale: string): void {
    putNorm(weights, norm, readGraphNorm(this.graph, this.norm, this.features));
    if (this.scale) weights.set(`${scale}.gamma`, { values: this.scale, rows: this.features });
  }
}

/** Puts a norm's vectors under a name. */
export function putNorm(weights: GraphBlock["weights"], name: string, { weight, bias }: GraphNorm): void {
  weights.set(`${name}.weight`, { values: weight, rows: weight.length });
  if (bias) weights.set(`${name}.bias`, { values: bias, rows: bias.length });
}

function putLinear(
  weights: GraphBlock["weights"],
  name: string,
  { weight, bias, outFeatures: rows }: GraphLinear,
): void {
  weights.set(`${name}.weight`, { values: weight, rows });
  if (bias) weights.set(`${name}.bias`, { values: bias, rows });
}

/** Refuses rotary positions, which the model would not compute. */
function checkPositions({ region }: Residual): void {
  if ([...region].some(({ op }) => op === "Neg" || op === "RotaryEmbedding"))
    throw new Unreadable("it turns queries and keys by their positions (rotary), which are not read from graphs");
}

/** Returns a note where something is added to the logits; some exporters add a mask of zeros. */
function maskOf(graph: Graph, { attention }: BlockSite): string | null {
  const softmax = graph.producer.get(attention ?? "");
  const logits = softmax && graph.producer.get(softmax.inputs[0]);
  const isShifted = logits?.op === "Add" && logits.inputs.some((name) => !graph.data.has(name));
  return isShifted ? "it adds positions or a mask to the attention, which are not read from graphs" : null;
}

/** Puts query, key and value as one layer, and the output. */
function putAttention(
  graph: Graph,
  block: BlockSite,
  { linears, residual }: Branch,
  weights: GraphBlock["weights"],
): void {
  checkPositions(residual);
  const proj = linears[linears.length - 1];
  const before = linears.slice(0, -1);
  if (before.length === 1 && before[0].outFeatures === 3 * before[0].inFeatures)
    putLinear(weights, "attn.qkv", before[0]);
  else putLinear(weights, "attn.qkv", joined(graph, block, before, residual));
  putLinear(weights, "attn.proj", proj);
}

/** Joins the layers of query, key and value, found upstream of the attention's tensors. */
function joined(graph: Graph, block: BlockSite, linears: readonly GraphLinear[], residual: Residual): GraphLinear {
  const sources = [block.query, block.key, block.value].map((name) => sourceOf(graph, name, linears, residual));
  const [q, k, v] = sources;
  if (!q || !k || !v || new Set(sources).size < 3 || linears.length !== 3)
    throw new Unreadable(`block ${block.index} has no three layers for query, key and value`);
  const parts = [q, k, v];
  const bias = parts.some((part) => part.bias)
    ? joinFloats(parts.map((part) => part.bias ?? new Float32Array(part.outFeatures)))
    : null;
  const outFeatures = parts.reduce((sum, part) => sum + part.outFeatures, 0);
  return { ...q, weight: joinFloats(parts.map((part) => part.weight)), bias, outFeatures };
}

/** Returns the linear layer from which a tensor of an attention comes, through what moves or scales it. */
function sourceOf(
  graph: Graph,
  name: string | null,
  linears: readonly GraphLinear[],
  { region }: Residual,
): GraphLinear | undefined {
  for (let at: string | null = name; at !== null;) {
    const found = linears.find(({ output, node }) => output === at || node.outputs[0] === at);
    if (found) return found;
    const node = graph.producer.get(at);
    const data: string[] = node && region.has(node) ? graph.dataInputs(node) : [];
    at = data.length === 1 ? data[0] : null;
  }
  return undefined;
}

/** Puts the feed-forward layer, and returns its kind. */
function putFeedForward(graph: Graph, { linears, residual }: Branch, weights: GraphBlock["weights"]): VitConfig {
  const ops = new Set([...residual.region].map(({ op }) => op));
  const [first, second, third] = linears;
  if (linears.length === 2 && second.inFeatures === first.outFeatures) {
    putLinear(weights, "mlp.fc1", first);
    putLinear(weights, "mlp.fc2", second);
    return { mlpLayer: "mlp", hiddenDim: first.outFeatures, actLayer: activationOf(graph, residual, ops) };
  }
  if (linears.length === 2 && 2 * second.inFeatures === first.outFeatures) {
    putLinear(weights, "mlp.fc1", first);
    putLinear(weights, "mlp.fc2", second);
    return { mlpLayer: "swiglu-packed", hiddenDim: first.outFeatures };
  }
  if (linears.length !== 3)
    throw new Unreadable(`the branch that ends in ${residual.output} has ${linears.length} linear layers`);
  const gate = isGate(graph, first) ? first : second;
  putLinear(weights, "mlp.fc1_g", gate);
  putLinear(weights, "mlp.fc1_x", gate === first ? second : first);
  putLinear(weights, "mlp.fc2", third);
  return { mlpLayer: "swiglu", hiddenDim: first.outFeatures };
}

/** Tests whether a layer's output goes through a sigmoid. */
const isGate = (graph: Graph, { output }: GraphLinear): boolean =>
  graph.forwardChain(output).some((name) => (graph.consumers.get(name) ?? []).some(({ op }) => op === "Sigmoid"));

function activationOf(graph: Graph, { region }: Residual, ops: ReadonlySet<string>): VitActivation {
  const gelu = [...region].find(({ op }) => op === "Gelu");
  if (gelu) return gelu.attributes.get("approximate")?.text === "tanh" ? "gelu-tanh" : "gelu";
  if (ops.has("Erf") || ops.has("BiasGelu")) return "gelu";
  if (ops.has("Tanh") || ops.has("FastGelu")) return "gelu-tanh";
  const sigmoid = [...region].find(({ op }) => op === "Sigmoid");
  if (sigmoid) return graph.producer.get(sigmoid.inputs[0])?.op === "Mul" ? "quick-gelu" : "silu";
  if (ops.has("QuickGelu")) return "quick-gelu";
  if (ops.has("Relu")) return "relu";
  throw new Unreadable("the activation of the feed-forward layer is not known");
}
