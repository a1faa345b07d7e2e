import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import type { Box } from "../../contracts/geometry";
import { decodeImage, type ImageInput, type RawImage } from "../../data/image";
import type { ReferExpression, ReferImage } from "../../data/refer/expression";
import { View } from "../../display/display";
import type { JSONValue, MimeBundle } from "../../display/host";
import { platform } from "../../platform";
import { join } from "../../platform/path";
import { base64Encode } from "../../protocol/core/base64";
import { ViewError } from "../../protocol/core/error";
import { MAX_SAVED_BYTES, type SavedImage } from "../../protocol/core/saved";
import {
  boxWithin,
  MAX_ITEMS,
  readReview,
  REVIEW_MIME,
  type ReviewItem,
  type ReviewPayload,
} from "../../protocol/review/payload";
import { encodeJpeg } from "../draw/pictures";
import { keepLive } from "../live";
import { pathFromNotebook } from "../origin";
import { ReviewFile, reviewedExpression } from "./file";
import { describeReview, drawReview } from "./picture";
import { serveReview } from "./serve";

/** A predicted box, as the samples of `grounding.evaluate` are. */
export interface ReviewPredictionLike {
  readonly expression: Pick<ReferExpression, "id" | "split" | "phrase" | "image">;
  /** Corners in pixels of the picture. */
  readonly box: Box;
  /** Probability of the foreground, 0 to 1. */
  readonly score: number;
}

/** Calibration of scores, as `grounding.confidence` gives it. */
export interface ReviewConfidenceLike {
  /** Point from which predictions are accepted; null where there is none, and all are doubtful. */
  readonly chosen: { readonly threshold: number } | null;
}

/** Options of `view.review`. */
export interface ReviewOptions {
  /** Score below which a prediction is doubtful, or the calibration that chose it. */
  confidence: number | ReviewConfidenceLike;
  /** JSON file of the annotations; decisions that it holds are kept. Its last word is the split that `data.refer.read` gives them. */
  file: string;
  /** Folder of the pictures, or a function that returns a picture. */
  images: string | ((image: ReferImage) => ImageInput | Promise<ImageInput>);
  /** Most predictions in the view, at most 60; the cell run again brings the next ones. Default 24. */
  most?: number;
  /** Title. Default: none. */
  title?: string;
}

const NAMES: OptionNames<ReviewOptions> = { confidence: true, file: true, images: true, most: true, title: true };

/** Doubtful predictions for a person to decide on. Show it as the last value of a cell, or by `display`. */
export class ReviewView extends View {
  constructor(
    bundle: MimeBundle,
    /** Names the view on the comm. */
    readonly id: string,
    /** Number of predictions below the threshold. */
    readonly doubtful: number,
    /** Stops taking decisions; those in the file stay. */
    readonly dispose: () => void,
  ) {
    super(bundle);
  }
}

const WHERE = "view.review";
const [SIDES, IMAGE_CHARACTERS] = [[360, 280, 224, 160, 112, 80], 190_000];
const OVERHEAD = 12 * 1024;

/**
 * Puts predictions of doubtful confidence before a person, who confirms, redraws or rejects each box by mouse or keyboard. Every decision
 * is written at once to a file in MDETR's layout, which `data.refer.read` reads for training and evaluation; run again with the same file,
 * the review goes on with the rest. The bundle holds an interactive view, a PNG and a text, at most 300 KB.
 *
 *     const { samples } = await grounding.evaluate(model, source);
 *     await view.review(samples, { confidence: grounding.confidence(samples), file: "reviewed/train.json", images: "images" });
 *     data.refer.read("reviewed/train.json").expressions;
 *
 * @param predictions such as the samples of `grounding.evaluate`
 * @throws ViewError for predictions or options that break a rule, or a file of another kind, which is left as it is
 * @throws ImageError for a picture that cannot be read
 */
export async function review(
  predictions: readonly ReviewPredictionLike[],
  options: ReviewOptions,
): Promise<ReviewView> {
  checkOptionNames(WHERE, options, NAMES, ViewError);
  const { title = "", most = 24 } = options;
  const threshold = thresholdOf(options.confidence);
  if (!(Number.isInteger(most) && most >= 1 && most <= MAX_ITEMS))
    throw new ViewError(WHERE, `most must be a whole number of 1..${MAX_ITEMS}`, most);
  if (!Array.isArray(predictions)) throw new ViewError(WHERE, "predictions must be a list", predictions);
  predictions.forEach(checkPrediction);
  const file = ReviewFile.open(WHERE, options.file);
  const doubtful = predictions.filter(({ score }) => score < threshold).sort((a, b) => a.score - b.score);
  const isOpen = ({ expression }: ReviewPredictionLike): boolean => file.decision(expression) === undefined;
  const shown = [...doubtful.filter(isOpen), ...doubtful.filter((one) => !isOpen(one))].slice(0, most);
  const { images, pictures, places } = await picturesOf(shown, options.images);
  const items = shown.map(({ expression, box, score }, i): ReviewItem => {
    const decision = file.decision(expression);
    const { width, height } = images[places[i]];
    const inside = boxWithin(box, { width, height }).map((edge) => Number(edge.toFixed(2))) as unknown as Box;
    return { picture: places[i], phrase: expression.phrase, box: inside, score, ...(decision && { decision }) };
  });
  const payload: ReviewPayload = {
    version: 1,
    view: platform().uuid(),
    title,
    file: pathFromNotebook(options.file) ?? "",
    pictures,
    items,
    threshold,
    doubtful: doubtful.length,
    predictions: predictions.length,
  };
  readReview(payload, WHERE);
  const size = JSON.stringify(payload).length;
  const room = MAX_SAVED_BYTES - OVERHEAD - size;
  if (room < 0)
    throw new ViewError(WHERE, `the predictions shown must fit into ${MAX_SAVED_BYTES} bytes of a notebook`, size);
  const bundle: MimeBundle = {
    [REVIEW_MIME]: payload as unknown as JSONValue,
    ...(await drawReview(payload, images, room)),
    "text/plain": describeReview(payload),
  };
  const expressions = shown.map(({ expression }) => expression);
  return new ReviewView(bundle, payload.view, doubtful.length, keepLive(serveReview(payload, file, expressions)));
}

/** No score is above 1: a threshold of 2 makes every prediction doubtful. */
const EVERYTHING = 2;

function thresholdOf(confidence: ReviewOptions["confidence"]): number {
  const chosen = typeof confidence === "number" ? { threshold: confidence } : confidence?.chosen;
  if (chosen === null) return EVERYTHING;
  const threshold: unknown = chosen?.threshold;
  if (typeof threshold === "number" && threshold >= 0 && threshold <= 1) return threshold;
  throw new ViewError(WHERE, "confidence must be a score in [0, 1], or what grounding.confidence returns", confidence);
}

function checkPrediction(one: ReviewPredictionLike): void {
  const { expression, box, score } = Object(one) as ReviewPredictionLike;
  const { id, split, phrase, image } = Object(expression) as ReferExpression;
  if (![id, split, phrase, Object(image).fileName].every((text) => typeof text === "string" && text))
    throw new ViewError(WHERE, "a prediction must have an expression with id, split, phrase and image", one);
  reviewedExpression(expression, "expression", WHERE);
  if (!Array.isArray(box) || box.length !== 4 || !box.every((edge) => Number.isFinite(edge)))
    throw new ViewError(WHERE, `the box of ${id} must be 4 finite numbers`, box);
  if (!(score >= 0 && score <= 1)) throw new ViewError(WHERE, `the score of ${id} must lie in [0, 1]`, score);
}

interface Pictures {
  images: RawImage[];
  pictures: SavedImage[];
  /** Position of the picture of each prediction. */
  places: number[];
}

/** Decodes each picture once; all of them are made as small as the notebook needs. */
async function picturesOf(shown: readonly ReviewPredictionLike[], source: ReviewOptions["images"]): Promise<Pictures> {
  const known = new Map<string, number>();
  const [images, names]: [RawImage[], string[]] = [[], []];
  const places: number[] = [];
  for (const { expression } of shown) {
    const { image } = expression;
    const at = known.get(image.fileName) ?? images.length;
    places.push(at);
    if (at < images.length) continue;
    known.set(image.fileName, at);
    const input = typeof source === "string" ? join(source, image.fileName) : await source(image);
    const raw = await decodeImage(input, { fn: WHERE });
    if (raw.width !== image.width || raw.height !== image.height)
      throw new ViewError(WHERE, `${image.fileName} must be ${image.width} x ${image.height}`, [raw.width, raw.height]);
    images.push(raw);
    names.push(image.fileName);
  }
  let data: string[] = [];
  for (const side of SIDES) {
    data = await Promise.all(images.map(async (raw) => base64Encode(await encodeJpeg(raw, side, 80))));
    if (data.reduce((sum, { length }) => sum + length, 0) <= IMAGE_CHARACTERS) break;
  }
  const pictures = images.map(({ width, height }, i): SavedImage => ({
    label: names[i],
    width,
    height,
    mime: "image/jpeg",
    data: data[i],
  }));
  return { images, pictures, places };
}
