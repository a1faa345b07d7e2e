import type { RawImage } from "../../data/image";
import type { ColorMapName } from "../../protocol/core/color";
import { type GridPlacement, patchAt, patchCenter, type Point } from "../../protocol/core/geometry";
import type { FeatureSet } from "../../protocol/core/quantize";
import type { SavedLoad, ScaleMode } from "../../protocol/core/saved";
import type { Similarity } from "../../protocol/core/scale";
import type { Facet, GroundTruth, Pin } from "../../protocol/correspondence/payload";

/** All that is known about a view before it is written down. */
export interface ViewModel {
  id: string;
  /** The source, then its targets. */
  images: RawImage[];
  labels: string[];
  /** The images' files, where they were given as such. */
  paths: (string | undefined)[];
  layers: LayerModel[];
  current: number;
  truth?: GroundTruth;
  pins: Pin[];
  encoders: ShownEncoder[];
  title: string;
  similarity: Similarity;
  temperature: number;
  scale: ScaleMode;
  colormap: ColorMapName;
  opacity: number;
}

/** An encoder of a view. */
export interface ShownEncoder {
  name: string;
  device: string;
  load: SavedLoad | undefined;
}

export interface LayerModel {
  layer: number;
  facet: Facet;
  /** Position of its encoder. */
  encoder: number;
  set: FeatureSet;
  placements: GridPlacement[];
}

/** The layers of one encoder at the first facet asked for. */
export function mainLayers(layers: readonly LayerModel[], encoder = 0): LayerModel[] {
  return layers.filter((one) => one.encoder === encoder && one.facet === layers[0].facet);
}

/** A query of the source, as a patch and as a point. */
export interface Query {
  patch: number;
  drawn: { from: Point };
  truth?: Point;
}

/** Queries of the still picture and of the words, on a grid of the source. Default: that of the layer shown first. */
export function fallbackQueries(
  { layers, current, truth, pins }: ViewModel,
  placement: GridPlacement = layers[current].placements[0],
): Query[] {
  const shown = layers[current].placements[0];
  const inside = (point: Point, to?: Point): Query[] => {
    const patch = patchAt(placement, point);
    return patch === undefined ? [] : [{ patch, drawn: { from: point }, truth: to }];
  };
  const known = truth?.source.flatMap((point, i) => inside(point, truth.target[i])) ?? [];
  if (known.length) return known;
  const pinned = pins.filter((pin) => pin.side === 0).flatMap((pin) => inside(patchCenter(shown, pin.patch)));
  const middle = Math.floor(placement.grid[0] / 2) * placement.grid[1] + Math.floor(placement.grid[1] / 2);
  return pinned.length ? pinned : inside(patchCenter(placement, middle));
}
