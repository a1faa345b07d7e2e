import {
  ProtocolError,
  count,
  index,
  list,
  number,
  object,
  oneOf,
  optional,
  pair,
  text,
  type Reader,
} from "../core/check";
import { COLOR_MAPS, type ColorMapName } from "../core/color";
import type { GridPlacement, Point } from "../core/geometry";
import type { Int8Matrix } from "../core/quantize";
import {
  PROTOCOL_VERSION,
  gridPlacement,
  int8Matrix,
  savedImage,
  savedLoad,
  type SavedImage,
  type SavedLoad,
  type ScaleMode,
} from "../core/saved";
import { SIMILARITIES, type Similarity } from "../core/scale";

/** Mime type of the payload that a correspondence view stores in the notebook. Version 1. */
export const CORRESPONDENCE_MIME = "application/vnd.fovea.correspondence.v1+json";
/** 0: the first (source) image; 1: the second (target) image. */
export type Side = 0 | 1;

export interface SavedLayer {
  /** Index in the encoder, as in `forwardIntermediates`. */
  layer: number;
  label: string;
  /** Channels of the full features, which the kernel holds. */
  channels: number;
  placements: [GridPlacement, GridPlacement];
  /** Reduced features for hovering without a kernel; missing where the budget ended. */
  reduced?: [Int8Matrix, Int8Matrix];
}

/** Corresponding keypoints: `source[i]` on image 0 is `target[i]` on image 1. */
export interface GroundTruth {
  source: Point[];
  target: Point[];
  names?: string[];
  alpha: number;
  /** `alpha` times the longer side of the object's box, in pixels, on each image. */
  thresholds: [source: number, target: number];
}

export interface Pin {
  side: Side;
  patch: number;
}

export interface CorrespondencePayload {
  version: 1;
  /** Names the live view in the kernel that made it. */
  view: string;
  title: string;
  encoder: string;
  /** Missing where the encoder does not tell. */
  load?: SavedLoad;
  device: string;
  images: [SavedImage, SavedImage];
  layers: SavedLayer[];
  /** Position in `layers` of the layer shown first. */
  current: number;
  groundTruth?: GroundTruth;
  pins: Pin[];
  similarity: Similarity;
  temperature: number;
  scale: ScaleMode;
  colormap: ColorMapName;
  opacity: number;
}

const coordinate = number({ min: -1e6, max: 1e6 });
const point = pair(coordinate) as Reader<Point>;
const side = oneOf<Side>([0, 1]);
const positive = number({ min: 1e-6, max: 1e6 });

const savedLayer = object<SavedLayer>({
  layer: index,
  label: text(100),
  channels: count,
  placements: pair(gridPlacement),
  reduced: optional(pair(int8Matrix)),
});

const groundTruth = object<GroundTruth>({
  source: list(point, 1, 1000),
  target: list(point, 1, 1000),
  names: optional(list(text(200), 0, 1000)),
  alpha: number({ min: 1e-6, max: 1 }),
  thresholds: pair(positive),
});

const payload = object<CorrespondencePayload>({
  version: oneOf<1>([PROTOCOL_VERSION]),
  view: text(100),
  title: text(300),
  encoder: text(200),
  load: optional(savedLoad),
  device: text(100),
  images: pair(savedImage),
  layers: list(savedLayer, 1, 200),
  current: index,
  groundTruth: optional(groundTruth),
  pins: list(object<Pin>({ side, patch: index }), 0, 100),
  similarity: oneOf(SIMILARITIES),
  temperature: number({ min: 1e-4, max: 100 }),
  scale: oneOf<ScaleMode>(["absolute", "view"]),
  colormap: oneOf(COLOR_MAPS),
  opacity: number({ min: 0, max: 1 }),
});

/** @throws ProtocolError naming the first path that breaks the format. */
export function readCorrespondence(value: unknown, where = "correspondence view"): CorrespondencePayload {
  const read = payload(value, "", where);
  if (read.current >= read.layers.length)
    throw new ProtocolError(where, "current", `a position in ${read.layers.length} layers`, read.current);
  read.layers.forEach((layer, i) => checkReduced(layer, `layers[${i}].reduced`, where));
  read.pins.forEach((pin, i) => checkPin(read, pin, `pins[${i}].patch`, where));
  checkPairs(read.groundTruth, where);
  return read;
}

function checkReduced(layer: SavedLayer, path: string, where: string): void {
  const dims = layer.reduced?.[0].dims;
  layer.reduced?.forEach((features, i) => {
    const [rows, columns] = layer.placements[i].grid;
    const bytes = rows * columns * features.dims;
    const padding = features.data.endsWith("==") ? 2 : features.data.endsWith("=") ? 1 : 0;
    if ((features.data.length / 4) * 3 - padding !== bytes)
      throw new ProtocolError(where, `${path}[${i}].data`, `base64 of ${bytes} bytes`, features.data);
    if (features.dims !== dims || features.scale.length !== dims)
      throw new ProtocolError(where, `${path}[${i}].scale`, `${dims} numbers`, features.scale);
  });
}

function checkPin(read: CorrespondencePayload, pin: Pin, path: string, where: string): void {
  const [rows, columns] = read.layers[read.current].placements[pin.side].grid;
  if (pin.patch >= rows * columns)
    throw new ProtocolError(where, path, `a patch of the ${rows}x${columns} grid`, pin.patch);
}

function checkPairs(truth: GroundTruth | undefined, where: string): void {
  if (truth && truth.source.length !== truth.target.length)
    throw new ProtocolError(where, "groundTruth.target", `${truth.source.length} points`, truth.target);
}
