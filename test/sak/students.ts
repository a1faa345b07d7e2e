/** Small students for tests, and comparisons of what they compute. */
import assert from "node:assert/strict";
import { type models, nn, sak, tf, type Tensor } from "./names.ts";

export const stem: models.VitConfig = { imgSize: 12, patchSize: 4, embedDim: 8, depth: 2, numHeads: 2 };
export const teachers = ["dino", "clip", "sam"];
export const CONFIG: sak.SakConfig = { stem, teachers, levels: ["stem", 1], tasks: { semseg: 3, depth: 1 } };

export const make = (options: Partial<sak.SakConfig> = {}): sak.Sak => new sak.Sak({ ...CONFIG, ...options }).eval();
export const picture = (images = 2, seed = 1): Tensor => tf.randomNormal([images, 3, 12, 12], 0, 1, "float32", seed);
export const values = (tensor: Tensor): number[] => [...tensor.dataSync()];
export const fill = (parameter: nn.Parameter, value: number): void =>
  parameter.assign(new Float32Array(parameter.size).fill(value));

/** Draws large weights for every router, so that shares differ. */
export function stir(model: sak.Sak): void {
  const random = new nn.Prng(5, "routers");
  for (const router of [...model.routers.values()].flat())
    for (const parameter of router.namedParameters().values())
      parameter.assign(Float32Array.from({ length: parameter.size }, () => random.normal()));
}

export function close(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-6): void {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++)
    assert.ok(Math.abs(actual[i] - expected[i]) <= tolerance, `value ${i}: ${actual[i]} for ${expected[i]}`);
}

export async function bits(module: nn.Module): Promise<Record<string, number[]>> {
  const read = [...module.namedParameters()].map(async ([name, one]): Promise<[string, number[]]> => [
    name,
    [...(await one.read())],
  ]);
  return Object.fromEntries(await Promise.all(read));
}
