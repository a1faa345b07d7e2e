import { patchCenter, type CorrespondencePayload, type Point } from "fovea/protocol";
import { call, Raw } from "../export";
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
    ...{
      encoder: payload.encoder,
      images: payload.images.map(({ label, width, height }) => ({ label, width, height })),
    },
    ...{ layer: layer.layer, similarity: state.similarity, approximate, pins: found },
  };
}

/** `view.correspondence(…)` with the choices on screen, by the names that images and encoder have in the view. */
export function exportCode(payload: CorrespondencePayload, state: ViewState): string {
  const [first, second] = payload.images.map(({ label }) => label);
  const encoder = new Raw(`await encoders.load(${JSON.stringify(payload.encoder)})`);
  const pins = state.pins.filter(({ side }) => side === 0).map(({ point }) => tenth(point));
  const back = state.pins.length - pins.length;
  const note = back ? `// ${back} pins on the second image are left out: a call can pin the first one only.\n` : "";
  const truth = payload.groundTruth;
  return `${note}await ${call("view.correspondence", [first, second, encoder], {
    title: payload.title || undefined,
    layers: payload.layers.map(({ layer }) => layer),
    layer: payload.layers[state.layer].layer,
    ...(truth && { keypoints: new Raw("pair"), alpha: truth.alpha }),
    pins: pins.length ? pins : undefined,
    similarity: state.similarity,
    temperature: state.similarity === "softmax" ? state.temperature : undefined,
    ...{ scale: state.scale, colormap: state.colormap, opacity: state.opacity },
  })}`;
}
