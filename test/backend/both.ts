/** A computation on `native` beside tfjs's plain JavaScript. */
import assert from "node:assert/strict";
import { nn, type Tensor, tf } from "../nn/names.ts";

/** Values between -2 and 2 that repeat after no short period. */
export function values(shape: readonly number[], seed = 1): Float32Array {
  const size = shape.reduce((product, one) => product * one, 1);
  return Float32Array.from({ length: size }, (_, i) => 2 * Math.sin(12.9898 * (i + 1) + 78.233 * seed));
}

export const tensor = (shape: number[], seed?: number): Tensor => tf.tensor(values(shape, seed), shape);
export const positive = (x: Tensor): Tensor => tf.add(tf.abs(x), 0.1);

/** Shapes below and above the size from which results are computed in place. */
export const SHAPES = [[5], [3, 7], [2, 3, 5], [70, 90], [4, 30, 50]];

export type Compute = () => Tensor | Tensor[];

/** Results of a computation on a device: shapes, types and values. */
export async function on(device: nn.TrainingDevice, compute: Compute): Promise<Tensor["shape"][] | unknown[]> {
  await nn.start(device);
  const results = tf.tidy(() => compute() as Tensor[]);
  const found = [results].flat().map((y) => ({ shape: y.shape, dtype: y.dtype, data: Array.from(y.dataSync()) }));
  tf.dispose(results);
  return found;
}

export interface Found {
  shape: number[];
  dtype: string;
  data: number[];
}

export function assertSame(actual: number[], expected: number[], tolerance: number, what: string): void {
  assert.equal(actual.length, expected.length, what);
  actual.forEach((value, i) => {
    const near =
      Object.is(value, expected[i]) || Math.abs(value - expected[i]) <= tolerance * Math.max(1, Math.abs(expected[i]));
    assert.ok(near || value === expected[i], `${what}: value ${i} is ${value}, not ${expected[i]}`);
  });
}

/** Checks a computation on `native` against tfjs's cpu backend. */
export async function same(what: string, compute: Compute, tolerance = 2e-6): Promise<void> {
  const expected = (await on("cpu", compute)) as Found[];
  const actual = (await on("native", compute)) as Found[];
  assert.equal(actual.length, expected.length, what);
  actual.forEach((y, i) => {
    assert.deepEqual([y.shape, y.dtype], [expected[i].shape, expected[i].dtype], what);
    assertSame(y.data, expected[i].data, tolerance, what);
  });
}
