import { OnnxError } from "./errors";
import type { OnnxModel, OnnxNode, TensorInfo, ValueInfo } from "./model";
import { captured } from "./parse";

/** Operators that move or relabel values without changing them (quantisation pairs included). */
const LAYOUT = new Set(
  "Reshape Transpose Cast CastLike Identity Squeeze Unsqueeze Flatten Dropout QuantizeLinear DequantizeLinear".split(
    " ",
  ),
);
/** Operators whose output is the shape of a tensor and so no image data. */
const SHAPE = new Set(["Shape", "Size"]);

/** Limit of nodes, whose bit sets take 50 MB; a Swin-L has about 10,000. */
const MAX_NODES = 20_000;

/** Tests whether a node only changes the layout of its first input. */
export const isLayout = (node: OnnxNode): boolean => LAYOUT.has(node.op);

/**
 * Graph of a model with its edges: producers and consumers of tensors, dependence on the image, and the order of nodes.
 * Ancestors are one bit set per node (n²/8 bytes: 0.3 MB for a ViT-B).
 */
export class Graph {
  readonly producer = new Map<string, OnnxNode>();
  readonly consumers = new Map<string, OnnxNode[]>();
  /** Tensors computed from the image, without shapes. */
  readonly data = new Set<string>();
  private readonly constants = new Map<string, TensorInfo>();
  private readonly inputs: Set<string>;
  private readonly upstream: (Uint32Array | null)[] = [];

  constructor(
    readonly model: OnnxModel,
    readonly image: ValueInfo,
    fn: string,
  ) {
    const count = model.nodes.length;
    if (count > MAX_NODES) throw new OnnxError(fn, `graphs of up to ${MAX_NODES} nodes are analysed`, count);
    this.inputs = new Set(model.inputs.map((input) => input.name));
    this.data.add(image.name);
    for (const [name, tensor] of model.initializers) this.constants.set(name, tensor);
    for (const node of model.nodes) this.addNode(node, fn);
  }

  private addNode(node: OnnxNode, fn: string): void {
    const inputs = [...node.inputs, ...captured(node)].filter((name) => name);
    for (const name of inputs) this.addConsumer(name, node, fn);
    for (const name of node.outputs) {
      if (name && this.producer.has(name)) throw new OnnxError(fn, "a tensor has one producer only", name);
      this.producer.set(name, node);
    }
    if (node.op === "Constant") this.addConstant(node);
    const sources = SHAPE.has(node.op) ? [] : inputs.filter((name) => this.data.has(name));
    this.upstream.push(sources.length ? this.ancestors(node, sources) : null);
    if (sources.length) for (const name of node.outputs) this.data.add(name);
  }

  /** Adds a consumer and refuses a graph that is not sorted, and so every cycle; the walks below rely on this. */
  private addConsumer(name: string, node: OnnxNode, fn: string): void {
    const known = this.producer.has(name) || this.constants.has(name) || this.inputs.has(name);
    if (!known)
      throw new OnnxError(fn, `node ${node.name || node.op} reads a tensor that nothing before it makes`, name);
    const readers = this.consumers.get(name);
    if (readers) readers.push(node);
    else this.consumers.set(name, [node]);
  }

  private addConstant(node: OnnxNode): void {
    const tensor = node.attributes.get("value")?.tensor;
    if (tensor) this.constants.set(node.outputs[0], tensor);
  }

  private ancestors(node: OnnxNode, sources: string[]): Uint32Array {
    const bits = new Uint32Array((this.model.nodes.length + 31) >> 5);
    for (const name of sources)
      this.upstream[this.producer.get(name)?.index ?? -1]?.forEach((word, i) => (bits[i] |= word));
    bits[node.index >> 5] |= 1 << (node.index & 31);
    return bits;
  }

  /** Returns a node's inputs that are computed from the image. */
  dataInputs(node: OnnxNode): string[] {
    return [...node.inputs, ...captured(node)].filter((name) => this.data.has(name));
  }

  /** Returns an initialiser, also behind layout operators and `Constant`; null for a tensor computed at run time. */
  constant(name: string): TensorInfo | null {
    const source = this.layoutChain(name).find((step) => this.constants.has(step));
    return source === undefined ? null : (this.constants.get(source) ?? null);
  }

  /** Tests whether tensor `b` is computed from tensor `a`, or equals it. */
  isUpstream(a: string, b: string): boolean {
    if (a === b) return true;
    const [from, to] = [this.producer.get(a), this.producer.get(b)];
    if (!from) return a === this.image.name && this.data.has(b);
    const bits = to && this.upstream[to.index];
    return !!bits && from !== to && (bits[from.index >> 5] & (1 << (from.index & 31))) !== 0;
  }

  /** Returns `name` and its predecessors through layout operators, nearest first. */
  layoutChain(name: string): string[] {
    const chain = [name];
    for (let node = this.producer.get(name); node && isLayout(node); node = this.producer.get(chain[chain.length - 1]))
      chain.push(node.inputs[0]);
    return chain;
  }

  /** Returns `name` and its successors through layout operators and those that `more` accepts. */
  forwardChain(name: string, more: (node: OnnxNode) => boolean = () => false): string[] {
    const reached = [name];
    for (let i = 0; i < reached.length; i++)
      for (const node of this.consumers.get(reached[i]) ?? [])
        if (node.inputs[0] === reached[i] && (isLayout(node) || more(node)))
          reached.push(...node.outputs.filter((output) => output));
    return reached;
  }
}
