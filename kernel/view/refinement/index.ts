import { View } from "../../display/display";
import type { JSONValue, MimeBundle } from "../../display/host";
import { argmax, encodeFloat16, joinFloats, row } from "../../numeric";
import { distances } from "../../numeric/transport";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { base64Encode } from "../../protocol/core/base64";
import { ViewError } from "../../protocol/core/error";
import { MAX_SAVED_BYTES, type SavedImage } from "../../protocol/core/saved";
import {
  MOST_SHOWN,
  REFINEMENT_MIME,
  type RefinementPayload,
  type SavedGapMeasure,
  type SavedLayerValues,
} from "../../protocol/refinement/payload";
import { encodeJpeg, stillBundle } from "../draw/pictures";
import { principalComponents, project } from "../../numeric/components";
import { checkRefinement, type RefinementSnapshotLike, type RefinementSourceLike } from "./input";
import { drawRefinement } from "./picture";
import { describeRefinement } from "./text";

export type { RefinementSnapshotLike, RefinementSourceLike } from "./input";

/** Options of `view.refinement`. */
export interface RefinementOptions {
  /** Title. Default: none. */
  title?: string;
  /** Name of the stage shown first. Default: the last. */
  stage?: string;
}

const NAMES: OptionNames<RefinementOptions> = { title: true, stage: true };

const WHERE = "view.refinement";
/** Most tokens of all stages together, and the side and quality of a saved picture, so that a notebook stays small. */
const [MOST_POINTS, PICTURE_SIDE, QUALITY] = [6000, 112, 75];
/** Largest value of a half float. */
const MOST_COORDINATE = 65_504;

/**
 * Shows the effect of each stage of a refinement on a vision transformer beside a language model (SAILViT, arXiv 2507.01643): visual tokens
 * and words on the first two principal components of all stages together, so that axes stay as the stages pass; the picture of the token
 * under the pointer with its nearest word; the measures of the gap over the stages with their intervals; the distribution of each layer.
 * Everything is saved in the notebook, at most 300 KB: of many pictures the first are shown.
 *
 *     const record = await refine.record({ plan, pictures, preprocess, words });
 *     await refine.train({ model, plan, data, onStage: (model, finished) => record.add(model, finished) });
 *     await view.refinement(record);
 *
 * @param source snapshots, as `refine.record` collects them
 * @throws ViewError for snapshots that do not fit together, an unknown stage, or more than a notebook takes
 */
export async function refinement(source: RefinementSourceLike, options: RefinementOptions = {}): Promise<View> {
  checkOptionNames(WHERE, options, NAMES, ViewError);
  checkRefinement(WHERE, source);
  const names = source.snapshots.map(({ name }) => name);
  const current = options.stage === undefined ? names.length - 1 : names.indexOf(options.stage);
  if (current < 0) throw new ViewError(WHERE, `stage must be one of ${names.join(", ")}`, options.stage);
  const payload = await buildPayload(source, options.title ?? "", current);
  const bundle: MimeBundle = {
    [REFINEMENT_MIME]: payload as unknown as JSONValue,
    ...stillBundle(drawRefinement(payload)),
    "text/plain": describeRefinement(payload),
  };
  const size = JSON.stringify(bundle).length;
  if (size > MAX_SAVED_BYTES)
    throw new ViewError(WHERE, `stages, words and layers must fit into ${MAX_SAVED_BYTES} bytes of a notebook`, size);
  return new View(bundle);
}

async function buildPayload(
  { images, grid, words, snapshots }: RefinementSourceLike,
  title: string,
  current: number,
): Promise<RefinementPayload> {
  const cells = grid[0] * grid[1];
  const most = Math.min(images.length, MOST_SHOWN, Math.floor(MOST_POINTS / (cells * snapshots.length)));
  if (most < 1)
    throw new ViewError(
      WHERE,
      `tokens of a picture times stages must be at most ${MOST_POINTS}`,
      cells * snapshots.length,
    );
  const shown = snapshots.map((one) => ({ ...one, tokens: one.tokens.subarray(0, most * cells * one.width) }));
  const pictures: SavedImage[] = [];
  for (const [i, image] of images.slice(0, most).entries()) {
    const file = base64Encode(await encodeJpeg(image, PICTURE_SIDE, QUALITY));
    const { width, height } = image;
    pictures.push({ label: `picture ${i + 1}`, width, height, mime: "image/jpeg", data: file });
  }
  return {
    version: 1,
    title,
    stages: snapshots.map(({ name }) => name),
    pictures,
    measured: images.length,
    grid,
    words: [...words],
    ...planeOf(shown),
    nearest: base64Encode(encodeFloat16(joinFloats(shown.map(nearestWords)))),
    measures: measuresOf(snapshots),
    layers: layersOf(snapshots),
    current,
  };
}

/** Places on the principal components of the tokens and words of all stages. */
function planeOf(snapshots: readonly RefinementSnapshotLike[]): Pick<RefinementPayload, "places" | "ratio"> {
  const all = joinFloats(snapshots.flatMap(({ tokens, words }) => [tokens, words]));
  const components = principalComponents(all, snapshots[0].width, 2);
  const places = project(all, components);
  const far = places.find((value) => Math.abs(value) > MOST_COORDINATE);
  if (far !== undefined) throw new ViewError(WHERE, `tokens must lie within ${MOST_COORDINATE} of their mean`, far);
  const [first, second] = components.ratio;
  return { places: base64Encode(encodeFloat16(places)), ratio: [first, second] };
}

/** The nearest word of each token with its distance, [tokens, 2]. */
function nearestWords({ tokens, words, width }: RefinementSnapshotLike): Float32Array {
  const out = new Float32Array((2 * tokens.length) / width);
  for (let token = 0; token < out.length / 2; token++) {
    const { costs } = distances(row(tokens, width, token), words, width);
    const word = argmax(costs.map((cost) => -cost));
    out.set([word, Math.min(MOST_COORDINATE, costs[word])], 2 * token);
  }
  return out;
}

function measuresOf(snapshots: readonly RefinementSnapshotLike[]): SavedGapMeasure[] {
  return Object.keys(snapshots[0].measures).map((name) => ({
    name,
    values: snapshots.map(({ measures }) => saved(measures[name].value)),
    halves: snapshots.map(({ measures }) => (measures[name].half === null ? null : saved(measures[name].half))),
  }));
}

function layersOf(snapshots: readonly RefinementSnapshotLike[]): SavedLayerValues[] {
  return snapshots[0].layers.map(({ name }, layer) => ({
    name,
    quantiles: snapshots.flatMap(({ layers }) => layers[layer].distribution.quantiles.slice(1, -1).map(saved)),
  }));
}

/** Rounds to the digits that a reader can see. */
const saved = (value: number): number => Number(value.toPrecision(6));
