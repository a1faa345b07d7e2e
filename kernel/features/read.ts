import { describe, Described, DISPLAY, type DisplayBundle, thousands } from "../display/describe";
import { readSafetensors, type Safetensors } from "../safetensors/safetensors";
import type { SafetensorsTensor } from "../safetensors/tensor";
import { readFile } from "../platform/files";
import { join } from "../platform/path";
import { FeatureError } from "./error";
import { FeatureMap } from "../encoders/feature-map";
import { halfToFloat } from "../numeric";
import { isShard, type ManifestLine } from "./intact";
import { geometryOf } from "../encoders/preprocess/preprocess";
import { type FeatureLevel, levelName, STEM, storedLayer } from "./levels";
import { openParts } from "./plan/opened";
import { poolWords } from "./pool";
import type { ExtractedLayer, ExtractionRun } from "./run-identity";
import { MANIFEST, parseManifest, parseRun, RUN } from "./store";
import type { StoredTensor } from "./tensors";
import type { SystemError } from "../platform/types";

const OPEN = "features.open";
const FEATURES = "features.FeatureFolder.features";

/** Features that `features.extract` wrote, or the parts of a plan. Tensors are read when they are asked for. */
export class FeatureFolder extends Described {
  constructor(
    /** Path of the folder or of the plan. */
    readonly folder: string,
    /** Encoder and options of the run. */
    readonly run: ExtractionRun,
    /** Manifest line of each image by path. */
    readonly images: ReadonlyMap<string, ManifestLine>,
    /** Returns where a file of features is. Default: in the folder. */
    private readonly placeOf: (shard: string) => string = (shard) => join(folder, shard),
  ) {
    super();
  }

  /** Paths of images with features, in the manifest's order. */
  get paths(): string[] {
    return [...this.images.values()].filter((line) => line.status === "ok").map((line) => line.path);
  }

  /**
   * One image's features at one layer, as `forwardIntermediates` gives them (`NLC`, a batch of one), within the precision
   * of the stored type.
   *
   * @param path as the manifest names it
   * @param level number of the block, 0-based, or `"stem"`. Default: the last one that is stored
   * @throws FeatureError for an image or a layer without features, or a file that differs from its line in the manifest
   */
  async features(
    path: string,
    level: FeatureLevel = this.run.layers[this.run.layers.length - 1].layer,
  ): Promise<FeatureMap> {
    return (await this.maps([path], [level]))[0];
  }

  /**
   * Some images' features at some layers: one map a layer, in which image `i` is `paths[i]`. Each file is opened once.
   *
   * @throws FeatureError as {@link features}
   */
  async maps(paths: readonly string[], levels: readonly FeatureLevel[]): Promise<FeatureMap[]> {
    const stored = this.checkLayers(FEATURES, levels.map(storedLayer));
    const lines = paths.map((path) => this.lineOf(path));
    const tensors = await this.read(lines, stored);
    return stored.map((layer) => this.mapOf(lines, layer, tensors));
  }

  [DISPLAY](): DisplayBundle {
    const { encoder, layers, facet, norm, dtype, pool } = this.run;
    const { length } = this.paths;
    const failed = this.images.size - length;
    return describe(`Features in ${this.folder}`, [
      ["pictures", failed > 0 ? `${thousands(length)}, and ${thousands(failed)} without features` : thousands(length)],
      ["encoder", encoder.precision ? `${encoder.name}, ${encoder.precision}` : encoder.name],
      ...layers.map(({ layer, channels, grid }): [string, string] => [
        `layer ${levelName(layer)}`,
        `${grid.join(" x ")} tokens of ${channels} channels`,
      ]),
      ["kind", [facet, norm ? "normed" : "", pool ? poolWords(pool) : ""].filter(Boolean).join(", ")],
      ["stored as", dtype],
    ]);
  }

  /** @internal The layers as they are stored. */
  checkLayers(fn: string, layers: readonly number[]): ExtractedLayer[] {
    return layers.map((layer) => {
      const found = this.run.layers.find((one) => one.layer === layer);
      if (found) return found;
      const stored = this.run.layers.map((one) => levelName(one.layer)).join(", ");
      throw new FeatureError(fn, `stored layers are ${stored}`, layer === STEM ? "stem" : layer);
    });
  }

  private lineOf(path: string): StoredLine {
    const line = this.images.get(path);
    if (line?.status === "ok" && line.size) return { ...line, size: line.size };
    throw new FeatureError(FEATURES, line?.reason ?? `the image must be one of ${this.images.size} in paths`, path);
  }

  private mapOf(lines: readonly StoredLine[], stored: ExtractedLayer, tensors: Tensors): FeatureMap {
    const { layer, grid, channels } = stored;
    const size = grid[0] * grid[1] * channels;
    const data = new Float32Array(lines.length * size);
    lines.forEach((line, i) => {
      const { name } = line.tensors[layer];
      const values = decode(line.tensors[layer], tensors);
      if (values?.length !== size)
        throw new FeatureError(FEATURES, `${name} must have ${grid[0] * grid[1]} x ${channels} values`, values?.length);
      data.set(values, i * size);
    });
    const { name: encoder, preprocess } = this.run.encoder;
    return new FeatureMap({
      data,
      dims: [lines.length, grid[0] * grid[1], channels],
      format: "NLC",
      layer,
      grid,
      channels,
      encoder,
      device: "disk",
      geometry: lines.map(({ size: [width, height] }) => geometryOf({ width, height }, preprocess)),
    });
  }

  /** The tensors of some images at some layers, by name. */
  private async read(lines: readonly StoredLine[], layers: readonly ExtractedLayer[]): Promise<Tensors> {
    const names = new Map<string, Set<string>>();
    for (const { shard, tensors } of lines)
      for (const { layer } of layers) {
        const entry = tensors[layer];
        // The manifest is untrusted: it must not lead out of the folder.
        if (!entry || !isShard(shard))
          throw new FeatureError(FEATURES, "the manifest must name a shard and a tensor", shard);
        const own = names.get(shard) ?? new Set();
        names.set(shard, own.add(entry.name));
        if (entry.scale !== undefined) own.add(entry.scale);
      }
    const read = [...names].map(([shard, own]) => this.readShard(shard, [...own]));
    return new Map((await Promise.all(read)).flatMap(({ tensors }) => [...tensors]));
  }

  private async readShard(shard: string, names: string[]): Promise<Safetensors> {
    try {
      return await readSafetensors(this.placeOf(shard), names);
    } catch (error) {
      const rule = `${shard} must be whole; features.extract with the same options writes what it held again`;
      throw new FeatureError(FEATURES, rule, (error as Error).message);
    }
  }
}

type StoredLine = ManifestLine & { size: [width: number, height: number] };
type Tensors = ReadonlyMap<string, SafetensorsTensor>;

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
 * Opens features for reading: a folder, or a plan `*.json` whose parts are read as one where they lie. In a folder that is being
 * written to, the pictures committed so far are seen; a plan must be whole.
 *
 * @param folder folder that `features.extract` or `features.merge` wrote, or path of a plan of the format `safetensors`
 * @throws FeatureError when it is none, or where a part of a plan is missing or damaged
 */
export async function open(folder: string): Promise<FeatureFolder> {
  if (typeof folder !== "string" || folder === "") throw new FeatureError(OPEN, "folder must be a path", folder);
  if (folder.endsWith(".json")) {
    const { run, lines, placeOf } = await openParts(OPEN, folder);
    return new FeatureFolder(folder, run, byPath(lines), placeOf);
  }
  const [run, manifest] = await Promise.all(
    [RUN, MANIFEST].map((name) =>
      readFile(join(folder, name)).catch((error: SystemError) => {
        throw new FeatureError(OPEN, `the folder must hold ${RUN} and ${MANIFEST} (${error.code})`, folder);
      }),
    ),
  );
  const { committed, ...described } = parseRun(OPEN, new TextDecoder().decode(run));
  const lines = parseManifest(OPEN, manifest, committed.manifest);
  return new FeatureFolder(folder, described, byPath(lines));
}

const byPath = (lines: readonly ManifestLine[]): Map<string, ManifestLine> =>
  new Map(lines.map((line) => [line.path, line]));
