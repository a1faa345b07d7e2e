import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { decodeImage, type ImageInput, type RawImage } from "../../data/image";
import { View } from "../../display/display";
import type { JSONValue, MimeBundle } from "../../display/host";
import { platform } from "../../platform";
import { base64Encode } from "../../protocol/core/base64";
import { ViewError } from "../../protocol/core/error";
import { MAX_SAVED_BYTES, type SavedImage } from "../../protocol/core/saved";
import {
  GROUNDING_MIME,
  type GroundingPayload,
  type GroundingReplay,
  MAX_GROUNDING_PICTURES,
  readGrounding,
} from "../../protocol/grounding/payload";
import { encodeJpeg } from "../draw/pictures";
import { keepLive } from "../live";
import { imagePath } from "../origin";
import { groundAll } from "./answers";
import {
  checkExplorer,
  checkReplay,
  type GroundingExplorerLike,
  type GroundingPhraseLike,
  type GroundingReplayLike,
  phrasesOf,
  savedBox,
} from "./input";
import { describeGrounding, drawGrounding } from "./picture";
import { serveGrounding } from "./serve";

export type { GroundedBoxLike, GroundingExplorerLike, GroundingPhraseLike, GroundingReplayLike } from "./input";
export type { GroundingBranchName } from "../../protocol/grounding/payload";

/** Options of `view.grounding`. */
export interface GroundingViewOptions {
  /** Phrases that the notebook keeps, with true boxes where they are known; expressions of `data.refer` will do. */
  phrases: readonly (string | GroundingPhraseLike)[];
  /** Score from which a box of a model with several queries counts as predicted. Default 0.7. */
  threshold?: number;
  /** One sample through a training, to be replayed. Default: none. */
  replay?: GroundingReplayLike;
  /** Title. Default: none. */
  title?: string;
  /** Names of the pictures. Default: file names, or numbers. */
  labels?: readonly string[];
}

const NAMES: OptionNames<GroundingViewOptions> = {
  phrases: true,
  threshold: true,
  replay: true,
  title: true,
  labels: true,
};

/** Boxes of phrases that can be typed. Show it as the last value of a cell, or by `display`. */
export class GroundingView extends View {
  constructor(
    bundle: MimeBundle,
    /** Names the view on the comm. */
    readonly id: string,
    /** Frees model and pictures; the viewer then shows the saved phrases. */
    readonly dispose: () => void,
  ) {
    super(bundle);
  }
}

const WHERE = "view.grounding";
const [SIDES, IMAGE_BYTES] = [[400, 320, 224, 160], 60_000];
/** Characters of JSON around the data. */
const OVERHEAD = 16 * 1024;

/**
 * Shows the boxes of a phrase under a picture, from every branch of a grounding model (SimVG, arXiv 2409.17531), with scores, and the
 * encoder's attention between words and patches. With a kernel, boxes follow the typed phrase; a saved notebook goes on with its list of
 * phrases. The bundle holds an interactive view, a PNG and a text, at most 300 KB.
 *
 *     await view.grounding(grounding.explorer(model, { tokenizer }), ["boats.jpg"], { phrases: ["the small red boat"] });
 *
 * @param model explorer, as `grounding.explorer` returns it
 * @param pictures one picture or several, at most 8
 * @throws ViewError for a model, pictures or options that break a rule; GroundingError for a phrase that cannot be encoded
 */
export async function grounding(
  model: GroundingExplorerLike,
  pictures: ImageInput | readonly ImageInput[],
  options: GroundingViewOptions,
): Promise<GroundingView> {
  checkOptionNames(WHERE, options, NAMES, ViewError);
  checkExplorer(WHERE, model);
  const { threshold = 0.7, replay, title = "" } = options;
  if (!(threshold >= 0 && threshold <= 1)) throw new ViewError(WHERE, "threshold must lie in [0, 1]", threshold);
  const inputs = Array.isArray(pictures) ? (pictures as readonly ImageInput[]) : [pictures as ImageInput];
  if (inputs.length < 1 || inputs.length > MAX_GROUNDING_PICTURES)
    throw new ViewError(WHERE, `there must be 1 to ${MAX_GROUNDING_PICTURES} pictures`, inputs.length);
  const images: RawImage[] = [];
  for (const input of inputs) images.push(await decodeImage(input, { fn: WHERE }));
  const phrases = phrasesOf(WHERE, options.phrases, images);
  if (replay) checkReplay(WHERE, replay, images);
  const payload: GroundingPayload = {
    version: 1,
    view: platform().uuid(),
    title,
    model: model.name,
    pictures: await savePictures(images, inputs, options.labels),
    grid: model.grid,
    branches: [...model.branches],
    queries: model.queries,
    layers: model.layers,
    saved: await groundAll(model, images, phrases),
    current: 0,
    threshold,
    ...(replay && { replay: savedReplay(replay) }),
  };
  readGrounding(payload, WHERE);
  const size = JSON.stringify(payload).length;
  const room = MAX_SAVED_BYTES - OVERHEAD - size;
  if (room < 0)
    throw new ViewError(WHERE, `phrases, boxes and epochs must fit into ${MAX_SAVED_BYTES} bytes of a notebook`, size);
  const bundle: MimeBundle = {
    [GROUNDING_MIME]: payload as unknown as JSONValue,
    ...(await drawGrounding(payload, images[payload.saved[0].picture], room)),
    "text/plain": describeGrounding(payload),
  };
  return new GroundingView(bundle, payload.view, keepLive(serveGrounding(payload, model, images)));
}

function savedReplay({ picture = 0, phrase, truth, epochs }: GroundingReplayLike): GroundingReplay {
  return {
    picture,
    phrase,
    truth: [...truth],
    epochs: epochs.map(({ weight, token, decoder }) => ({
      weight: Number(weight.toFixed(4)),
      ...(token && { token: savedBox(token) }),
      ...(decoder && { decoder: savedBox(decoder) }),
    })),
  };
}

/** The pictures for the viewer, all of them together within a share of the notebook's bytes. */
async function savePictures(
  images: readonly RawImage[],
  inputs: readonly ImageInput[],
  labels: readonly string[] | undefined,
): Promise<SavedImage[]> {
  const most = IMAGE_BYTES / images.length;
  const saved: SavedImage[] = [];
  for (const [i, image] of images.entries()) {
    let file = new Uint8Array();
    for (const side of SIDES) {
      file = new Uint8Array(await encodeJpeg(image, side, 80));
      if (file.length <= most) break;
    }
    const path = imagePath(inputs[i]);
    const label = labels?.[i] ?? path?.split(/[\\/]/).pop() ?? `picture ${i + 1}`;
    const { width, height } = image;
    saved.push({
      label,
      ...(path !== undefined && { path }),
      width,
      height,
      mime: "image/jpeg",
      data: base64Encode(file),
    });
  }
  return saved;
}
