import type { TensorInfo } from "@tensorflow/tfjs-core";
import { product as sizeOf } from "../../numeric";
import type { NativeDevice } from "./device";
import { type Graph, MICROSOFT } from "./graph";
import { axesOf, broadcast, type Plan } from "./plans";
import type { Emit, Operation } from "./runtime";

/** Product of matrices, or of batches of them. */
export const product: Plan = ({ inputs: { a, b }, attrs, device }) =>
  multiply(device, a, b, Boolean(attrs.transposeA), Boolean(attrs.transposeB));

/** Product with a bias, as tfjs's `fused.matMul`; activations are left to the cpu backend. */
export const fusedProduct: Plan = ({ inputs, attrs, device }) => {
  const { a, b, bias } = inputs as Record<string, TensorInfo | undefined>;
  const plain = attrs.activation === undefined || attrs.activation === null || attrs.activation === "linear";
  if (!a || !b || !plain) return null;
  const y = multiply(device, a, b, Boolean(attrs.transposeA), Boolean(attrs.transposeB));
  if (!bias) return y;
  const emit: Emit = (graph, names) => [graph.node("Add", names)];
  const [sum] = device.compute({ key: "Add", emit }, [y, bias], [y.shape]);
  device.free(y);
  return sum;
};

/** Sizes of a product [rows, inner] times [inner, columns]. */
export interface ProductSizes {
  rows: number;
  inner: number;
  columns: number;
}

/** Product of two matrices, in the form that onnxruntime computes fastest. */
export function gemm(transposeA: boolean, transposeB: boolean, sizes: ProductSizes): Operation {
  const { rows, inner, columns } = sizes;
  if (transposeA && !transposeB && Math.min(rows, inner, columns) >= SMALL) return ofTransposed(sizes);
  const parts = transposeA ? 1 : rowParts(sizes);
  const attributes = { transA: Number(transposeA), transB: Number(transposeB) };
  const key = `Gemm ${attributes.transA} ${attributes.transB}`;
  const emit: Emit = (graph, names) => [graph.node("Gemm", names, { attributes })];
  if (parts === 1) return { key, emit, heavy: true };
  const emitParts: Emit = (graph, [a, b]) => [byRows(graph, a, b, sizes, parts, attributes.transB)];
  return { key: `${key} ${parts} ${rows} ${inner} ${columns}`, emit: emitParts, heavy: true, arena: true };
}

/** Size below which a product with a transposed matrix is not worth a transpose. */
const SMALL = 16;
/** Number of rows of the left matrix whose panels stay in a core's cache while a panel of the right one passes. */
const ROWS_AT_ONCE = 448;
const FEWEST_ROWS = 128;
/** Length up to which onnxruntime visits a panel of the product once only. */
const ONE_PANEL = 128;

/** Returns the number of equal parts of the rows that are multiplied one after the other. */
export function rowParts({ rows, inner }: ProductSizes): number {
  if (rows <= ROWS_AT_ONCE || inner <= ONE_PANEL) return 1;
  for (let parts = Math.ceil(rows / ROWS_AT_ONCE); rows / parts >= FEWEST_ROWS; parts++)
    if (rows % parts === 0) return parts;
  return 1;
}

/**
 * Emits a product by parts of the rows, without a copy: a matrix of one more dimension than the parts is one that the runtime
 * does not join them for.
 */
export function byRows(
  graph: Graph,
  a: string,
  b: string,
  { rows, inner, columns }: ProductSizes,
  parts: number,
  transB: number,
): string {
  const reshaped = (x: string, shape: readonly number[]): string => graph.node("Reshape", [x, graph.integers(shape)]);
  const left = reshaped(a, [parts, rows / parts, inner]);
  const right = reshaped(b, transB ? [1, 1, columns, inner] : [1, 1, inner, columns]);
  const y = graph.node("FusedMatMul", [left, right], { domain: MICROSOFT, attributes: { transA: 0, transB } });
  return reshaped(y, [rows, columns]);
}

/**
 * Product aᵀ b, as of a gradient in weights. The runtime reads a transposed left matrix slowly, so the narrower matrix is
 * transposed first: aᵀ b, or (bᵀ a)ᵀ.
 */
function ofTransposed({ rows, inner, columns }: ProductSizes): Operation {
  const isLeft = rows <= columns;
  const sizes = isLeft ? { rows, inner, columns } : { rows: columns, inner, columns: rows };
  const parts = rowParts(sizes);
  const emit: Emit = (graph, [a, b]) => {
    const [left, right] = isLeft ? [a, b] : [b, a];
    // By rows also where they are one part: the runtime would make a transpose beside a plain product one of its attributes.
    const y = byRows(graph, transposed(graph, left, [1, 0]), right, sizes, parts, 0);
    return [isLeft ? y : transposed(graph, y, [1, 0])];
  };
  return { key: `Gemm of a transposed matrix ${parts} ${rows} ${inner} ${columns}`, emit, heavy: true, arena: true };
}

/**
 * Emits the sum of a matrix's rows as a product with ones. The runtime's own sum is many times slower with several threads,
 * whose columns lie in the same cache lines.
 */
export const sumOfRows = (graph: Graph, x: string, rows: number): string =>
  graph.node("MatMul", [graph.filled(1, [1, rows]), x]);

/** Number of rows above which the ones of {@link sumOfRows} would take memory to notice. */
const MOST_ROWS = 2 ** 16;

/** Sum over the first dimensions, as of a bias's gradient; null for other sums and small ones. */
export const sumOfLeading: Plan = ({ inputs: { x }, attrs, device }) => {
  const axes = axesOf(attrs.axis, x.shape.length);
  const rest = x.shape.slice(axes.length);
  const [rows, columns] = [sizeOf(x.shape.slice(0, axes.length)), sizeOf(rest)];
  const isLeading = rest.length > 0 && axes.every((axis, i) => axis === i);
  if (!isLeading || Math.min(rows, columns) < SMALL || rows > MOST_ROWS) return null;
  const shape = attrs.keepDims ? [...axes.map(() => 1), ...rest] : rest;
  const emit: Emit = (graph, [name]) => {
    const matrix = graph.node("Reshape", [name, graph.integers([rows, columns])]);
    return [graph.node("Reshape", [sumOfRows(graph, matrix, rows), graph.integers(shape)])];
  };
  return device.compute({ key: `sum of rows ${rows} ${columns} ${shape.join()}`, emit }, [x], [shape])[0];
};

/** Emits a transpose. */
export const transposed = (graph: Graph, x: string, perm: readonly number[]): string =>
  graph.node("Transpose", [x], { attributes: { perm: [...perm] } });

function multiply(device: NativeDevice, a: TensorInfo, b: TensorInfo, transA: boolean, transB: boolean): TensorInfo {
  const [outerA, outerB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const rows = a.shape[a.shape.length - (transA ? 1 : 2)];
  const inner = a.shape[a.shape.length - (transA ? 2 : 1)];
  const columns = b.shape[b.shape.length - (transB ? 2 : 1)];
  const shape = [...broadcast(outerA, outerB), rows, columns];
  if (!outerA.length && !outerB.length)
    return device.compute(gemm(transA, transB, { rows, inner, columns }), [a, b], [shape])[0];
  const attributes = { transA: Number(transA), transB: Number(transB) };
  const emit: Emit = (graph, names) => [graph.node("FusedMatMul", names, { attributes, domain: MICROSOFT })];
  const key = `FusedMatMul ${attributes.transA} ${attributes.transB}`;
  return device.compute({ key, emit, heavy: true }, [a, b], [shape])[0];
}
