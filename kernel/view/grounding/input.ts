import type { RawImage } from "../../data/image";
import type { Box, Grid } from "../../contracts/geometry";
import { clamp } from "../../numeric";
import { ViewError } from "../../protocol/core/error";
import {
  GROUNDING_BRANCHES,
  MAX_EPOCHS,
  MAX_PHRASE,
  MAX_PHRASES,
  type GroundingBox,
  type GroundingBranchName,
} from "../../protocol/grounding/payload";
import { checker } from "../../rules/rule-error";

/** A box of a model with its score, in plain data. */
export interface GroundedBoxLike {
  /** Corners in pixels of the picture. */
  readonly box: Box;
  /** Probability of the foreground, 0 to 1. */
  readonly score: number;
}

/** A grounding model that answers phrases, as `grounding.explorer` gives it. */
export interface GroundingExplorerLike {
  readonly name: string;
  readonly branches: readonly GroundingBranchName[];
  /** Boxes of each branch. */
  readonly queries: number;
  /** Layers of the encoder. */
  readonly layers: number;
  /** Rows and columns of the patches, which cover the whole picture. */
  readonly grid: Grid;
  /** Returns the words of a phrase that the model does not know. */
  unknown(phrase: string): readonly string[];
  /** Returns the boxes of a phrase. */
  ground(
    picture: RawImage,
    phrase: string,
  ): Promise<{
    readonly words: readonly string[];
    readonly token?: readonly GroundedBoxLike[];
    readonly decoder?: readonly GroundedBoxLike[];
    readonly milliseconds: { readonly token?: number; readonly decoder?: number };
  }>;
  /** Returns the attention [layers, words, patches] of words and [layers, patches, words] of patches. */
  attend(
    picture: RawImage,
    phrase: string,
  ): Promise<{ readonly words: readonly string[]; readonly toPatches: Float32Array; readonly toWords: Float32Array }>;
}

/** A phrase of a list; expressions of `data.refer` have this shape. */
export interface GroundingPhraseLike {
  readonly phrase: string;
  /** Position of its picture. Default 0. */
  readonly picture?: number;
  /** True boxes in pixels, none for a phrase without target. Default: not known. */
  readonly boxes?: readonly Box[];
}

/** One sample through a training: `grounding.explorer(…).snapshot` after every epoch. */
export interface GroundingReplayLike {
  /** Position of the picture. Default 0. */
  readonly picture?: number;
  readonly phrase: string;
  readonly truth: Box;
  readonly epochs: readonly {
    /** The sample's part of W_dt, 0 to 1. */
    readonly weight: number;
    readonly token?: GroundedBoxLike;
    readonly decoder?: GroundedBoxLike;
  }[];
}

/** Checks the explorer of `view.grounding`. @throws ViewError */
export function checkExplorer(where: string, explorer: GroundingExplorerLike): void {
  const rule = checker(where, ViewError);
  rule(
    [explorer?.ground, explorer?.attend, explorer?.unknown].every((one) => typeof one === "function"),
    "the model must be what grounding.explorer returns",
    explorer,
  );
  const { branches, queries, layers, grid } = explorer;
  const isKnown = Array.isArray(branches) && branches.every((one) => GROUNDING_BRANCHES.includes(one));
  rule(isKnown && branches.length > 0, `branches must be of ${GROUNDING_BRANCHES.join(", ")}`, branches);
  for (const [name, value] of Object.entries({ queries, layers, rows: grid?.[0], columns: grid?.[1] }))
    rule(Number.isInteger(value) && value > 0, `${name} must be a whole number above 0`, value);
}

/** Checks the list of phrases. @throws ViewError */
export function phrasesOf(
  where: string,
  given: readonly (string | GroundingPhraseLike)[] | undefined,
  pictures: readonly RawImage[],
): Required<Pick<GroundingPhraseLike, "phrase" | "picture">>[] & GroundingPhraseLike[] {
  if (!Array.isArray(given) || given.length < 1 || given.length > MAX_PHRASES)
    throw new ViewError(where, `phrases must be a list of 1 to ${MAX_PHRASES}`, given);
  return (given as readonly (string | GroundingPhraseLike)[]).map((one) => {
    const {
      phrase,
      picture = 0,
      boxes,
    } = typeof one === "string" ? { phrase: one } : (Object(one) as GroundingPhraseLike);
    checkPlace(where, phrase, picture, pictures);
    if (boxes !== undefined && !Array.isArray(boxes)) throw new ViewError(where, "boxes must be a list", boxes);
    boxes?.forEach((box) => checkTruth(where, box));
    return { phrase, picture, ...(boxes && { boxes }) };
  });
}

function checkPlace(where: string, phrase: unknown, picture: number, { length }: readonly RawImage[]): void {
  if (typeof phrase !== "string" || phrase.trim() === "" || phrase.length > MAX_PHRASE)
    throw new ViewError(where, `a phrase must be a text of 1 to ${MAX_PHRASE} characters`, phrase);
  if (!(Number.isInteger(picture) && picture >= 0 && picture < length))
    throw new ViewError(where, `picture must be a position below ${length}`, picture);
}

function checkBox(where: string, box: unknown): void {
  if (!Array.isArray(box) || box.length !== 4 || !box.every((one) => Number.isFinite(one)))
    throw new ViewError(where, "a box must be 4 finite numbers", box);
}

/** Refuses a true box that no prediction could overlap. */
function checkTruth(where: string, box: Box): void {
  checkBox(where, box);
  const [left, top, right, bottom] = box;
  if (!(right > left && bottom > top)) throw new ViewError(where, "a true box must have an area", box);
}

/** Checks the record of a training. @throws ViewError */
export function checkReplay(where: string, replay: GroundingReplayLike, pictures: readonly RawImage[]): void {
  const { phrase, picture = 0, truth, epochs } = Object(replay) as GroundingReplayLike;
  checkPlace(where, phrase, picture, pictures);
  checkTruth(where, truth);
  if (!Array.isArray(epochs) || epochs.length < 1 || epochs.length > MAX_EPOCHS)
    throw new ViewError(where, `epochs of the replay must be a list of 1 to ${MAX_EPOCHS}`, epochs);
  for (const epoch of epochs as GroundingReplayLike["epochs"]) {
    const { weight, token, decoder } = Object(epoch) as GroundingReplayLike["epochs"][number];
    if (!(weight >= 0 && weight <= 1)) throw new ViewError(where, "weight of an epoch must lie in [0, 1]", weight);
    for (const one of [token, decoder]) if (one) checkScored(where, one);
  }
}

/** Refuses a box of a model whose numbers have been lost, as those of a training that diverged. @throws ViewError */
export function checkScored(where: string, one: GroundedBoxLike): void {
  checkBox(where, one?.box);
  if (!Number.isFinite(one.score)) throw new ViewError(where, "a score must be a finite number", one.score);
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

/** Returns a box as it is saved: hundredths of a pixel, four digits of the score. */
export const savedBox = ({ box, score }: GroundedBoxLike): GroundingBox => ({
  box: box.map((edge) => rounded(edge, 2)) as unknown as Box,
  score: rounded(clamp(score, 0, 1), 4),
});
