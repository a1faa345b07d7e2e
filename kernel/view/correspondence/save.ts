import { base64Encode } from "../../protocol/core/base64";
import { patchCenter } from "../../protocol/core/geometry";
import type { JSONValue, MimeBundle } from "../../display/host";
import { distance, softmax, sum } from "../../numeric";
import { matchIn, type MatchResult, similaritySpace } from "../../protocol/correspondence/match";
import { drawMatches, type DrawnMatch, type MatchPicture } from "../draw/match-picture";
import {
  CORRESPONDENCE_MIME,
  type CorrespondencePayload,
  type SavedEncoder,
  type SavedLayer,
} from "../../protocol/correspondence/payload";
import { MAX_SAVED_BYTES, PROTOCOL_VERSION, type SavedImage } from "../../protocol/core/saved";
import { encodeJpeg, fittingStill } from "../draw/pictures";
import { allocateDims, reduceSet } from "../reduce/set";
import { heatColors, heatRange } from "../../protocol/core/scale";
import type { PairPCK } from "../../protocol/correspondence/truth";
import { fallbackQueries, type LayerModel, type Query, type ShownEncoder, type ViewModel } from "./model";
import { describeView } from "./words";

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
  pck: readonly ReadonlyMap<number, PairPCK>[],
  savedDimensions?: number,
): Promise<MimeBundle> {
  const images = await saveImages(model);
  const still = await fittingStill(PICTURE_SIDES, PICTURE_BYTES, (side) => drawMatches(fallbackPicture(model, side)));
  const spent = sum(images.map(({ data }) => data.length)) + JSON.stringify(still).length + OVERHEAD_BYTES;
  const payload = buildPayload(model, images, (MAX_SAVED_BYTES - spent) * 0.75, savedDimensions);
  return {
    [CORRESPONDENCE_MIME]: payload as unknown as JSONValue,
    ...still,
    "text/plain": describeView(model, pck),
  };
}

async function saveImages(model: ViewModel): Promise<SavedImage[]> {
  for (const side of DISPLAY_SIDES) {
    const files = await Promise.all(model.images.map((image) => encodeJpeg(image, side)));
    const bytes = sum(files.map(({ length }) => length)) * (4 / 3);
    if (bytes <= IMAGE_BYTES || side === DISPLAY_SIDES.at(-1))
      return files.map((file, i) => savedImage(model, i, file));
  }
  throw new Error("unreachable: the last size is always taken");
}

function savedImage(model: ViewModel, i: number, file: Uint8Array): SavedImage {
  const { width, height } = model.images[i];
  const path = model.paths[i];
  const saved: SavedImage = { label: model.labels[i], width, height, mime: "image/jpeg", data: base64Encode(file) };
  return path === undefined ? saved : { ...saved, path };
}

function buildPayload(
  model: ViewModel,
  images: SavedImage[],
  bytes: number,
  most: number | undefined,
): CorrespondencePayload {
  const dims = allocateDims({
    tokens: model.layers.map(({ set }) => sum(set.features.map(({ length }) => length)) / set.channels),
    channels: model.layers.map(({ set }) => set.channels),
    current: model.current,
    bytes,
    most,
  });
  const { id: view, title, encoders, current, pins, similarity, temperature, scale, colormap, opacity } = model;
  const [{ name: encoder, device, load }, ...others] = encoders;
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
    ...(load && { load }),
    ...(others.length > 0 && { others: others.map(savedEncoder) }),
    ...(model.truth && { groundTruth: model.truth }),
  };
}

const savedEncoder = ({ name, device, load }: ShownEncoder): SavedEncoder => ({ name, device, ...(load && { load }) });

function saveLayer({ layer, facet, encoder, set, placements }: LayerModel, dims: number): SavedLayer {
  return {
    layer,
    label: `Layer ${layer}`,
    channels: set.channels,
    placements,
    ...(facet !== "token" && { facet }),
    ...(encoder > 0 && { encoder }),
    ...(set.prefix && { prefix: set.prefix }),
    ...(dims > 0 && { reduced: reduceSet(set, dims) }),
  };
}

/** The matches that the still picture shows: keypoints if there are any, else pins, else the middle of the image. */
function fallbackPicture(model: ViewModel, side: number): MatchPicture {
  const { set, placements } = model.layers[model.current];
  const space = similaritySpace(set, model.similarity);
  const queries = fallbackQueries(model);
  const results = queries.map(({ patch }) => matchIn(space, 0, 1, patch));
  const matches = queries.map((query, i): DrawnMatch => ({ ...query.drawn, ...drawnMatch(model, query, results[i]) }));
  const values = model.similarity === "softmax" ? softmax(results[0].scores, model.temperature) : results[0].scores;
  const range = heatRange(model.similarity, model.scale, values);
  const colormap = heatColors(model.similarity, model.colormap);
  const title = model.similarity === "softmax" ? "softmax" : "cosine";
  const heat = { values, placement: placements[1], range, colormap, opacity: model.opacity, title };
  const text = matches.length > 1 ? "Numbers: queries and their best matches; colors: the first query." : "";
  const words = [{ text: [keyText(model, text), moreTargets(model)].filter(Boolean).join(" ") }];
  const [source, target] = model.images;
  const captions: [string, string] = [model.labels[0], model.labels[1]];
  return { images: [source, target], captions, matches, heat, side, words };
}

/** The picture has room for one target. */
function moreTargets({ images }: ViewModel): string {
  return images.length > 2 ? `The first of ${images.length - 1} targets.` : "";
}

/** The key to the lines of the picture. */
function keyText({ truth }: ViewModel, text: string): string {
  return truth
    ? `${text} Dashed lines are wrong: the line goes on to the true place, its circle is the distance allowed.`.trim()
    : text;
}

function drawnMatch(model: ViewModel, query: Query, result: MatchResult): Omit<DrawnMatch, "from"> {
  const to = patchCenter(model.layers[model.current].placements[1], result.best);
  if (!query.truth || !model.truth) return { to };
  const error = distance(to, query.truth);
  const allowed = model.truth.thresholds[1];
  return { to, truth: query.truth, allowed, correct: error <= allowed };
}
