import type * as Tfjs from "@tensorflow/tfjs-core";
import type { KernelConfig, KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import { isPlain, type NativeBackend } from "./backend";
import { COPYING, MIXED } from "./copying";
import type { Graph } from "./graph";
import {
  FLOAT,
  binary,
  bounded,
  type KernelCall,
  operator,
  type Plan,
  reduceExtreme,
  reduceMean,
  reduceSum,
  reduction,
  unary,
} from "./plans";
import { fusedProduct, product, sumOfLeading } from "./product";
import type { Emit } from "./runtime";

/** Name in tfjs: `tf.setBackend("native")`. */
export const NATIVE_BACKEND = "native";

const softmax: Plan = ({ inputs: { logits }, attrs, device }) => {
  const last = logits.shape.length - 1;
  if (last < 0 || (attrs.dim !== -1 && attrs.dim !== last)) return null;
  return device.compute(SOFTMAX, [logits], [logits.shape])[0];
};
const SOFTMAX = { key: "Softmax", emit: (graph: Graph, x: readonly string[]) => [graph.node("Softmax", x)] };

const transpose: Plan = ({ inputs: { x }, attrs, device }) => {
  const perm = attrs.perm as number[];
  const emit: Emit = (graph, names) => [graph.node("Transpose", names, { attributes: { perm } })];
  return device.compute({ key: `Transpose ${perm.join()}`, emit }, [x], [perm.map((d) => x.shape[d])])[0];
};

const tile: Plan = ({ inputs: { x }, attrs, device }) => {
  const reps = attrs.reps as number[];
  if (!reps.every((count) => count > 0)) return null;
  const emit: Emit = (graph, [name]) => [graph.node("Tile", [name, graph.integers(reps)])];
  return device.compute({ key: `Tile ${reps.join()}`, emit }, [x], [x.shape.map((size, d) => size * reps[d])])[0];
};

const addN: Plan = ({ inputs, device }) => {
  const terms = Object.values(inputs);
  const emit: Emit = (graph, names) => [graph.node("Sum", names)];
  return device.compute({ key: `AddN ${terms.length}`, emit }, terms, [terms[0].shape])[0];
};

const sum = reduction("ReduceSum", "axis", reduceSum);

/** Tests for values above 0, with 1 and 0, and NaN for NaN. */
const step: Plan = ({ inputs: { x }, attrs, device }) => {
  if (attrs.alpha !== 0) return null;
  const emit: Emit = (graph, [name]) => {
    const above = graph.node("Cast", [graph.node("Greater", [name, graph.scalar(0)])], { attributes: { to: FLOAT } });
    return [graph.node("Where", [graph.node("IsNaN", [name]), name, above])];
  };
  return device.compute({ key: "Step", emit }, [x], [x.shape])[0];
};

/**
 * Kernels on onnxruntime's operators; all others are those of tfjs's cpu backend. The writer of ONNX models has a table for itself
 * (`models/onnx/rules.ts` says why).
 */
const PLANS: Readonly<Record<string, Plan>> = {
  Add: binary("Add", (graph, x) => [graph.node("Add", x)]),
  Sub: binary("Sub", (graph, x) => [graph.node("Sub", x)]),
  Multiply: binary("Mul", (graph, x) => [graph.node("Mul", x)]),
  RealDiv: binary("Div", (graph, x) => [graph.node("Div", x)]),
  Maximum: binary("Max", (graph, x) => [graph.node("Max", x)]),
  Minimum: binary("Min", (graph, x) => [graph.node("Min", x)]),
  SquaredDifference: binary("SquaredDifference", (graph, x) => {
    const difference = graph.node("Sub", x);
    return [graph.node("Mul", [difference, difference])];
  }),
  Exp: operator("Exp"),
  Log: operator("Log"),
  Sqrt: operator("Sqrt"),
  Neg: operator("Neg"),
  Abs: operator("Abs"),
  Floor: operator("Floor"),
  Ceil: operator("Ceil"),
  Sin: operator("Sin"),
  Cos: operator("Cos"),
  Reciprocal: operator("Reciprocal"),
  Sigmoid: operator("Sigmoid"),
  Relu: operator("Relu"),
  Erf: bounded("Erf"),
  Tanh: bounded("Tanh"),
  Rsqrt: unary("Rsqrt", (graph, x) => [graph.node("Reciprocal", [graph.node("Sqrt", x)])]),
  Square: unary("Square", (graph, [x]) => [graph.node("Mul", [x, x])]),
  Sum: (call) => sumOfLeading(call) ?? sum(call),
  Mean: reduction("ReduceMean", "axis", reduceMean),
  Max: reduction("ReduceMax", "reductionIndices", reduceExtreme("ReduceMax")),
  Min: reduction("ReduceMin", "axis", reduceExtreme("ReduceMin")),
  BatchMatMul: product,
  _FusedMatMul: fusedProduct,
  Softmax: softmax,
  Transpose: transpose,
  Tile: tile,
  Step: step,
  AddN: addN,
  ...COPYING,
};

/** Registers a kernel of the device for each that tfjs's cpu backend has. */
export function registerKernels(core: typeof Tfjs): void {
  for (const config of core.getKernelsForBackend("cpu"))
    core.registerKernel({ ...config, backendName: NATIVE_BACKEND, kernelFunc: kernelOf(config) });
}

function kernelOf({ kernelName, kernelFunc }: KernelConfig): KernelFunc {
  const mixed = MIXED[kernelName] as Plan | undefined;
  const plan = mixed ?? (PLANS[kernelName] as Plan | undefined);
  if (!plan) return kernelFunc;
  // Other types than float32 and empty tensors are left to the cpu backend.
  return (call) => {
    const fits =
      mixed !== undefined || (Object.values(call.inputs) as (TensorInfo | null)[]).every((x) => !x || isPlain(x));
    if (!fits) return kernelFunc(call);
    const { inputs, attrs } = call as Pick<KernelCall, "inputs" | "attrs">;
    const { device } = call.backend as NativeBackend;
    return plan({ inputs, attrs, device }) ?? kernelFunc(call);
  };
}
