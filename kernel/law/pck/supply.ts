import { LawError } from "../error";
import {
  extract,
  prepareTokens,
  type ExtractionOptions,
  type ExtractionPlan,
  type ImageFeatures,
  type LayerExtractor,
} from "./extraction";
import type { GridFeatures } from "../../contracts/features";

/** Function from an image's path to its features, wherever they are stored. */
export type FeatureSource = (path: string) => GridFeatures | Promise<GridFeatures>;

/** Function that returns features of images in the order of the uses it was made for. */
export type FeatureSupply = (path: string) => Promise<ImageFeatures>;

/**
 * Supplies features from an encoder. Every image goes through it once, on first need, and is released after its last
 * use.
 *
 * @param uses one path per use, in order
 */
export function supplyFromEncoder(
  encoder: LayerExtractor,
  uses: readonly string[],
  plan: ExtractionPlan,
): FeatureSupply {
  const left = new Map<string, number>();
  for (const path of uses) left.set(path, (left.get(path) ?? 0) + 1);
  const held = new Map<string, ImageFeatures>();
  const batches = extract(encoder, [...left.keys()], plan);
  return async (path) => {
    while (!held.has(path)) {
      const { value } = await batches.next();
      for (const [one, features] of (value ?? []) as [string, ImageFeatures][]) held.set(one, features);
    }
    const found = held.get(path) as ImageFeatures;
    const more = (left.get(path) as number) - 1;
    left.set(path, more);
    if (more === 0) held.delete(path);
    return found;
  };
}

/** Supplies features from a function, called at every use. */
export function supplyFromSource(source: FeatureSource, options: ExtractionOptions): FeatureSupply {
  return async (path) => {
    const { tokens, grid, channels } = await source(path);
    if (tokens.length !== grid[0] * grid[1] * channels) {
      const rule = `features of ${path} must be ${grid.join(" x ")} tokens of ${channels} channels`;
      throw new LawError("law.cScore", rule, tokens.length);
    }
    const features = [{ tokens: prepareTokens(tokens, channels, options), grid, channels }];
    return { layers: [0], features, geometry: null };
  };
}
