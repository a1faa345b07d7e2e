import { integerTensor, nodeMessage } from "./build";
import { bytesField } from "./encode";
import {
  captured,
  DataType,
  type OnnxModel,
  type OnnxNode,
  type TensorInfo,
  type WideConstant,
  type Widened,
} from "./model";

/** First operator set whose `Pad` takes its sizes as a tensor. */
const OPSET = 11;
/** Distance in bytes at which cache lines evict each other: the size of one way of a processor's first cache. */
const APART = 4096;
/** Growth of a row: one line of the cache. */
const ZEROS = 16;

/** Operators that map 0 to a finite value, which the zeros in the second product's weight turn into 0. */
const UNARY = new Set(["Erf", "Tanh", "Sigmoid", "Relu", "Gelu", "Identity"]);
const BINARY = new Set(["Add", "Sub", "Mul"]);

/**
 * Finds hidden layers, between two products with constant weights, whose rows lie a multiple of 4096 bytes apart, as in
 * ViT-B and ViT-L. A product reads a dozen rows at a time, and those rows share one place in the processor's cache.
 * `editModel` widens the layers by zero columns and rows of the two weights, which the runtime adds once when it loads
 * the model; all sums stay the same.
 */
export function widen(model: OnnxModel): Widened {
  const constants = new Map<OnnxNode, WideConstant>();
  const tensors = new Set<string>();
  if ((model.opsets.get("") ?? 0) < OPSET) return { constants, tensors };
  const edges = edgesOf(model);
  for (const node of model.nodes) {
    const weight = weightOf(node, model);
    if (!weight || (4 * weight.dims[0]) % APART !== 0) continue;
    const layer = hiddenLayer(node, weight, model, edges);
    if (!layer || [...layer.constants.keys()].some((taken) => constants.has(taken))) continue;
    for (const [reader, constant] of layer.constants) constants.set(reader, constant);
    for (const tensor of layer.tensors) tensors.add(tensor);
  }
  return { constants, tensors };
}

interface Edges {
  producer: Map<string, OnnxNode>;
  readers: Map<string, OnnxNode[]>;
}

function edgesOf(model: OnnxModel): Edges {
  const edges: Edges = { producer: new Map(), readers: new Map() };
  for (const node of model.nodes) {
    for (const name of node.outputs) edges.producer.set(name, node);
    for (const name of [...node.inputs, ...captured(node)]) {
      const readers = edges.readers.get(name);
      if (readers) readers.push(node);
      else edges.readers.set(name, [node]);
    }
  }
  return edges;
}

/**
 * Returns the layer that the product `last` reads; null where it is more than sums, factors and functions of single
 * values.
 */
function hiddenLayer(last: OnnxNode, weight: TensorInfo, model: OnnxModel, edges: Edges): Widened | null {
  const width = weight.dims[0];
  const constants = new Map<OnnxNode, WideConstant>([[last, { name: weight.name, zeros: [ZEROS, 0] }]]);
  const tensors = new Set([last.inputs[0]]);
  const nodes = new Set([last]);
  for (const tensor of tensors) {
    const node = edges.producer.get(tensor);
    if (!node || node.domain !== "") return null;
    nodes.add(node);
    const first = weightOf(node, model);
    if (first?.dims[1] === width) {
      constants.set(node, { name: first.name, zeros: [0, ZEROS] });
      continue;
    }
    if (!UNARY.has(node.op) && !BINARY.has(node.op) && !isQuotient(node, model, edges)) return null;
    for (const name of node.inputs) {
      const constant = constantOf(name, model, edges);
      if (!constant) tensors.add(name);
      else if (isVector(constant, width) && constant.dataType === DataType.float && !constants.has(node))
        constants.set(node, { name, zeros: constant.dims.map((_, i) => (i === constant.dims.length - 1 ? ZEROS : 0)) });
      else if (!isScalar(constant)) return null;
    }
  }
  const isOwn = [...tensors].every((tensor) => edges.readers.get(tensor)?.every((reader) => nodes.has(reader)));
  return isOwn ? { constants, tensors } : null;
}

/** Returns the constant float32 matrix of a product. */
function weightOf({ op, domain, inputs }: OnnxNode, model: OnnxModel): TensorInfo | undefined {
  const isProduct = op === "MatMul" && domain === "" && inputs[0] !== inputs[1];
  const weight = isProduct ? model.initializers.get(inputs[1]) : undefined;
  const isMatrix = weight?.dataType === DataType.float && weight.dims.length === 2 && !model.replaced.has(weight.name);
  return isMatrix && model.inputs.every(({ name }) => name !== weight.name) ? weight : undefined;
}

const constantOf = (name: string, model: OnnxModel, edges: Edges): TensorInfo | undefined =>
  model.initializers.get(name) ?? edges.producer.get(name)?.attributes.get("value")?.tensor;
const isScalar = ({ dims }: TensorInfo): boolean => dims.every((dim) => dim === 1);
const isVector = ({ dims }: TensorInfo, width: number): boolean =>
  dims[dims.length - 1] === width && dims.slice(0, -1).every((dim) => dim === 1);
/** Tests for a quotient by a constant. */
const isQuotient = ({ op, inputs }: OnnxNode, model: OnnxModel, edges: Edges): boolean => {
  const divisor = op === "Div" ? constantOf(inputs[1], model, edges) : undefined;
  return divisor !== undefined && isScalar(divisor);
};

/** Fields that widen layers in a written graph. */
export interface WideFields {
  /** Returns a node's inputs where some of them are wide; null where it stays. */
  inputs(node: OnnxNode): string[] | null;
  /** GraphProto fields that precede all other nodes. */
  nodes: Uint8Array[];
  initializers: Uint8Array[];
  /** Tests whether an exporter's shape of a tensor is no longer valid. */
  isWide(tensor: string): boolean;
}

/**
 * Returns the fields that widen layers.
 *
 * @param nodes the written nodes, whose `outputs` must not include a wide tensor
 */
export function wideFields(model: OnnxModel, nodes: readonly OnnxNode[], outputs: readonly string[]): WideFields {
  const { constants, tensors } = model.widened;
  const isOff = outputs.some((name) => tensors.has(name));
  const used = isOff ? [] : nodes.flatMap((node) => constants.get(node) ?? []);
  const made = [...new Map(used.map((constant) => [wideName(constant), constant])).values()];
  const sizes = new Map(made.map(({ zeros }) => [sizesName(zeros), [...zeros.map(() => 0), ...zeros]]));
  return {
    inputs(node) {
      const constant = isOff ? undefined : constants.get(node);
      return constant ? node.inputs.map((name) => (name === constant.name ? wideName(constant) : name)) : null;
    },
    nodes: made.map((constant) => {
      const inputs = [constant.name, sizesName(constant.zeros)];
      return bytesField(1, nodeMessage({ op: "Pad", inputs, output: wideName(constant) }));
    }),
    initializers: [...sizes].map(([name, values]) => bytesField(5, integerTensor(name, values))),
    isWide: (tensor) => !isOff && tensors.has(tensor),
  };
}

const sizesName = (zeros: readonly number[]): string => `fovea-wide/${zeros.join("-")}`;
const wideName = ({ name, zeros }: WideConstant): string => `${name}/${sizesName(zeros)}`;
