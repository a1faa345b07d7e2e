import { patchCenter, type CorrespondencePayload, type GroundTruth, type Point, type Side } from "fovea/protocol";
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
  pins: readonly (Answer | undefined)[],
  approximate: boolean,
): object {
  const layer = payload.layers[state.layer];
  const found = state.pins.map(({ side, point }, i) => {
    const answer = pins[i];
    const match = answer && patchCenter(layer.placements[answer.other], answer.best);
    return {
      image: side,
      point: tenth(point),
      match: match ? tenth(match) : null,
      ...(answer && { similarity: answer.score, mutual: answer.mutual, cycle: answer.cycle }),
      ...(answer?.truth && {
        truth: tenth(answer.truth.point),
        error: answer.truth.error,
        correct: answer.truth.correct,
      }),
    };
  });
  return {
    encoder: payload.encoder,
    images: payload.images.map(({ label, width, height }) => ({ label, width, height })),
    layer: layer.layer,
    similarity: state.similarity,
    approximate,
    pins: found,
  };
}

/** A cell that makes the view again, with the choices on screen. */
export function exportCode(payload: CorrespondencePayload, state: ViewState): string {
  const [first, second] = payload.images;
  const pins = state.pins.filter(({ side }) => side === 0).map(({ point }) => tenth(point));
  const shown = call("view.correspondence", [new Raw("source"), new Raw("target"), new Raw("encoder")], {
    title: payload.title || undefined,
    labels: hasOwnLabels(payload) ? [first.label, second.label] : undefined,
    indices: payload.layers.map(({ layer }) => layer),
    layer: payload.layers[state.layer].layer,
    keypoints: payload.groundTruth && keypoints(payload, payload.groundTruth),
    alpha: payload.groundTruth?.alpha,
    pins: pins.length ? pins : undefined,
    similarity: state.similarity,
    temperature: state.similarity === "softmax" ? state.temperature : undefined,
    scale: state.scale,
    colormap: state.colormap,
    opacity: state.opacity,
  });
  return cell(
    ["encoders", "view"],
    [
      declareImage("source", first),
      declareImage("target", second),
      declareEncoder(payload.encoder, payload.load),
      leftOut(state.pins.length - pins.length),
      `await ${shown}`,
    ],
  );
}

/** A cell that makes the view with a file of the reader: a picture in place of one of the two, or another encoder. */
export function dropAnswer(
  payload: CorrespondencePayload,
  state: ViewState,
  { kind, path }: DroppedFile,
  side: Side,
): DropAnswer {
  const replaced = (own: Side): string | undefined =>
    kind === "picture" && own === side ? path : payload.images[own].path;
  const paths = [replaced(0), replaced(1)];
  const [source, target] = payload.images.map((image, i) => ({ ...image, path: paths[i] }));
  const load = kind === "model" ? { model: path, options: "{}" } : payload.load;
  const shown = call("view.correspondence", [new Raw("source"), new Raw("target"), new Raw("encoder")], {
    // Layers are those of the encoder: another one has its own.
    indices: kind === "model" ? undefined : payload.layers.map(({ layer }) => layer),
    similarity: state.similarity,
    scale: state.scale,
    colormap: state.colormap,
  });
  const statements = [
    declareImage("source", source),
    declareImage("target", target),
    declareEncoder(payload.encoder, load),
    `await ${shown}`,
  ];
  return {
    code: cell(["encoders", "view"], statements),
    isComplete: paths.every((one) => one !== undefined) && load !== undefined,
  };
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
  const box = (side: Side): number[] | undefined => {
    const longer = Number((truth.thresholds[side] / truth.alpha).toPrecision(12));
    return longer === Math.max(images[side].width, images[side].height) ? undefined : [0, 0, longer, longer];
  };
  return { source: truth.source, target: truth.target, names: truth.names, box: box(1), sourceBox: box(0) };
}
