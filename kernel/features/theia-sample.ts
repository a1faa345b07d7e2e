/** Sample of Theia's release (arXiv 2407.20179): one picture's map as a safetensors file in a tar. */
import { transpose } from "../encoders/feature-map";
import { floatToHalf } from "../numeric";
import { encodeSafetensors } from "../safetensors/safetensors";
import type { SafetensorsTensor } from "../safetensors/tensor";

/** Map of a picture: tokens in raster order, `[rows · columns, channels]`. */
export interface SampleMap {
  data: Float32Array;
  grid: readonly [rows: number, columns: number];
  channels: number;
}

/** Returns a sample's bytes: `embedding`, [C, H, W]. */
export function encodeSample({ data, grid, channels }: SampleMap, dtype: "f16" | "f32"): Uint8Array {
  const values = transpose(data, data.length / channels, channels);
  const shape = [channels, grid[0], grid[1]];
  const tensor: SafetensorsTensor =
    dtype === "f16" ? { dtype: "F16", shape, data: floatToHalf(values) } : { dtype: "F32", shape, data: values };
  return encodeSafetensors(new Map([["embedding", tensor]]));
}

/** Returns a teacher's name as it stands in the names of files. */
export const plainModel = (model: string): string => model.replaceAll("/", "_");

/** Returns the name of a shard in the layout of the release. */
export const shardName = (dataset: string, split: string, index: number): string =>
  `${dataset}_${split}-${String(index).padStart(6, "0")}-${split}.tar`;
