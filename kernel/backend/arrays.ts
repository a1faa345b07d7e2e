import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { NativeBackend } from "./native/backend";
import type { NativeDevice } from "./native/device";
import { gemm } from "./native/product";
import type { Tensor } from "./tensor";
import { tf } from "./tf";

/** Returns the device `native`, which must be the one in use. */
export const nativeDevice = (): NativeDevice => (tf.backend() as unknown as NativeBackend).device;

/** Makes a tensor of what a backend gave. */
export const tensorOf = (info: TensorInfo): Tensor => tf.engine().makeTensorFromTensorInfo(info, tf.backend());

/** Returns the values of a tensor in single precision, to read or write until the operation ends. */
export const arrayOf = (tensor: Tensor): Float32Array => nativeDevice().read32(tensor);

/** Makes a tensor; `fill` writes all of its values. */
export function filled(shape: readonly number[], fill: (values: Float32Array) => void): Tensor {
  return tensorOf(nativeDevice().make(shape, fill));
}

/** Matrices of a product, row by row. */
interface Factors {
  a: Float32Array;
  b: Float32Array;
  transposeA?: boolean;
  transposeB?: boolean;
}

/** Computes the product of two matrices into an array of `rows` times `columns`. */
export function multiplyInto(
  y: Float32Array,
  [rows, columns]: readonly [number, number],
  { a, b, transposeA = false, transposeB = false }: Factors,
): void {
  const inner = a.length / rows;
  const left = { data: a, dims: transposeA ? [inner, rows] : [rows, inner] };
  const right = { data: b, dims: transposeB ? [columns, inner] : [inner, columns] };
  const { runtime } = nativeDevice();
  const session = runtime.sessionOf(gemm(transposeA, transposeB, { rows, inner, columns }), [left, right]);
  runtime.fill(session, [left, right], [{ data: y, dims: [rows, columns] }]);
}
