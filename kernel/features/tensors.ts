import type { SafetensorsTensor } from "../safetensors/tensor";
import type { FeatureMap } from "../encoders/feature-map";
import { clamp, floatToHalf } from "../numeric";
import { pooledTokens } from "./pool";
import type { FeatureDtype, Pool } from "./run-identity";

/** Place of an image's layer: a tensor `[N, C]` of tokens in raster order. */
export interface StoredTensor {
  name: string;
  shape: number[];
  /** Type in safetensors' notation. */
  dtype: "F32" | "F16" | "I8";
  /** Name of the tensor `[N]` of scales, for `I8`. */
  scale?: string;
}

/**
 * Puts one image's features into `target`, under names made of its content's hash and the layer: `<sha256>.<layer>`.
 *
 * @param index the image's place in the batch of `maps`, which are `NLC`
 * @param pool side of the square of tokens whose mean is stored, or the one token of a picture
 * @returns the manifest's entries by layer
 */
export function storeTensors(
  maps: readonly FeatureMap[],
  index: number,
  sha256: string,
  dtype: FeatureDtype,
  target: Map<string, SafetensorsTensor>,
  pool: Pool = 1,
): Record<string, StoredTensor> {
  const entries = maps.map((map): [string, StoredTensor] => {
    const name = `${sha256}.${map.layer}`;
    const tokens = pooledTokens(map, index, pool);
    const shape = [tokens.length / map.channels, map.channels];
    if (dtype === "int8") return [String(map.layer), storeLevels(tokens, shape, name, target)];
    const tensor: SafetensorsTensor =
      dtype === "f16"
        ? { dtype: "F16", shape, data: floatToHalf(tokens) }
        : { dtype: "F32", shape, data: tokens.slice() };
    target.set(name, tensor);
    return [String(map.layer), { name, shape, dtype: dtype === "f16" ? "F16" : "F32" }];
  });
  return Object.fromEntries(entries);
}

function storeLevels(
  tokens: Float32Array,
  shape: number[],
  name: string,
  target: Map<string, SafetensorsTensor>,
): StoredTensor {
  const { levels, scales } = quantize(tokens, shape[1]);
  target.set(name, { dtype: "I8", shape, data: levels });
  target.set(`${name}.scale`, { dtype: "F32", shape: [scales.length], data: scales });
  return { name, shape, dtype: "I8", scale: `${name}.scale` };
}

/**
 * Quantises `[N, C]` to levels of -127..127 with one scale per token, its largest magnitude / 127. Values that are not
 * finite become 0.
 */
export function quantize(tokens: Float32Array, channels: number): { levels: Int8Array; scales: Float32Array } {
  const levels = new Int8Array(tokens.length);
  const scales = new Float32Array(tokens.length / channels);
  for (let n = 0; n < scales.length; n++) {
    let largest = 0;
    for (let i = n * channels; i < (n + 1) * channels; i++) {
      const magnitude = Math.abs(tokens[i]);
      if (magnitude > largest && magnitude !== Infinity) largest = magnitude;
    }
    scales[n] = largest / 127;
    const inverse = largest > 0 ? 127 / largest : 0;
    for (let i = n * channels; i < (n + 1) * channels; i++)
      levels[i] = clamp(Math.round(tokens[i] * inverse), -127, 127) || 0;
  }
  return { levels, scales };
}
