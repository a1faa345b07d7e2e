import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { NativeBackend } from "./backend";
import { MICROSOFT } from "./graph";
import { broadcast, type Plan } from "./plans";
import type { Emit, Operation } from "./runtime";

/** Product of matrices, or of batches of them. */
export const product: Plan = ({ inputs: { a, b }, attrs, backend }) =>
  multiply(backend, a, b, Boolean(attrs.transposeA), Boolean(attrs.transposeB));

/** Product with a bias, as tfjs's `fused.matMul`; activations are left to the cpu backend. */
export const fusedProduct: Plan = ({ inputs, attrs, backend }) => {
  const { a, b, bias } = inputs as Record<string, TensorInfo | undefined>;
  const plain = attrs.activation === undefined || attrs.activation === null || attrs.activation === "linear";
  if (!a || !b || !plain) return null;
  const y = multiply(backend, a, b, Boolean(attrs.transposeA), Boolean(attrs.transposeB));
  if (!bias) return y;
  const emit: Emit = (graph, names) => [graph.node("Add", names)];
  const [sum] = backend.compute({ key: "Add", emit }, [y, bias], [y.shape]);
  backend.disposeData(y.dataId);
  return sum;
};

/** Product of two matrices. */
export function gemm(transposeA: boolean, transposeB: boolean): Operation {
  const attributes = { transA: Number(transposeA), transB: Number(transposeB) };
  const emit: Emit = (graph, names) => [graph.node("Gemm", names, { attributes })];
  return { key: `Gemm ${attributes.transA} ${attributes.transB}`, emit, heavy: true };
}

function multiply(backend: NativeBackend, a: TensorInfo, b: TensorInfo, transA: boolean, transB: boolean): TensorInfo {
  const [outerA, outerB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const rows = a.shape[a.shape.length - (transA ? 1 : 2)];
  const columns = b.shape[b.shape.length - (transB ? 2 : 1)];
  const shape = [...broadcast(outerA, outerB), rows, columns];
  if (!outerA.length && !outerB.length) return backend.compute(gemm(transA, transB), [a, b], [shape])[0];
  const attributes = { transA: Number(transA), transB: Number(transB) };
  const emit: Emit = (graph, names) => [graph.node("FusedMatMul", names, { attributes, domain: MICROSOFT })];
  const key = `FusedMatMul ${attributes.transA} ${attributes.transB}`;
  return backend.compute({ key, emit, heavy: true }, [a, b], [shape])[0];
}
