import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readSafetensors, type SafetensorsTensor } from "../nn";
import { EncoderError } from "../encoders/errors";
import { FeatureMap } from "../encoders/feature-map";
import { halfToFloat } from "../numeric/half";
import { geometryOf } from "../encoders/preprocess/preprocess";
import type { ExtractedLayer, ExtractionRun } from "./run-identity";
import { MANIFEST, type ManifestLine, parseManifest, parseRun, RUN } from "./store";
import type { StoredTensor } from "./tensors";

const OPEN = "encoders.openFeatures";
const FEATURES = "FeatureFolder.features";

/** Features written by `encoders.extract`. Tensors are read on request. */
export class FeatureFolder {
  constructor(
    readonly folder: string,
    /** Encoder and options of the run. */
    readonly run: ExtractionRun,
    /** Manifest line of each image by path. */
    readonly images: ReadonlyMap<string, ManifestLine>,
  ) {}

  /** Paths of images with features, in the manifest's order. */
  get paths(): string[] {
    return [...this.images.values()].filter((line) => line.status === "ok").map((line) => line.path);
  }

  /**
   * Returns one image's features at one layer in the form of `forwardIntermediates` (`NLC`, a batch of one), within the
   * precision of the stored type.
   *
   * @param path path in the manifest
   * @param layer 0-based. Default: the last stored layer
   * @throws EncoderError for an image or a layer without features, or a file that contradicts the manifest
   */
  async features(path: string, layer?: number): Promise<FeatureMap> {
    const { layers, encoder } = this.run;
    const stored = layer === undefined ? layers[layers.length - 1] : layers.find((one) => one.layer === layer);
    const legal = layers.map((one) => one.layer).join(", ");
    if (!stored) throw new EncoderError(FEATURES, `stored layers are ${legal}`, layer);
    const line = this.images.get(path);
    if (line?.status !== "ok" || !line.size)
      throw new EncoderError(FEATURES, line?.reason ?? `the image must be one of ${this.images.size} in paths`, path);
    const data = await this.read(line, stored);
    const { grid, channels } = stored;
    return new FeatureMap({
      data,
      dims: [1, grid[0] * grid[1], channels],
      format: "NLC",
      layer: stored.layer,
      grid,
      channels,
      encoder: encoder.name,
      device: "disk",
      geometry: [geometryOf({ width: line.size[0], height: line.size[1] }, encoder.preprocess)],
    });
  }

  private async read(line: ManifestLine, { layer, grid, channels }: ExtractedLayer): Promise<Float32Array> {
    const entry = line.tensors[layer];
    // The manifest is untrusted: it must not lead out of the folder.
    if (!entry || !/^features-\d+\.safetensors$/.test(line.shard ?? ""))
      throw new EncoderError(FEATURES, "the manifest must name a shard and a tensor", JSON.stringify(line.shard));
    const names = [entry.name, ...(entry.scale === undefined ? [] : [entry.scale])];
    const { tensors } = await readSafetensors(join(this.folder, line.shard as string), names);
    const data = decode(entry, tensors);
    if (data?.length === grid[0] * grid[1] * channels) return data;
    throw new EncoderError(FEATURES, `${entry.name} must have ${grid[0] * grid[1]} x ${channels} values`, data?.length);
  }
}

/** Decodes to single precision; null for an unknown type. */
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
 * Opens a folder of features for reading, even while it is being written; the present committed state is seen.
 *
 * @throws EncoderError when it is no folder of features
 */
export async function openFeatures(folder: string): Promise<FeatureFolder> {
  const [run, manifest] = await Promise.all(
    [RUN, MANIFEST].map((name) =>
      readFile(join(folder, name)).catch((error: NodeJS.ErrnoException) => {
        throw new EncoderError(OPEN, `the folder must hold ${RUN} and ${MANIFEST} (${error.code})`, folder);
      }),
    ),
  );
  const { committed, ...described } = parseRun(OPEN, run.toString());
  const lines = parseManifest(OPEN, manifest, committed.manifest);
  return new FeatureFolder(folder, described, new Map(lines.map((line) => [line.path, line])));
}
