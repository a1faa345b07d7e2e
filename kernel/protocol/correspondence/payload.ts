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
/** Position of an image in the payload. 0: the source; others: its targets. */
export type ImageIndex = number;

/** Targets of a view, and encoders that look at them: more have no room on a screen. */
export const MOST_TARGETS = 8;
export const MOST_ENCODERS = 8;

/** Part of a block that a layer shows, as `forwardIntermediates` names it. */
export const FACETS = ["token", "query", "key", "value"] as const;
export type Facet = (typeof FACETS)[number];

export interface SavedLayer {
  /** Index in the encoder, as in `forwardIntermediates`. */
  layer: number;
  label: string;
  /** Default: `token`. */
  facet?: Facet;
  /** 0: the encoder of the payload; n: the n-th of `others`. Default 0. */
  encoder?: number;
  /** Class and register tokens of each image, whose rows stand behind those of the patches. Default 0. */
  prefix?: number;
  /** Channels of the full features, which the kernel holds. */
  channels: number;
  /** One an image. */
  placements: GridPlacement[];
  /** Reduced features of each image for hovering without a kernel; missing where the budget ended. */
  reduced?: Int8Matrix[];
}

/** A further encoder. */
export interface SavedEncoder {
  name: string;
  device: string;
  load?: SavedLoad;
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
  side: ImageIndex;
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
  /** Encoders beside the first. */
  others?: SavedEncoder[];
  /** The source, then its targets. */
  images: SavedImage[];
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
/** Reader of the position of an image. */
export const imageIndex: Reader<ImageIndex> = number({ min: 0, max: MOST_TARGETS, integer: true });
const positive = number({ min: 1e-6, max: 1e6 });

const savedLayer = object<SavedLayer>({
  layer: index,
  label: text(100),
  facet: optional(oneOf<Facet>(FACETS)),
  encoder: optional(number({ min: 0, max: MOST_ENCODERS - 1, integer: true })),
  prefix: optional(number({ min: 0, max: 64, integer: true })),
  channels: count,
  placements: list(gridPlacement, 2, 1 + MOST_TARGETS),
  reduced: optional(list(int8Matrix, 2, 1 + MOST_TARGETS)),
});

const savedEncoder = object<SavedEncoder>({ name: text(200), device: text(100), load: optional(savedLoad) });

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
  others: optional(list(savedEncoder, 0, MOST_ENCODERS - 1)),
  images: list(savedImage, 2, 1 + MOST_TARGETS),
  layers: list(savedLayer, 1, 200),
  current: index,
  groundTruth: optional(groundTruth),
  pins: list(object<Pin>({ side: imageIndex, patch: index }), 0, 100),
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
  read.layers.forEach((layer, i) => checkLayer(read, layer, `layers[${i}]`, where));
  read.pins.forEach((pin, i) => checkPin(read, pin, `pins[${i}].patch`, where));
  checkPairs(read.groundTruth, where);
  return read;
}

function checkLayer(read: CorrespondencePayload, layer: SavedLayer, path: string, where: string): void {
  const images = read.images.length;
  const encoders = 1 + (read.others?.length ?? 0);
  for (const name of ["placements", "reduced"] as const)
    if (layer[name] && layer[name].length !== images)
      throw new ProtocolError(where, `${path}.${name}`, `${images} items, one an image`, layer[name].length);
  if ((layer.encoder ?? 0) >= encoders)
    throw new ProtocolError(where, `${path}.encoder`, `a position in ${encoders} encoders`, layer.encoder);
  checkReduced(layer, `${path}.reduced`, where);
}

function checkReduced(layer: SavedLayer, path: string, where: string): void {
  const dims = layer.reduced?.[0].dims;
  layer.reduced?.forEach((features, i) => {
    const [rows, columns] = layer.placements[i].grid;
    const bytes = (rows * columns + (layer.prefix ?? 0)) * features.dims;
    const padding = features.data.endsWith("==") ? 2 : features.data.endsWith("=") ? 1 : 0;
    if ((features.data.length / 4) * 3 - padding !== bytes)
      throw new ProtocolError(where, `${path}[${i}].data`, `base64 of ${bytes} bytes`, features.data);
    if (features.dims !== dims || features.scale.length !== dims)
      throw new ProtocolError(where, `${path}[${i}].scale`, `${dims} numbers`, features.scale);
  });
}

function checkPin(read: CorrespondencePayload, pin: Pin, path: string, where: string): void {
  if (pin.side >= read.images.length)
    throw new ProtocolError(where, path, `on one of ${read.images.length} images`, pin.side);
  const [rows, columns] = read.layers[read.current].placements[pin.side].grid;
  if (pin.patch >= rows * columns)
    throw new ProtocolError(where, path, `a patch of the ${rows}x${columns} grid`, pin.patch);
}

function checkPairs(truth: GroundTruth | undefined, where: string): void {
  if (truth && truth.source.length !== truth.target.length)
    throw new ProtocolError(where, "groundTruth.target", `${truth.source.length} points`, truth.target);
}

/** Returns the encoder of a layer. */
export function encoderOf(payload: CorrespondencePayload, { encoder = 0 }: SavedLayer): SavedEncoder {
  const { encoder: name, device, load, others = [] } = payload;
  return encoder === 0 ? { name, device, ...(load && { load }) } : others[encoder - 1];
}
