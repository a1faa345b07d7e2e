import { checkArguments } from "../rules/arguments";
import type { FeatureMap } from "../encoders/feature-map";
import { batches as inOrder, type BatchOptions, type BatchSource } from "../train/batches/batches";
import { FeatureError } from "./error";
import { type FeatureLevel, storedLayers } from "./levels";
import type { FeatureFolder } from "./read";
import { checkOptionNames, type OptionNames } from "../rules/option-names";

/** A part of a folder, and its order. */
export interface FeatureBatchOptions extends Omit<BatchOptions, "batchSize"> {
  /** Stored layers by index, `"stem"` for the input of the first block, in this order. Default: all that are stored. */
  indices?: readonly FeatureLevel[];
  /** Images by path. Default: all with features, in the manifest's order. */
  paths?: readonly string[];
  /** Images in a batch; default 16. */
  batchSize?: number;
}

const NAMES: OptionNames<FeatureBatchOptions> = {
  indices: true,
  paths: true,
  batchSize: true,
  shuffle: true,
  seed: true,
  dropLast: true,
};

/** Some images at each layer. */
export interface FeatureBatch {
  paths: readonly string[];
  /** `NLC`, one a layer; image `i` is `paths[i]`. */
  maps: FeatureMap[];
}

const FOLDER_KIND = {
  run: { layers: ["object"] },
  images: { get: "function" },
  checkLayers: "function",
} as const;

/**
 * Stored features in batches to train or score on: by default in an order that changes with the epoch, always the same for
 * the same seed. A batch is read when it is asked for.
 *
 * @throws FeatureError for a layer that is not stored, or an image without features
 */
export function batches(folder: FeatureFolder, options: FeatureBatchOptions = {}): BatchSource<FeatureBatch> {
  checkArguments("features.batches", FeatureError, { folder }, { folder: FOLDER_KIND });
  checkOptionNames("features.batches", options, NAMES, FeatureError);
  const { paths = folder.paths, batchSize = 16, indices: levels, ...order } = options;
  checkArguments("features.batches", FeatureError, { paths }, { paths: ["string"] });
  if (levels !== undefined) checkArguments("features.batches", FeatureError, { indices: levels }, { indices: "array" });
  const indices = (levels && storedLayers(levels)) ?? folder.run.layers.map(({ layer }) => layer);
  const unknown = paths.find((path) => folder.images.get(path)?.status !== "ok");
  if (unknown !== undefined)
    throw new FeatureError(
      "features.batches",
      `paths must be some of the ${folder.paths.length} with features`,
      unknown,
    );
  folder.checkLayers("features.batches", indices);
  const source = inOrder(paths, { ...order, batchSize });
  return {
    length: source.length,
    batch: async (epoch, index) => {
      const some = await source.batch(epoch, index);
      return { paths: some, maps: await folder.maps(some, indices) };
    },
  };
}
