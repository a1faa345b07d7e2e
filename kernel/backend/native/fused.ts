import { product } from "../../numeric";
import type { TensorInfo } from "@tensorflow/tfjs-core";
import { attend, attendGradient } from "./fused-attention";
import { adamW } from "./fused-adamw";
import { conv, convGradient, convWeightGradient } from "./fused-conv";
import { type Graph, MICROSOFT } from "./graph";
import { inParts, partsOf } from "./parts";
import { byRows, rowParts, sumOfRows } from "./product";
import type { Emit, FusedPlanner } from "./runtime";

/** Emits a function of each value. */
type EmitUnary = (graph: Graph, x: string) => string;
/** Emits a gradient of a function of each value. */
type EmitGradient = (graph: Graph, dy: string, x: string) => string;

const each =
  (key: string, emit: EmitUnary): FusedPlanner =>
  ([x]) => ({ operation: { key, emit: (graph, [name]) => [emit(graph, name)], arena: true }, shapes: [x.shape] });

/** Number of values that a gradient of many steps computes at once, so that what it computes of them takes little memory. */
const AT_ONCE = 2 ** 20;

function eachGradient(name: string, emit: EmitGradient): FusedPlanner {
  return ([, { shape }]) => {
    const count = product(shape);
    const parts = partsOf(count, count, AT_ONCE);
    if (parts.length === 1)
      return { operation: { key: name, emit: (graph, [dy, x]) => [emit(graph, dy, x)], arena: true }, shapes: [shape] };
    const ofFlat = inParts((graph, [dy, x]) => [emit(graph, dy, x)], parts, [true, true]);
    const emitFlat: Emit = (graph, names) => {
      const flat = names.map((one) => graph.node("Reshape", [one, graph.integers([count])]));
      return [graph.node("Reshape", [...ofFlat(graph, flat), graph.integers(shape)])];
    };
    return { operation: { key: `${name} ${shape.join()}`, emit: emitFlat, arena: true }, shapes: [shape] };
  };
}

const mul = (graph: Graph, a: string, b: string | number): string =>
  graph.node("Mul", [a, typeof b === "number" ? graph.scalar(b) : b]);
const add = (graph: Graph, a: string, b: string | number): string =>
  graph.node("Add", [a, typeof b === "number" ? graph.scalar(b) : b]);
const sub = (graph: Graph, a: string, b: string): string => graph.node("Sub", [a, b]);

/**
 * Emits Φ(x) = (1 + erf(x / √2)) / 2, the normal distribution's share below x. The bounds of the hard sigmoid are those of Φ; it
 * is one operator in place of two.
 */
const normalShare: EmitUnary = (graph, x) =>
  graph.node("HardSigmoid", [graph.node("Erf", [mul(graph, x, Math.SQRT1_2)])], {
    attributes: { alpha: { float: 0.5 }, beta: { float: 0.5 } },
  });

/** Emits φ(x) = exp(-ln √(2π) - x² / 2), the normal distribution's density. */
function normalDensity(graph: Graph, x: string): string {
  const s = mul(graph, x, Math.SQRT1_2);
  return graph.node("Exp", [sub(graph, graph.scalar(-Math.log(Math.sqrt(2 * Math.PI))), mul(graph, s, s))]);
}

/** Emits dy (Φ(x) + x φ(x)). */
const geluGradient: EmitGradient = (graph, dy, x) =>
  mul(graph, dy, add(graph, normalShare(graph, x), mul(graph, x, normalDensity(graph, x))));

const gelu: FusedPlanner = ([{ shape }]) => {
  const emit: Emit = (graph, [x]) => [graph.node("Gelu", [x], { domain: MICROSOFT })];
  // The gradient computes Φ(x) too, for all values at once unless they are many.
  const emitAgain: Emit = (graph, [x]) => [mul(graph, x, normalShare(graph, x))];
  const again = product(shape) <= AT_ONCE ? emitAgain : emit;
  return { operation: { key: "gelu", emit, again, arena: true }, shapes: [shape] };
};

const silu: EmitUnary = (graph, x) => mul(graph, x, graph.node("Sigmoid", [x]));

const siluGradient: EmitGradient = (graph, dy, x) => {
  const s = graph.node("Sigmoid", [x]);
  const rest = add(graph, mul(graph, x, sub(graph, graph.scalar(1), s)), 1);
  return mul(graph, dy, mul(graph, s, rest));
};

/** Scale and cubic term of the tanh form: tanh(√(2/π) (x + 0.044715 x³)). */
const SCALE = Math.sqrt(2 / Math.PI);
const CUBE = 0.044715;

/** Emits the derivative ½ (1 + t + (1 - t²) x √(2/π) (1 + 3 · 0.044715 x²)) times dy. */
const geluTanhGradient: EmitGradient = (graph, dy, x) => {
  const square = mul(graph, x, x);
  const bend = add(graph, mul(graph, square, CUBE), 1);
  const t = graph.node("Tanh", [mul(graph, mul(graph, x, bend), SCALE)]);
  const inner = mul(graph, add(graph, mul(graph, square, 3 * CUBE), 1), SCALE);
  const slope = mul(graph, sub(graph, graph.scalar(1), mul(graph, t, t)), mul(graph, x, inner));
  return mul(graph, mul(graph, dy, 0.5), add(graph, add(graph, t, 1), slope));
};

/** Emits ½ x (1 + t), NaN for NaN. */
const geluTanh: EmitUnary = (graph, x) => {
  const bend = add(graph, mul(graph, mul(graph, x, x), CUBE), 1);
  const t = graph.node("Tanh", [mul(graph, mul(graph, x, bend), SCALE)]);
  return mul(graph, mul(graph, x, 0.5), add(graph, t, 1));
};

const last = ({ shape }: TensorInfo): number => shape[shape.length - 1];
const meanOver = (graph: Graph, x: string, axis: number): string =>
  graph.node("ReduceMean", [x], { attributes: { axes: [axis] } });

/** Emits x̂ and 1 / √(var + eps) of a layer norm. */
function normalized(graph: Graph, x: string, size: number, axis: number, eps: number): string[] {
  // One constant for all norms of a graph, so that the runtime computes what two gradients need once.
  const ones = graph.filled(1, [size]);
  const attributes = { axis, epsilon: { float: eps } };
  const [y, , scale] = graph.multiple("LayerNormalization", [x, ones], { attributes, outputs: 3 });
  return [y, scale];
}

const layerNorm: FusedPlanner = ([x], { eps }) => {
  const axis = x.shape.length - 1;
  const attributes = { axis, epsilon: { float: eps } };
  const emit: Emit = (graph, names) => [graph.node("LayerNormalization", names, { attributes })];
  return { operation: { key: `layerNorm ${axis} ${eps}`, emit }, shapes: [x.shape] };
};

/** Gradient in x of dy, x, γ: (g - mean(g) - x̂ mean(g x̂)) / √(var + eps), g = γ dy. */
const layerNormGradient: FusedPlanner = ([, x], { eps }) => {
  const axis = x.shape.length - 1;
  const emit: Emit = (graph, [dy, name, weight]) => {
    const [unit, scale] = normalized(graph, name, last(x), axis, eps);
    const g = mul(graph, dy, weight);
    const along = mul(graph, unit, meanOver(graph, mul(graph, g, unit), axis));
    return [mul(graph, scale, sub(graph, sub(graph, g, meanOver(graph, g, axis)), along))];
  };
  return { operation: { key: `layerNorm/x ${axis} ${last(x)} ${eps}`, emit, arena: true }, shapes: [x.shape] };
};

/** Gradient in γ of dy, x: the sum of dy x̂ over the rows. */
const layerNormWeightGradient: FusedPlanner = ([, x], { eps }) => {
  const axis = x.shape.length - 1;
  const emit: Emit = (graph, [dy, name]) => {
    const [unit] = normalized(graph, name, last(x), axis, eps);
    return [sumToLast(graph, mul(graph, dy, unit), x)];
  };
  return { operation: { key: `layerNorm/w ${x.shape.join()} ${eps}`, emit, arena: true }, shapes: [[last(x)]] };
};

/** Emits the sum over all dimensions but the last, for a value of x's shape. */
function sumToLast(graph: Graph, value: string, x: TensorInfo): string {
  const columns = last(x);
  const rows = product(x.shape) / columns;
  const matrix = graph.node("Reshape", [value, graph.integers([rows, columns])]);
  return graph.node("Reshape", [sumOfRows(graph, matrix, rows), graph.integers([columns])]);
}

/** Emits 1 / √(mean(x²) + eps). */
const rootMeanSquare = (graph: Graph, x: string, axis: number, eps: number): string =>
  graph.node("Reciprocal", [graph.node("Sqrt", [add(graph, meanOver(graph, mul(graph, x, x), axis), eps)])]);

const rmsNorm: FusedPlanner = ([x], { eps }) => {
  const axis = x.shape.length - 1;
  const emit: Emit = (graph, [name, weight]) => [
    mul(graph, mul(graph, name, rootMeanSquare(graph, name, axis, eps)), weight),
  ];
  return { operation: { key: `rmsNorm ${axis} ${eps}`, emit, arena: true }, shapes: [x.shape] };
};

/** Gradient in x of dy, x, γ: (g - x̂ mean(g x̂)) / rms, g = γ dy. */
const rmsNormGradient: FusedPlanner = ([, x], { eps }) => {
  const axis = x.shape.length - 1;
  const emit: Emit = (graph, [dy, name, weight]) => {
    const scale = rootMeanSquare(graph, name, axis, eps);
    const unit = mul(graph, name, scale);
    const g = mul(graph, dy, weight);
    return [mul(graph, scale, sub(graph, g, mul(graph, unit, meanOver(graph, mul(graph, g, unit), axis))))];
  };
  return { operation: { key: `rmsNorm/x ${axis} ${eps}`, emit, arena: true }, shapes: [x.shape] };
};

const rmsNormWeightGradient: FusedPlanner = ([, x], { eps }) => {
  const axis = x.shape.length - 1;
  const emit: Emit = (graph, [dy, name]) => {
    const unit = mul(graph, name, rootMeanSquare(graph, name, axis, eps));
    return [sumToLast(graph, mul(graph, dy, unit), x)];
  };
  return { operation: { key: `rmsNorm/w ${x.shape.join()} ${eps}`, emit, arena: true }, shapes: [[last(x)]] };
};

/** Rows x, weight and bias: x Wᵀ + b. */
const linear: FusedPlanner = ([x, weight]) => {
  const [[rows, inner], [columns]] = [x.shape, weight.shape];
  const sizes = { rows, inner, columns };
  const shapes = [[rows, columns]];
  const parts = rowParts(sizes);
  const emit: Emit = (graph, names) => [graph.node("Gemm", names, { attributes: { transB: 1 } })];
  if (parts === 1) return { operation: { key: "linear", emit, heavy: true }, shapes };
  const emitParts: Emit = (graph, [x, weight, bias]) => [add(graph, byRows(graph, x, weight, sizes, parts, 1), bias)];
  const key = `linear ${parts} ${rows} ${inner} ${columns}`;
  return { operation: { key, emit: emitParts, heavy: true, arena: true }, shapes };
};

/** Sum of the squares of all values of all tensors. */
const sumOfSquares: FusedPlanner = (inputs) => {
  const emit: Emit = (graph, names) => {
    const squares = names.map((name) => graph.node("ReduceSumSquare", [name], { attributes: { keepdims: 0 } }));
    return [graph.node("Sum", squares)];
  };
  return { operation: { key: `sumOfSquares ${inputs.length}`, emit }, shapes: [[]] };
};

/** Products of all tensors but the last with the last, a scalar. */
const scaled: FusedPlanner = (inputs) => {
  const tensors = inputs.slice(0, -1);
  const emit: Emit = (graph, names) => {
    const factor = names[tensors.length];
    return tensors.map((_, i) => graph.node("Mul", [names[i], factor]));
  };
  return { operation: { key: `scaled ${tensors.length}`, emit }, shapes: tensors.map(({ shape }) => shape) };
};

/** Fused operations by name. A gradient has the name of its operation and of the input. */
export const FUSED = {
  linear,
  layerNorm,
  "layerNorm/x": layerNormGradient,
  "layerNorm/weight": layerNormWeightGradient,
  rmsNorm,
  "rmsNorm/x": rmsNormGradient,
  "rmsNorm/weight": rmsNormWeightGradient,
  gelu,
  "gelu/x": eachGradient("gelu/x", geluGradient),
  geluTanh: each("geluTanh", geluTanh),
  "geluTanh/x": eachGradient("geluTanh/x", geluTanhGradient),
  silu: each("silu", silu),
  "silu/x": eachGradient("silu/x", siluGradient),
  conv,
  "conv/x": convGradient,
  "conv/weight": convWeightGradient,
  attend,
  "attend/all": attendGradient,
  adamW,
  sumOfSquares,
  scaled,
} as const satisfies Record<string, FusedPlanner>;

/** Name of a fused operation. */
export type FusedName = keyof typeof FUSED;
