import type { RawImage } from "../../data/image";
import type { ColorMapName } from "../../protocol/core/color";
import type { GridPlacement } from "../../protocol/core/geometry";
import type { FeaturePair } from "../../protocol/core/rows";
import type { Similarity } from "../../protocol/core/scale";
import type { GroundTruth, Pin } from "../../protocol/correspondence/payload";
import type { SavedLoad, ScaleMode } from "../../protocol/core/saved";

/** All that is known about a view before it is written down. */
export interface ViewModel {
  id: string;
  images: [RawImage, RawImage];
  labels: [string, string];
  /** The images' files, where they were given as such. */
  paths: [string | undefined, string | undefined];
  layers: LayerModel[];
  current: number;
  truth?: GroundTruth;
  pins: Pin[];
  encoder: string;
  load?: SavedLoad;
  device: string;
  title: string;
  similarity: Similarity;
  temperature: number;
  scale: ScaleMode;
  colormap: ColorMapName;
  opacity: number;
}

export interface LayerModel {
  layer: number;
  pair: FeaturePair;
  placements: [GridPlacement, GridPlacement];
}
