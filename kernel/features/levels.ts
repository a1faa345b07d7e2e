import type { Encoder } from "../encoders/encoder";
import { type CheckedOptions, checkOptions, type ForwardOptions } from "../encoders/options";
import { FeatureError } from "./error";
import type { ExtractedLayer, Pool } from "./run-identity";

/** Level of an encoder: the stream after a block, or before the first one. */
export type FeatureLevel = number | "stem";

/** Number under which the stream before the first block is stored, as encoders give it. */
export const STEM = -1;

/** Returns the number under which a level is stored. */
export const storedLayer = (level: FeatureLevel): number => (level === "stem" ? STEM : level);

/**
 * Returns the numbers under which `indices` are stored. A negative number is none: it would count from the end of an encoder
 * elsewhere, and a folder does not know where that is.
 */
export const storedLayers = (indices: readonly FeatureLevel[]): number[] =>
  indices.map((level) => (level !== "stem" && level < 0 ? NaN : storedLayer(level)));

/** Returns the name of a stored layer. */
export const levelName = (layer: number): string => (layer === STEM ? "stem" : String(layer));

/** Options of the encoder, with the layers to store, the stem among them. */
export interface ExtractionOptions extends CheckedOptions {
  stored: readonly number[];
}

/** Options of an extraction that concern its levels. */
interface LevelOptions extends Pick<ForwardOptions, "norm" | "facet" | "batchSize" | "signal"> {
  indices: ForwardOptions["indices"] | readonly FeatureLevel[];
}

/** Checks an extraction's levels and their kind. The encoder is asked for a block even where the stem alone is stored. */
export function checkLevels(fn: string, encoder: Encoder, options: LevelOptions): ExtractionOptions {
  const { norm, facet, batchSize, signal } = options;
  const { stem, blocks } = splitLevels(options.indices);
  const isAlone = stem && Array.isArray(blocks) && !blocks.length;
  const indices = isAlone ? [0] : blocks;
  const checked = checkOptions(fn, { indices, norm, facet, batchSize, signal }, encoder.info.depth);
  if (stem && checked.norm) throw new FeatureError(fn, "norm applies to blocks, not to the stem", true);
  if (stem && checked.facet !== "token") throw new FeatureError(fn, "the stem has no facet but token", checked.facet);
  const stored = [...(stem ? [STEM] : []), ...(isAlone ? [] : checked.layers)];
  return { ...checked, returnEmbeddings: stem, stored };
}

/** Splits the stem off a list of levels. */
function splitLevels(indices: LevelOptions["indices"]): { stem: boolean; blocks: ForwardOptions["indices"] } {
  if (!Array.isArray(indices)) return { stem: false, blocks: indices as ForwardOptions["indices"] };
  const levels = indices as readonly FeatureLevel[];
  const blocks = levels.filter((level): level is number => level !== "stem");
  return { stem: levels.includes("stem"), blocks };
}

/** Describes the layers to store. */
export function layersOf(encoder: Encoder, layers: readonly number[], pool: Pool): ExtractedLayer[] {
  return layers.map((layer) => {
    // The input of the first block lies on the grid of its output.
    const { channels, reduction } = encoder.featureInfo[Math.max(0, layer)];
    const [rows, columns] = encoder.gridOf(Math.max(0, layer));
    if (typeof pool === "number")
      return { layer, channels, grid: [rows / pool, columns / pool], stride: reduction * pool };
    return { layer, channels, grid: [1, 1], stride: reduction * Math.max(rows, columns) };
  });
}
