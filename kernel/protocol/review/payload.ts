import { clamp } from "../../numeric";
import {
  checkBelow,
  index,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  ProtocolError,
  type Reader,
  text,
} from "../core/check";
import type { Box } from "../core/geometry";
import { savedImage, type SavedImage } from "../core/saved";

/** Mime type of the payload that a review stores in the notebook. Version 1. */
export const REVIEW_MIME = "application/vnd.fovea.review.v1+json";

/** A person's word on a predicted box: right as it is, drawn anew, or not to be used. */
export type ReviewVerdict = "confirmed" | "redrawn" | "rejected";
export const REVIEW_VERDICTS: readonly ReviewVerdict[] = ["confirmed", "redrawn", "rejected"];

/** A verdict with the box that becomes an annotation; none of what was rejected. */
export interface ReviewDecision {
  verdict: ReviewVerdict;
  box: Box | null;
}

/** A doubtful prediction. */
export interface ReviewItem {
  /** Position of the picture. */
  picture: number;
  phrase: string;
  /** Predicted box in pixels of the picture. */
  box: Box;
  score: number;
  /** Decision when the view was made; missing where there was none. */
  decision?: ReviewDecision;
}

export interface ReviewPayload {
  version: 1;
  /** Names the live view in the kernel that made it. */
  view: string;
  title: string;
  /** File of the annotations, as it was given. */
  file: string;
  pictures: SavedImage[];
  /** Doubtful predictions, the lowest score first. */
  items: ReviewItem[];
  /** Score below which a prediction is doubtful. */
  threshold: number;
  /** Predictions below the threshold, and all of them. */
  doubtful: number;
  predictions: number;
}

export const MAX_ITEMS = 60;
/** Smallest side of a box that a person draws, in pixels. */
export const LEAST_SIDE = 1;

const edge = number({ min: -1e6, max: 1e6 });
export const reviewBox: Reader<Box> = list(edge, 4, 4) as Reader<readonly number[]> as Reader<Box>;

export const reviewDecision: Reader<ReviewDecision> = (value, path, where) => {
  const read = object<ReviewDecision>({ verdict: oneOf(REVIEW_VERDICTS), box: nullable(reviewBox) })(
    value,
    path,
    where,
  );
  if ((read.box === null) !== (read.verdict === "rejected"))
    throw new ProtocolError(where, path ? `${path}.box` : "box", "a box, or null where it was rejected", read.box);
  return read;
};

const share = number({ min: 0, max: 1 });

const payload = object<ReviewPayload>({
  version: oneOf<1>([1]),
  view: text(100),
  title: text(300),
  file: text(1000),
  pictures: list(savedImage, 0, MAX_ITEMS),
  items: list(
    object<ReviewItem>({
      picture: index,
      phrase: text(2000),
      box: reviewBox,
      score: share,
      decision: optional(reviewDecision),
    }),
    0,
    MAX_ITEMS,
  ),
  threshold: number({ min: 0, max: 2 }),
  doubtful: index,
  predictions: index,
});

/** @throws ProtocolError naming the first path that breaks the format. */
export function readReview(value: unknown, where = "review"): ReviewPayload {
  const read = payload(value, "", where);
  read.items.forEach(({ picture }, i) => checkBelow(where, `items[${i}].picture`, picture, read.pictures.length));
  return read;
}

interface Size {
  width: number;
  height: number;
}

/** Returns a box with its edges in order, in its picture, and of at least one pixel a side. */
export function boxWithin(box: Box, { width, height }: Size): Box {
  const along = (a: number, b: number, most: number): [number, number] => {
    const low = clamp(Math.min(a, b), 0, most - LEAST_SIDE);
    return [low, clamp(Math.max(a, b), low + LEAST_SIDE, most)];
  };
  const [left, right] = along(box[0], box[2], width);
  const [top, bottom] = along(box[1], box[3], height);
  return [left, top, right, bottom];
}

/** Returns a box moved as a whole, as far as its picture goes. */
export function movedBox([left, top, right, bottom]: Box, [dx, dy]: readonly [number, number], size: Size): Box {
  const x = clamp(dx, -left, size.width - right);
  const y = clamp(dy, -top, size.height - bottom);
  return [left + x, top + y, right + x, bottom + y];
}
