/** Sample of Theia's release (arXiv 2407.20179): one picture's map as a safetensors file in a tar. */
import { encodeNpy } from "../data/npy";
import { transpose } from "../encoders/feature-map";
import { channelMoments, type ChannelMoments, floatToHalf, halfToFloat } from "../numeric";
import { replaceFile, writeFile } from "../platform/files";
import { join } from "../platform/path";
import { encodeSafetensors, parseSafetensors } from "../safetensors/safetensors";
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

/** Moments of the tokens of a sample that {@link encodeSample} made, of the numbers as they are written. */
export function sampleMoments(bytes: Uint8Array): ChannelMoments {
  const { shape, data } = parseSafetensors(bytes).tensors.get("embedding") as SafetensorsTensor;
  const [channels, rows, columns] = shape;
  const values = data instanceof Uint16Array ? halfToFloat(data) : (data as Float32Array);
  return channelMoments(transpose(values, channels, rows * columns), channels);
}

/** Returns the path of a teacher's mean, or of its deviation, which the release's files call `var`. */
export const statisticsPath = (root: string, kind: "mean" | "var", model: string): string =>
  join(root, `imagenet_${kind}_${plainModel(model)}.npy`);

/** Writes mean and deviation (over n - 1) of the channels of a teacher. */
export async function writeStatistics(root: string, model: string, moments: ChannelMoments): Promise<void> {
  const { count, mean, squares } = moments;
  const deviation = Float32Array.from(squares, (sum) => Math.sqrt(sum / Math.max(1, count - 1)));
  const put = (kind: "mean" | "var", row: Float32Array): Promise<void> =>
    replaceFile(statisticsPath(root, kind, model), (beside) => writeFile(beside, encodeNpy(row), { flush: true }));
  await put("mean", Float32Array.from(mean));
  await put("var", deviation);
}
