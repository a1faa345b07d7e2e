import type { NamedAttrMap, TensorInfo } from "@tensorflow/tfjs-core";
import type { NativeDevice } from "./device";
import type { Graph } from "./graph";
import type { Emit } from "./runtime";

/** Inputs of a kernel by name, or in order for kernels of lists. */
export type KernelInputs = Record<string, TensorInfo>;

/** One call of a kernel. */
export interface KernelCall {
  inputs: KernelInputs;
  attrs: NamedAttrMap;
  device: NativeDevice;
}

/** Computes a kernel of float32 tensors that are not empty; null leaves it to tfjs's cpu backend. */
export type Plan = (call: KernelCall) => TensorInfo | TensorInfo[] | null;

/** Returns the broadcast shape of two shapes that fit. */
export function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [left, right] = [a[a.length - rank + i] ?? 1, b[b.length - rank + i] ?? 1];
    return left === 1 ? right : left;
  });
}

/** Plans an operator of two inputs that are broadcast. */
export function binary(key: string, emit: Emit): Plan {
  const operation = { key, emit };
  return ({ inputs: { a, b }, device }) => device.compute(operation, [a, b], [broadcast(a.shape, b.shape)])[0];
}

/** Plans a function of each value. */
export function unary(key: string, emit: Emit): Plan {
  const operation = { key, emit };
  return ({ inputs: { x }, device }) => device.compute(operation, [x], [x.shape])[0];
}

/** Plans a function with one ONNX operator. */
export const operator = (op: string): Plan => unary(op, (graph, inputs) => [graph.node(op, inputs)]);

/**
 * Plans a bounded function whose operator in onnxruntime answers NaN with a number. The added terms are below every
 * value of the function, except that they are NaN for NaN.
 */
export const bounded = (op: string): Plan =>
  unary(op, (graph, [x]) => {
    const below = graph.node("Min", [x, graph.scalar(-2)]);
    return [graph.node("Max", [graph.node(op, [x]), below])];
  });

/** Returns axes as numbers from 0, ascending; without any, all. */
export function axesOf(axis: unknown, rank: number): number[] {
  const given = axis === undefined || axis === null ? [] : [axis as number | number[]].flat();
  const all = given.length ? given : Array.from({ length: rank }, (_, i) => i);
  return all.map((one) => (one < 0 ? one + rank : one)).sort((a, b) => a - b);
}

/** Axes of a reduction, and whether they are kept with size 1. */
interface Reduced {
  axes: readonly number[];
  keepdims: number;
}

type EmitReduction = (graph: Graph, x: string, reduced: Reduced) => string;

/** Plans a reduction. */
export function reduction(op: string, attribute: "axis" | "reductionIndices", emit: EmitReduction): Plan {
  return ({ inputs: { x }, attrs, device }) => {
    const axes = axesOf(attrs[attribute], x.shape.length);
    if (!axes.length) return null;
    const keepdims = attrs.keepDims ? 1 : 0;
    const kept = x.shape.map((size, d) => (axes.includes(d) ? 1 : size));
    const shape = keepdims ? kept : x.shape.filter((_, d) => !axes.includes(d));
    const key = `${op} ${axes.join()} ${keepdims}`;
    return device.compute({ key, emit: emitter(emit, { axes, keepdims }) }, [x], [shape])[0];
  };
}

const emitter =
  (emit: EmitReduction, reduced: Reduced): Emit =>
  (graph, [x]) => [emit(graph, x, reduced)];

export const reduceSum: EmitReduction = (graph, x, { axes, keepdims }) =>
  graph.node("ReduceSum", [x, graph.integers(axes)], { attributes: { keepdims } });

export const reduceMean: EmitReduction = (graph, x, { axes, keepdims }) =>
  graph.node("ReduceMean", [x], { attributes: { axes, keepdims } });

/** Emits an extreme that is NaN where a value is; onnxruntime's skips NaN. */
export const reduceExtreme =
  (op: "ReduceMax" | "ReduceMin"): EmitReduction =>
  (graph, x, { axes, keepdims }) => {
    const attributes = { axes, keepdims };
    const isNaN = graph.node("Cast", [graph.node("IsNaN", [x])], { attributes: { to: FLOAT } });
    const hasNaN = graph.node("Greater", [graph.node("ReduceMax", [isNaN], { attributes }), graph.scalar(0)]);
    return graph.node("Where", [hasNaN, graph.scalar(NaN), graph.node(op, [x], { attributes })]);
  };

/** Number of float32 in ONNX. */
export const FLOAT = 1;
