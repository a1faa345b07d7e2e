import {
  encoderOf,
  patchCenter,
  type CorrespondencePayload,
  type Facet,
  type GroundTruth,
  type ImageIndex,
  type Point,
  type SavedEncoder,
  type SavedImage,
  type SavedLayer,
} from "fovea/protocol";
import { call, cell, comment, declareEncoder, declareImage, Raw } from "../export";
import type { DropAnswer, DroppedFile } from "../frame/viewer";
import { plural } from "../parts/translate";
import type { Answer } from "./query";
import type { ViewState } from "./state";

/** A point in image pixels, to a tenth. */
const tenth = (point: Point): number[] => point.map((value) => Math.round(10 * value) / 10);

/** The pins with their matches, in pixels of the original images. */
export function exportData(
  payload: CorrespondencePayload,
  state: ViewState,
  pins: readonly (readonly Answer[])[],
  approximate: boolean,
): object {
  const layer = payload.layers[state.layer];
  const found = state.pins.map(({ side, point }, i) => {
    const answers = pins[i] ?? [];
    const main = answers.find(({ other }) => other === state.target) ?? answers[0];
    const more = payload.images.length > 2 && { matches: answers.map((answer) => matchData(layer, answer)) };
    return { image: side, point: tenth(point), match: null, ...(main && matchData(layer, main)), ...more };
  });
  return {
    encoder: encoderOf(payload, layer).name,
    images: payload.images.map(({ label, width, height }) => ({ label, width, height })),
    layer: layer.layer,
    ...(layer.facet && { facet: layer.facet }),
    similarity: state.similarity,
    approximate,
    pins: found,
  };
}

function matchData({ placements }: SavedLayer, { other, best, score, mutual, cycle, truth }: Answer): object {
  const match = tenth(patchCenter(placements[other], best));
  const place = placements.length > 2 && { target: other };
  const known = truth && { truth: tenth(truth.point), error: truth.error, correct: truth.correct };
  return { ...place, match, similarity: score, mutual, cycle, ...known };
}

/** A cell that makes the view again, with the choices on screen. */
export function exportCode(payload: CorrespondencePayload, state: ViewState): string {
  const pins = state.pins.filter(({ side }) => side === 0).map(({ point }) => tenth(point));
  const { groundTruth } = payload;
  const options = {
    title: payload.title || undefined,
    labels: hasOwnLabels(payload) ? payload.images.map(({ label }) => label) : undefined,
    ...layersOf(payload),
    layer: shownLayer(payload, state),
    keypoints: groundTruth && keypoints(payload, groundTruth),
    alpha: groundTruth?.alpha,
    pins: pins.length ? pins : undefined,
    similarity: state.similarity,
    temperature: state.similarity === "softmax" ? state.temperature : undefined,
    scale: state.scale,
    colormap: state.colormap,
    opacity: state.opacity,
  };
  return viewCell(payload.images, encodersOf(payload), options, leftOut(state.pins.length - pins.length));
}

/** A cell that makes the view with a file of the reader: a picture in place of one of the images, or another encoder. */
export function dropAnswer(
  payload: CorrespondencePayload,
  state: ViewState,
  { kind, path }: DroppedFile,
  side: ImageIndex,
): DropAnswer {
  const images = payload.images.map((image, own) => (kind === "picture" && own === side ? { ...image, path } : image));
  const load = { model: path, options: "{}" };
  const encoders = kind === "model" ? [{ name: path, device: "", load }] : encodersOf(payload);
  const options = {
    // Layers are those of the encoder: another one has its own.
    ...(kind === "picture" && layersOf(payload)),
    similarity: state.similarity,
    scale: state.scale,
    colormap: state.colormap,
  };
  return {
    code: viewCell(images, encoders, options),
    isComplete: images.every((image) => image.path !== undefined) && encoders.every((one) => one.load !== undefined),
  };
}

/** The call with its images and encoders; several of them are numbered and stand in a list. */
function viewCell(
  images: readonly SavedImage[],
  encoders: readonly SavedEncoder[],
  options: Readonly<Record<string, unknown>>,
  note?: string,
): string {
  const [source, ...targets] = images;
  const targetNames = numbered("target", targets.length);
  const encoderNames = numbered("encoder", encoders.length);
  const shown = call("view.correspondence", [new Raw("source"), listed(targetNames), listed(encoderNames)], options);
  const statements = [
    declareImage("source", source),
    ...targets.map((image, i) => declareImage(targetNames[i], image)),
    ...encoders.map(({ name, load }, i) => declareEncoder(name, load, encoderNames[i])),
    note,
    `await ${shown}`,
  ];
  return cell(["encoders", "view"], statements);
}

const numbered = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => (count === 1 ? name : `${name}${i + 1}`));

const listed = (names: readonly string[]): unknown =>
  names.length === 1 ? new Raw(names[0]) : names.map((name) => new Raw(name));

function encodersOf({ encoder: name, device, load, others = [] }: CorrespondencePayload): SavedEncoder[] {
  return [{ name, device, ...(load && { load }) }, ...others];
}

/** The layers and facets of the first encoder, as options. Several encoders were asked for the same. */
function layersOf({ layers, others }: CorrespondencePayload): { indices?: number[]; facets?: Facet[] } {
  const own = layers.filter(({ encoder = 0 }) => encoder === 0);
  const facets = [...new Set(own.map(({ facet = "token" }) => facet))];
  const indices = [...new Set(own.map(({ layer }) => layer))];
  return {
    // Encoders of other depths give other layers where none are named.
    indices: others ? undefined : indices,
    facets: facets.length === 1 && facets[0] === "token" ? undefined : facets,
  };
}

/** The layer on screen where a call can show it first: one of the first encoder, at its first facet. */
function shownLayer({ layers }: CorrespondencePayload, { layer }: ViewState): number | undefined {
  const { encoder = 0, facet, layer: index } = layers[layer];
  return encoder === 0 && facet === layers[0].facet ? index : undefined;
}

function leftOut(pins: number): string | undefined {
  if (pins === 0) return undefined;
  const left = plural(pins, "One pin on the second image is", `${pins} pins on the second image are`);
  return comment(`${left} left out: a call can pin the first one only.`);
}

/** Returns whether there are names under the images that do not follow from their files. */
function hasOwnLabels({ images }: CorrespondencePayload): boolean {
  return images.some(({ label, path }) => label !== path?.split(/[\\/]/).pop());
}

/** The points with boxes whose longer sides give the thresholds of the view. */
function keypoints({ images }: CorrespondencePayload, truth: GroundTruth): object {
  const box = (side: 0 | 1): number[] | undefined => {
    const longer = Number((truth.thresholds[side] / truth.alpha).toPrecision(12));
    return longer === Math.max(images[side].width, images[side].height) ? undefined : [0, 0, longer, longer];
  };
  return { source: truth.source, target: truth.target, names: truth.names, box: box(1), sourceBox: box(0) };
}
