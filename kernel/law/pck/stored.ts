import { LawError } from "../error";
import { type LayerFeatures, tokensOf } from "../../contracts/features";
import type { LayerExtractor } from "./extraction";

/** Features on disk, such as those of `features.open`. */
export interface StoredFeatures {
  readonly run: {
    readonly encoder: { readonly name: string };
    readonly layers: readonly { readonly layer: number }[];
  };
  /** Stored images by path as written. */
  readonly images: ReadonlyMap<string, unknown>;
  features(path: string, layer: number): Promise<LayerFeatures>;
}

/** Presents stored features as the encoder that made them, with the stored layers by their numbers. */
export function storedExtractor(store: StoredFeatures, where: string): LayerExtractor {
  const stored = store.run.layers.map(({ layer }) => layer);
  return {
    name: store.run.encoder.name,
    async forwardIntermediates(paths, { indices }) {
      const layers = indices ?? stored;
      const unknown = layers.find((layer) => !stored.includes(layer));
      if (unknown !== undefined) {
        throw new LawError(where, `layers must be stored ones, which are ${stored.join(", ")}`, unknown);
      }
      const names = paths.map((path) => storedName(store, path, where));
      return { intermediates: await Promise.all(layers.map((layer) => readLayer(store, names, layer))) };
    },
  };
}

/** Reads the features of all images at one layer as one batch. */
async function readLayer(store: StoredFeatures, names: readonly string[], layer: number): Promise<LayerFeatures> {
  const maps = await Promise.all(names.map((name) => store.features(name, layer)));
  const { grid, channels } = maps[0];
  const geometry = maps.flatMap((map) => map.geometry ?? []);
  return {
    layer,
    grid,
    channels,
    ...(geometry.length === maps.length && { geometry }),
    tokens: (image) => tokensOf(maps[image], 0),
  };
}

/**
 * Finds an image by path. A folder of images is stored by paths inside that folder, so the longest stored suffix of
 * `path` wins.
 */
function storedName({ images }: StoredFeatures, path: string, where: string): string {
  const parts = path.replaceAll("\\", "/").split("/");
  for (let from = 0; from < parts.length; from++) {
    const end = parts.slice(from).join("/");
    if (images.has(end)) return end;
  }
  throw new LawError(where, "features must hold every image of the pairs", path);
}
