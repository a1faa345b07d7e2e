import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readSafetensors } from "../safetensors/safetensors";
import type { SafetensorsTensor } from "../safetensors/tensor";
import { FeatureError } from "./error";
import { FeatureMap } from "../encoders/feature-map";
import { halfToFloat } from "../numeric";
import { geometryOf } from "../encoders/preprocess/preprocess";
import type { ExtractedLayer, ExtractionRun } from "./run-identity";
import { MANIFEST, type ManifestLine, parseManifest, parseRun, RUN } from "./store";
import type { StoredTensor } from "./tensors";

const OPEN = "features.open";
const FEATURES = "FeatureFolder.features";

/** Features that `features.extract` wrote. Tensors are read when they are asked for. */
export class FeatureFolder {
  constructor(
    readonly folder: string,
    /** Encoder and options. */
    readonly run: ExtractionRun,
    /** What became of each image, by path. */
    readonly images: ReadonlyMap<string, ManifestLine>,
  ) {}

  /** Images that have features, in the manifest's order. */
  get paths(): string[] {
    return [...this.images.values()].filter((line) => line.status === "ok").map((line) => line.path);
  }

  /**
   * One image's features at one layer, as `forwardIntermediates` gives them (`NLC`, a batch of one), within the precision
   * of the stored type.
   *
   * @param path as the manifest names it
   * @param layer 0-based. Default: the last one that is stored
   * @throws FeatureError for an image or a layer without features, or a file that does not hold what the manifest says
   */
  async features(path: string, layer?: number): Promise<FeatureMap> {
    const { layers, encoder } = this.run;
    const stored = layer === undefined ? layers[layers.length - 1] : layers.find((one) => one.layer === layer);
    const legal = layers.map((one) => one.layer).join(", ");
    if (!stored) throw new FeatureError(FEATURES, `stored layers are ${legal}`, layer);
    const line = this.images.get(path);
    if (line?.status !== "ok" || !line.size)
      throw new FeatureError(FEATURES, line?.reason ?? `the image must be one of ${this.images.size} in paths`, path);
    const data = await this.read(line, stored);
    const { grid, channels } = stored;
    return new FeatureMap({
      ...{ data, dims: [1, grid[0] * grid[1], channels], format: "NLC", layer: stored.layer, grid, channels },
      ...{ encoder: encoder.name, device: "disk" },
      geometry: [geometryOf({ width: line.size[0], height: line.size[1] }, encoder.preprocess)],
    });
  }

  private async read(line: ManifestLine, { layer, grid, channels }: ExtractedLayer): Promise<Float32Array> {
    const entry = line.tensors[layer];
    // The manifest is a file like any other: it must not lead out of the folder.
    if (!entry || !/^features-\d+\.safetensors$/.test(line.shard ?? ""))
      throw new FeatureError(FEATURES, "the manifest must name a shard and a tensor", JSON.stringify(line.shard));
    const names = [entry.name, ...(entry.scale === undefined ? [] : [entry.scale])];
    const { tensors } = await readSafetensors(join(this.folder, line.shard as string), names);
    const data = decode(entry, tensors);
    if (data?.length === grid[0] * grid[1] * channels) return data;
    throw new FeatureError(FEATURES, `${entry.name} must have ${grid[0] * grid[1]} x ${channels} values`, data?.length);
  }
}

/** Single precision from what is stored; null for a type that is not written here. */
function decode(entry: StoredTensor, tensors: ReadonlyMap<string, SafetensorsTensor>): Float32Array | null {
  const { data } = tensors.get(entry.name) as SafetensorsTensor;
  if (data instanceof Float32Array) return data;
  if (data instanceof Uint16Array) return halfToFloat(data);
  const scales = entry.scale === undefined ? undefined : tensors.get(entry.scale)?.data;
  if (!(data instanceof Int8Array) || !(scales instanceof Float32Array)) return null;
  const channels = data.length / scales.length;
  return Float32Array.from(data, (level, i) => level * scales[Math.floor(i / channels)]);
}

/**
 * Opens a folder of features for reading, also one that is being written to: what counts at this moment is seen.
 *
 * @throws FeatureError when it is none
 */
export async function open(folder: string): Promise<FeatureFolder> {
  const [run, manifest] = await Promise.all(
    [RUN, MANIFEST].map((name) =>
      readFile(join(folder, name)).catch((error: NodeJS.ErrnoException) => {
        throw new FeatureError(OPEN, `the folder must hold ${RUN} and ${MANIFEST} (${error.code})`, folder);
      }),
    ),
  );
  const { committed, ...described } = parseRun(OPEN, run.toString());
  const lines = parseManifest(OPEN, manifest, committed.manifest);
  return new FeatureFolder(folder, described, new Map(lines.map((line) => [line.path, line])));
}
