import { OnnxError } from "./errors";
import { captured, type OnnxModel, type OnnxNode, type TensorInfo, type ValueInfo } from "./model";

/** Operators that move or relabel values without changing them (quantisation pairs included). */
const LAYOUT = new Set(
  "Reshape Transpose Cast CastLike Identity Squeeze Unsqueeze Flatten Dropout QuantizeLinear DequantizeLinear".split(
    " ",
  ),
);
/** Operators whose output is the shape of a tensor and so no image data. */
const SHAPE = new Set(["Shape", "Size"]);

/** A Swin-L has about 10,000. */
const MAX_NODES = 20_000;
/** Layout operators in a row: real graphs have a handful. */
const LONGEST_CHAIN = 32;

/** Tests whether a node only changes the layout of its first input. */
export const isLayout = (node: OnnxNode): boolean => LAYOUT.has(node.op);

/**
 * A model's graph with its edges: each tensor's producer and readers, its dependence on the image, and the tensors through which all
 * that reaches another must go.
 */
export class Graph {
  readonly producer = new Map<string, OnnxNode>();
  readonly consumers = new Map<string, OnnxNode[]>();
  /** Tensors computed from the image, without shapes. */
  readonly data = new Set<string>();
  private readonly constants = new Map<string, TensorInfo>();
  private readonly dominators = new DominatorTree();
  /** Vertices of the nodes and tensors that are computed from the image. */
  private readonly vertices = new Map<string | OnnxNode, number>();

  constructor(
    readonly model: OnnxModel,
    readonly image: ValueInfo,
    readonly fn: string,
  ) {
    const count = model.nodes.length;
    if (count > MAX_NODES) throw new OnnxError(fn, `graphs of up to ${MAX_NODES} nodes are analysed`, count);
    this.data.add(image.name);
    this.vertices.set(image.name, 0);
    for (const [name, tensor] of model.initializers) this.constants.set(name, tensor);
    for (const node of model.nodes) this.addNode(node);
  }

  private addNode(node: OnnxNode): void {
    const inputs = [...node.inputs, ...captured(node)].filter((name) => name);
    const outputs = node.outputs.filter((name) => name);
    for (const name of inputs) this.addConsumer(name, node);
    for (const name of outputs) this.producer.set(name, node);
    if (node.op === "Constant") this.addConstant(node);
    const sources = SHAPE.has(node.op) ? [] : inputs.flatMap((name) => this.vertices.get(name) ?? []);
    if (!sources.length) return;
    const vertex = this.dominators.add(sources);
    this.vertices.set(node, vertex);
    for (const name of outputs) {
      this.data.add(name);
      this.vertices.set(name, this.dominators.add([vertex]));
    }
  }

  private addConsumer(name: string, node: OnnxNode): void {
    const readers = this.consumers.get(name);
    if (readers) readers.push(node);
    else this.consumers.set(name, [node]);
  }

  private addConstant(node: OnnxNode): void {
    const tensor = node.attributes.get("value")?.tensor;
    if (tensor) this.constants.set(node.outputs[0], tensor);
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

  /** True if tensor `name` reads the image only through `gate`, a tensor or any output of a node. */
  isReachedThrough(gate: string | OnnxNode, name: string): boolean {
    const [from, to] = [this.vertices.get(gate), this.vertices.get(name)];
    return from !== undefined && to !== undefined && this.dominators.dominates(from, to);
  }

  /** Returns `name` and its predecessors through layout operators, nearest first. */
  layoutChain(name: string): string[] {
    const chain = [name];
    for (let last = this.producer.get(name); last && isLayout(last); last = this.producer.get(last.inputs[0])) {
      if (chain.length === LONGEST_CHAIN) break;
      chain.push(last.inputs[0]);
    }
    return chain;
  }

  /** Returns `name` and its successors through layout operators and those that `more` accepts. */
  forwardChain(name: string, more: (node: OnnxNode) => boolean = () => false): string[] {
    const reached = [name];
    for (let i = 0; i < reached.length; i++)
      for (const node of this.consumers.get(reached[i]) ?? [])
        if (node.inputs[0] === reached[i] && (isLayout(node) || more(node)))
          for (const output of node.outputs) if (output) reached.push(output);
    return reached;
  }
}

/**
 * The tree of dominators of a graph without cycles, made while its vertices come in order: `a` dominates `b` where every way from the
 * root to `b` leads through `a`. The dominator of a vertex is the lowest common ancestor of those it is reached from; pointers that
 * skip many ancestors (Myers, An applicative random-access stack, 1983) find it in logarithmic time.
 */
export class DominatorTree {
  private readonly parent = [0];
  private readonly jump = [0];
  private readonly depth = [0];

  /** Adds a vertex reached from these, at least one; vertex 0 is the root. Returns its number. */
  add(from: readonly number[]): number {
    const parent = from.reduce((a, b) => this.common(a, b));
    const over = this.jump[parent];
    const isEven = this.depth[parent] - this.depth[over] === this.depth[over] - this.depth[this.jump[over]];
    this.parent.push(parent);
    this.jump.push(isEven ? this.jump[over] : parent);
    this.depth.push(this.depth[parent] + 1);
    return this.parent.length - 1;
  }

  dominates(a: number, b: number): boolean {
    return this.ancestorAt(b, this.depth[a]) === a;
  }

  private ancestorAt(vertex: number, depth: number): number {
    let at = vertex;
    while (this.depth[at] > depth) at = this.depth[this.jump[at]] >= depth ? this.jump[at] : this.parent[at];
    return at;
  }

  private common(a: number, b: number): number {
    const depth = Math.min(this.depth[a], this.depth[b]);
    let [x, y] = [this.ancestorAt(a, depth), this.ancestorAt(b, depth)];
    while (x !== y)
      [x, y] = this.jump[x] === this.jump[y] ? [this.parent[x], this.parent[y]] : [this.jump[x], this.jump[y]];
    return x;
  }
}
