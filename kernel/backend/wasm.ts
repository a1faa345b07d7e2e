import type { KernelConfig, KernelFunc, NamedTensorInfoMap, TensorInfo } from "@tensorflow/tfjs-core";
import { loadWasmPackage } from "./node";
import { tf } from "./tf";

/**
 * Loads tfjs's wasm backend. One thread: its threaded build starts its workers from `blob:` URLs, which Node's workers do
 * not take.
 */
export async function loadWasm(): Promise<void> {
  await loadWasmPackage();
  transposeBeforeMatMul();
}

/** Part of a backend that frees a kernel's intermediate data. */
interface Disposer {
  disposeData(id: object): void;
}

/**
 * Transposes matrices before products. tfjs's wasm multiplies with a transpose flag fifty times slower for 1024³, and
 * every gradient of a product has such a flag.
 */
function transposeBeforeMatMul(): void {
  const original = tf.getKernel("BatchMatMul", "wasm");
  tf.unregisterKernel("BatchMatMul", "wasm");
  tf.registerKernel({ ...original, kernelFunc: withoutFlags(original) });
}

function withoutFlags(original: KernelConfig): KernelFunc {
  return ({ inputs, backend, attrs }) => {
    const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
    const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
    const made: TensorInfo[] = [];
    const straight = (x: TensorInfo, flag: boolean): TensorInfo => {
      if (!flag) return x;
      made.push(swapLastTwo(x, backend));
      return made[made.length - 1];
    };
    const operands: NamedTensorInfoMap = { a: straight(a, transposeA), b: straight(b, transposeB) };
    const product = original.kernelFunc({
      inputs: operands,
      backend,
      attrs: { transposeA: false, transposeB: false },
    });
    for (const { dataId } of made) (backend as Disposer).disposeData(dataId);
    return product;
  };
}

function swapLastTwo(x: TensorInfo, backend: object): TensorInfo {
  const rank = x.shape.length;
  const perm = [...x.shape.keys()].slice(0, -2).concat(rank - 1, rank - 2);
  return tf.getKernel("Transpose", "wasm").kernelFunc({ inputs: { x }, backend, attrs: { perm } }) as TensorInfo;
}
