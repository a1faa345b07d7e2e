import { counted } from "../../protocol/core/words";
import { base64Encode } from "../../protocol/core/base64";
import { type GridPlacement, patchAt, patchCenter, type Point } from "../../protocol/core/geometry";
import type { JSONValue, MimeBundle } from "../../display/host";
import { argmax, distance, softmax } from "../../numeric";
import { matchPatch, type MatchResult, similaritySpace } from "../../protocol/correspondence/match";
import { drawMatches, type DrawnMatch, type MatchPicture } from "../draw/match-picture";
import {
  CORRESPONDENCE_MIME,
  type CorrespondencePayload,
  type GroundTruth,
  type Pin,
  type SavedLayer,
} from "../../protocol/correspondence/payload";
import {
  MAX_SAVED_BYTES,
  PROTOCOL_VERSION,
  type SavedImage,
  type SavedLoad,
  type ScaleMode,
} from "../../protocol/core/saved";
import { encodeJpeg, fittingStill } from "../draw/pictures";
import { allocateDims, reducePair } from "../reduce/pair";
import { heatColors, heatRange, type Similarity } from "../../protocol/core/scale";
import type { PairPCK } from "../../protocol/correspondence/truth";
import type { RawImage } from "../../data/image";
import type { ColorMapName } from "../../protocol/core/color";
import type { FeaturePair } from "../../protocol/core/quantize";

/** Longest side of the images in the viewer and in the PNG; halved until they leave room for the features. */
const DISPLAY_SIDES = [448, 384, 320, 256, 192, 128];
const PICTURE_SIDES = [320, 256, 192, 128];
/** Share of the 300 KB for the two JPEGs, and for the PNG; the rest is for features. */
const IMAGE_BYTES = 0.27 * MAX_SAVED_BYTES;
const PICTURE_BYTES = 0.33 * MAX_SAVED_BYTES;
/** JSON around the data: keys, numbers, names, keypoints. */
const OVERHEAD_BYTES = 16 * 1024;

/** Writes a view down: at most 300 KB for the notebook, all mime types together. */
export async function saveView(
  model: ViewModel,
  pck: ReadonlyMap<number, PairPCK>,
  savedDimensions?: number,
): Promise<MimeBundle> {
  const images = await saveImages(model);
  const still = await fittingStill(PICTURE_SIDES, PICTURE_BYTES, (side) => drawMatches(fallbackPicture(model, side)));
  const spent = images[0].data.length + images[1].data.length + JSON.stringify(still).length + OVERHEAD_BYTES;
  const payload = buildPayload(model, images, (MAX_SAVED_BYTES - spent) * 0.75, savedDimensions);
  return {
    [CORRESPONDENCE_MIME]: payload as unknown as JSONValue,
    ...still,
    "text/plain": describeView(model, pck),
  };
}

async function saveImages(model: ViewModel): Promise<[SavedImage, SavedImage]> {
  for (const side of DISPLAY_SIDES) {
    const files = await Promise.all(model.images.map((image) => encodeJpeg(image, side)));
    const bytes = (files[0].length + files[1].length) * (4 / 3);
    if (bytes <= IMAGE_BYTES || side === DISPLAY_SIDES.at(-1))
      return [savedImage(model, 0, files[0]), savedImage(model, 1, files[1])];
  }
  throw new Error("unreachable: the last size is always taken");
}

function savedImage(model: ViewModel, i: 0 | 1, file: Uint8Array): SavedImage {
  const { width, height } = model.images[i];
  const path = model.paths[i];
  const saved: SavedImage = { label: model.labels[i], width, height, mime: "image/jpeg", data: base64Encode(file) };
  return path === undefined ? saved : { ...saved, path };
}

function buildPayload(
  model: ViewModel,
  images: [SavedImage, SavedImage],
  bytes: number,
  most: number | undefined,
): CorrespondencePayload {
  const dims = allocateDims({
    tokens: model.layers.map(({ pair }) => (pair.features[0].length + pair.features[1].length) / pair.channels),
    channels: model.layers.map(({ pair }) => pair.channels),
    current: model.current,
    bytes,
    most,
  });
  const { id: view, title, encoder, device, current, pins, similarity, temperature, scale, colormap, opacity } = model;
  return {
    version: PROTOCOL_VERSION,
    view,
    title,
    encoder,
    device,
    images,
    current,
    pins,
    similarity,
    temperature,
    scale,
    colormap,
    opacity,
    layers: model.layers.map((layer, i) => saveLayer(layer, dims[i])),
    ...(model.load && { load: model.load }),
    ...(model.truth && { groundTruth: model.truth }),
  };
}

function saveLayer({ layer, pair, placements }: LayerModel, dims: number): SavedLayer {
  const reduced = dims > 0 ? { reduced: reducePair(pair, dims) } : {};
  return { layer, label: `Layer ${layer}`, channels: pair.channels, placements, ...reduced };
}

/** The matches that the still picture shows: keypoints if there are any, else pins, else the middle of the image. */
function fallbackPicture(model: ViewModel, side: number): MatchPicture {
  const { pair, placements } = model.layers[model.current];
  const space = similaritySpace(pair, model.similarity);
  const queries = fallbackQueries(model);
  const results = queries.map(({ patch }) => matchPatch(space, 0, patch));
  const matches = queries.map((query, i): DrawnMatch => ({ ...query.drawn, ...drawnMatch(model, query, results[i]) }));
  const values = model.similarity === "softmax" ? softmax(results[0].scores, model.temperature) : results[0].scores;
  const range = heatRange(model.similarity, model.scale, values);
  const colormap = heatColors(model.similarity, model.colormap);
  const title = model.similarity === "softmax" ? "softmax" : "cosine";
  const heat = { values, placement: placements[1], range, colormap, opacity: model.opacity, title };
  const text = matches.length > 1 ? "Numbers: queries and their best matches; colors: the first query." : "";
  return { images: model.images, captions: model.labels, matches, heat, side, words: [{ text: keyText(model, text) }] };
}

/** The key to the lines of the picture. */
function keyText({ truth }: ViewModel, text: string): string {
  return truth
    ? `${text} Dashed lines are wrong: the line goes on to the true place, its circle is the distance allowed.`.trim()
    : text;
}

interface Query {
  patch: number;
  drawn: { from: Point };
  truth?: Point;
}

function fallbackQueries({ layers, current, truth, pins }: ViewModel): Query[] {
  const placement = layers[current].placements[0];
  const inside = (point: Point, to?: Point): Query[] => {
    const patch = patchAt(placement, point);
    return patch === undefined ? [] : [{ patch, drawn: { from: point }, truth: to }];
  };
  const known = truth?.source.flatMap((point, i) => inside(point, truth.target[i])) ?? [];
  if (known.length) return known;
  const pinned = pins.filter((pin) => pin.side === 0).flatMap((pin) => inside(patchCenter(placement, pin.patch)));
  const middle = Math.floor(placement.grid[0] / 2) * placement.grid[1] + Math.floor(placement.grid[1] / 2);
  return pinned.length ? pinned : inside(patchCenter(placement, middle));
}

function drawnMatch(model: ViewModel, query: Query, result: MatchResult): Omit<DrawnMatch, "from"> {
  const to = patchCenter(model.layers[model.current].placements[1], result.best);
  if (!query.truth || !model.truth) return { to };
  const error = distance(to, query.truth);
  const allowed = model.truth.thresholds[1];
  return { to, truth: query.truth, allowed, correct: error <= allowed };
}

/** The picture in words, which a plain terminal shows too. */
function describeView(model: ViewModel, pck: ReadonlyMap<number, PairPCK>): string {
  const { layer, placements, pair } = model.layers[model.current];
  const names = model.labels.map((label, i) => `${label} (${model.images[i].width} x ${model.images[i].height})`);
  const lines = [
    `${model.title ? `${model.title}: ` : ""}correspondence of ${names.join(" and ")}`,
    `encoder ${model.encoder} on ${model.device}, layer ${layer} of [${model.layers.map((l) => l.layer).join(", ")}], ` +
      `${placements[0].grid.join(" x ")} patches, ${pair.channels} channels`,
    ...describeMatches(model, pck.get(layer)),
  ];
  return lines.join("\n");
}

function describeMatches(model: ViewModel, pck: PairPCK | undefined): string[] {
  if (pck && model.truth) {
    const share = ((100 * pck.correct) / pck.total).toFixed(1);
    return [
      `PCK@${model.truth.alpha.toFixed(2)} on ${counted(pck.total, "keypoint")} (${model.similarity}): ${pck.correct} correct, ${share} %`,
    ];
  }
  const { pair, placements } = model.layers[model.current];
  const space = similaritySpace(pair, model.similarity);
  return fallbackQueries(model).map(({ patch }) => {
    const { best, scores } = matchPatch(space, 0, patch);
    return `${cellName(patch, placements[0].grid[1])} matches ${cellName(best, placements[1].grid[1])}, similarity ${scores[argmax(scores)].toFixed(2)}`;
  });
}

function cellName(patch: number, columns: number): string {
  return `row ${Math.floor(patch / columns) + 1}, column ${(patch % columns) + 1}`;
}

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
