import type { OnnxGraph } from "./graph";
import type { OnnxOperator } from "./types";

/** Operators with quick ways to the maker and the readers of a tensor. */
class Net {
  readonly makers = new Map<string, OnnxOperator>();
  readonly readers = new Map<string, OnnxOperator[]>();

  constructor(
    readonly operators: readonly OnnxOperator[],
    private readonly graph: OnnxGraph,
    private readonly outputs: ReadonlySet<string>,
  ) {
    for (const operator of operators) {
      for (const output of operator.outputs) this.makers.set(output, operator);
      for (const input of operator.inputs) this.readers.set(input, [...(this.readers.get(input) ?? []), operator]);
    }
  }

  /** Returns the maker of a tensor if it is of a kind. */
  maker(name: string, op: string): OnnxOperator | null {
    const maker = this.makers.get(name);
    return maker?.op === op ? maker : null;
  }

  /** Returns the only reader of a tensor if it is of a kind. */
  reader(name: string, op: string): OnnxOperator | null {
    const readers = this.readers.get(name) ?? [];
    return readers.length === 1 && readers[0].op === op && !this.outputs.has(name) ? readers[0] : null;
  }

  /** Returns the value of a constant of one element; null for another tensor. */
  number(name: string): number | null {
    const constant = this.graph.constants.get(name);
    return constant?.data.length === 1 && typeof constant.data[0] === "number" ? constant.data[0] : null;
  }

  /** Returns the operand of `operator` that is a number, with the other; null where there is none. */
  withNumber({ inputs }: OnnxOperator): { value: number; other: string } | null {
    for (const i of [0, 1]) {
      const value = this.number(inputs[i]);
      if (value !== null) return { value, other: inputs[1 - i] };
    }
    return null;
  }

  isParameter(name: string): boolean {
    return this.graph.parameters.has(name);
  }
}

type Pattern = (net: Net, end: OnnxOperator) => OnnxOperator | null;

const near = (a: number, b: number): boolean => Math.abs(a - b) < 1e-6;

/** Other operand of a commutative operator. */
const otherOf = ({ inputs }: OnnxOperator, name: string): string => (inputs[0] === name ? inputs[1] : inputs[0]);

/** Finds x Φ(x), written as x · ((erf(x · √½) + 1) · ½): `Gelu`. */
const gelu: Pattern = (net, end) => {
  if (end.op !== "Mul") return null;
  for (const share of end.inputs) {
    const x = otherOf(end, share);
    const half = net.maker(share, "Mul");
    const scaled = half && net.withNumber(half);
    const sum = scaled && near(scaled.value, 0.5) ? net.maker(scaled.other, "Add") : null;
    const one = sum && net.withNumber(sum);
    const erf = one && near(one.value, 1) ? net.maker(one.other, "Erf") : null;
    const inner = erf && net.maker(erf.inputs[0], "Mul");
    const root = inner && net.withNumber(inner);
    if (root && near(root.value, Math.SQRT1_2) && root.other === x)
      return { ...end, op: "Gelu", inputs: [x], attributes: { approximate: "none" } };
  }
  return null;
};

/** Finds the mean over the last dimension. */
const meanOf = (net: Net, name: string): string | null => {
  const mean = net.maker(name, "ReduceMean");
  return mean && mean.attributes["keepdims"] === 1 ? mean.inputs[0] : null;
};

/** Finds γ (x - mean) / √(var + ε) + β: `LayerNormalization`. */
const layerNorm: Pattern = (net, end) => {
  if (end.op !== "Add" || !net.isParameter(end.inputs[1])) return null;
  const scaled = net.maker(end.inputs[0], "Mul");
  if (!scaled || !net.isParameter(scaled.inputs[1])) return null;
  const normalized = net.maker(scaled.inputs[0], "Mul");
  const centered = normalized && net.maker(normalized.inputs[0], "Sub");
  const inverse = normalized && net.maker(normalized.inputs[1], "Reciprocal");
  const root = inverse && net.maker(inverse.inputs[0], "Sqrt");
  const shifted = root && net.maker(root.inputs[0], "Add");
  const epsilon = shifted && net.withNumber(shifted);
  const squared = epsilon && net.maker(meanOf(net, epsilon.other) ?? "", "Mul");
  if (!centered || !squared || squared.inputs.some((input) => input !== normalized.inputs[0])) return null;
  if (meanOf(net, centered.inputs[1]) !== centered.inputs[0]) return null;
  const inputs = [centered.inputs[0], scaled.inputs[1], end.inputs[1]];
  return { ...end, op: "LayerNormalization", inputs, attributes: { axis: -1, epsilon: { float: epsilon.value } } };
};

/** Finds a product with a bias added: `Gemm` with its third operand. */
const bias: Pattern = (net, end) => {
  if (end.op !== "Add" || !net.isParameter(end.inputs[1])) return null;
  const product = net.maker(end.inputs[0], "Gemm");
  if (!product || product.inputs.length > 2 || !net.reader(end.inputs[0], "Add")) return null;
  return { ...product, inputs: [...product.inputs, end.inputs[1]], outputs: end.outputs };
};

/** Finds a transposition that another undoes. */
const undone: Pattern = (net, end) => {
  if (end.op !== "Transpose") return null;
  const first = net.maker(end.inputs[0], "Transpose");
  if (!first) return null;
  const [a, b] = [first, end].map(({ attributes }) => attributes["perm"] as readonly number[]);
  const isUndone = b.every((axis, i) => a[axis] === i);
  return isUndone ? { ...end, op: "Identity", inputs: [first.inputs[0]], attributes: {} } : null;
};

const PATTERNS: readonly Pattern[] = [gelu, layerNorm, bias, undone];

/**
 * Replaces groups of operators by the one operator that ONNX has for them, and leaves out those that nothing reads. Constants that
 * no operator reads any more leave the graph.
 */
export function simplify(graph: OnnxGraph, outputs: ReadonlySet<string>): OnnxOperator[] {
  const net = new Net(graph.operators, graph, outputs);
  const fused = graph.operators.map((operator) => find(net, operator) ?? operator);
  const kept = reachable(withoutIdentities(fused, outputs), outputs);
  const read = new Set(kept.flatMap(({ inputs }) => inputs));
  for (const name of [...graph.constants.keys()])
    if (!read.has(name) && !outputs.has(name)) graph.constants.delete(name);
  for (const name of [...graph.parameters]) if (!read.has(name) && !outputs.has(name)) graph.parameters.delete(name);
  return kept;
}

function find(net: Net, end: OnnxOperator): OnnxOperator | null {
  for (const pattern of PATTERNS) {
    const found = pattern(net, end);
    if (found) return found;
  }
  return null;
}

/** Lets readers of an `Identity` read its input, unless it makes an output of the model. */
function withoutIdentities(operators: readonly OnnxOperator[], outputs: ReadonlySet<string>): OnnxOperator[] {
  const same = new Map<string, string>();
  const source = (name: string): string => same.get(name) ?? name;
  return operators.flatMap((operator) => {
    const inputs = operator.inputs.map(source);
    const isIdle = operator.op === "Identity" && !outputs.has(operator.outputs[0]);
    if (isIdle) same.set(operator.outputs[0], inputs[0]);
    return isIdle ? [] : [{ ...operator, inputs }];
  });
}

/** Keeps the operators that the outputs need. */
function reachable(operators: readonly OnnxOperator[], outputs: ReadonlySet<string>): OnnxOperator[] {
  const wanted = new Set(outputs);
  const kept = [...operators].reverse().filter((operator) => {
    if (!operator.outputs.some((name) => wanted.has(name))) return false;
    for (const input of operator.inputs) wanted.add(input);
    return true;
  });
  return kept.reverse();
}
