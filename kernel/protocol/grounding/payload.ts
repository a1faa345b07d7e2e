import { decodeFloat16 } from "../../numeric";
import { base64Decode } from "../core/base64";
import {
  base64,
  checkBelow,
  index,
  list,
  number,
  object,
  oneOf,
  optional,
  pair,
  ProtocolError,
  type Reader,
  text,
} from "../core/check";
import type { Box, Grid } from "../core/geometry";
import { MAX_SAVED_BYTES, savedImage, type SavedImage } from "../core/saved";
import { WordAttention } from "./attention";

/** Mime type of the payload that a grounding view stores in the notebook. Version 1. */
export const GROUNDING_MIME = "application/vnd.fovea.grounding.v1+json";

/** Branches of a model: the light one, and the decoder that taught it. */
export type GroundingBranchName = "token" | "decoder";
export const GROUNDING_BRANCHES: readonly GroundingBranchName[] = ["token", "decoder"];

/** A box in pixels of the picture, with the probability of the foreground. */
export interface GroundingBox {
  box: Box;
  score: number;
}

/** Boxes of one phrase on one picture. */
export interface GroundingAnswer {
  /** Position of the picture. */
  picture: number;
  phrase: string;
  /** Words as the model reads them. */
  words: string[];
  /** One box a query of each branch. */
  boxes: Partial<Record<GroundingBranchName, GroundingBox[]>>;
  /** True boxes, none for a phrase without target; missing where they are not known. */
  truth?: Box[];
  /** Time of each branch in the kernel. */
  milliseconds?: Partial<Record<GroundingBranchName, number>>;
}

/** Attention in half floats, in base64: of all layers, or the mean over them. */
export interface SavedAttention {
  /** [layers, words, patches]. */
  toPatches: string;
  /** [layers, patches, words]. */
  toWords: string;
}

/** An answer that the notebook holds. */
export interface SavedAnswer extends GroundingAnswer {
  attention?: SavedAttention;
}

/** One sample after an epoch of a training. */
export interface GroundingEpoch {
  /** The sample's part of W_dt: the foreground's probability times the IoU of the decoder's box. */
  weight: number;
  token?: GroundingBox;
  decoder?: GroundingBox;
}

/** One sample through a training. */
export interface GroundingReplay {
  picture: number;
  phrase: string;
  truth: Box;
  epochs: GroundingEpoch[];
}

export interface GroundingPayload {
  version: 1;
  /** Names the live view in the kernel that made it. */
  view: string;
  title: string;
  /** Name of the model. */
  model: string;
  pictures: SavedImage[];
  /** Rows and columns of the patches, which cover the whole picture. */
  grid: Grid;
  branches: GroundingBranchName[];
  /** Boxes of each branch. */
  queries: number;
  /** Layers of the encoder. */
  layers: number;
  saved: SavedAnswer[];
  /** Position of the answer shown first. */
  current: number;
  /** Score from which a box counts as predicted. */
  threshold: number;
  replay?: GroundingReplay;
}

/** Bounds of a payload. */
export const MAX_GROUNDING_PICTURES = 8;
export const MAX_PHRASES = 64;
export const MAX_PHRASE = 500;
export const MAX_EPOCHS = 1000;
const [MAX_WORDS, MAX_QUERIES, MAX_LAYERS] = [256, 100, 100];

const edge = number({ min: -1e6, max: 1e6 });
const box = list(edge, 4, 4) as Reader<readonly number[]> as Reader<Box>;
const share = number({ min: 0, max: 1 });
const scored = object<GroundingBox>({ box, score: share });
const boxes = list(scored, 1, MAX_QUERIES);
const time = number({ min: 0, max: 1e9 });
const half = base64(4 * MAX_SAVED_BYTES);
const side = number({ min: 1, max: 512, integer: true });

const answerShape = {
  picture: index,
  phrase: text(MAX_PHRASE),
  words: list(text(MAX_PHRASE), 1, MAX_WORDS),
  boxes: object<GroundingAnswer["boxes"]>({ token: optional(boxes), decoder: optional(boxes) }),
  truth: optional(list(box, 0, MAX_QUERIES)),
  milliseconds: optional(
    object<NonNullable<GroundingAnswer["milliseconds"]>>({ token: optional(time), decoder: optional(time) }),
  ),
};

export const groundingAnswer: Reader<GroundingAnswer> = object<GroundingAnswer>(answerShape);

const payload = object<GroundingPayload>({
  version: oneOf<1>([1]),
  view: text(100),
  title: text(300),
  model: text(200),
  pictures: list(savedImage, 1, MAX_GROUNDING_PICTURES),
  grid: pair(side),
  branches: list(oneOf(GROUNDING_BRANCHES), 1, 2),
  queries: number({ min: 1, max: MAX_QUERIES, integer: true }),
  layers: number({ min: 1, max: MAX_LAYERS, integer: true }),
  saved: list(
    object<SavedAnswer>({
      ...answerShape,
      attention: optional(object<SavedAttention>({ toPatches: half, toWords: half })),
    }),
    1,
    MAX_PHRASES * MAX_GROUNDING_PICTURES,
  ),
  current: index,
  threshold: share,
  replay: optional(
    object<GroundingReplay>({
      picture: index,
      phrase: text(MAX_PHRASE),
      truth: box,
      epochs: list(
        object<GroundingEpoch>({ weight: share, token: optional(scored), decoder: optional(scored) }),
        1,
        MAX_EPOCHS,
      ),
    }),
  ),
});

/** @throws ProtocolError naming the first path that breaks the format. */
export function readGrounding(value: unknown, where = "grounding view"): GroundingPayload {
  const read = payload(value, "", where);
  const below = (at: number, limit: number, path: string): void => checkBelow(where, path, at, limit);
  below(read.current, read.saved.length, "current");
  if (read.replay) below(read.replay.picture, read.pictures.length, "replay.picture");
  read.saved.forEach((answer, i) => {
    below(answer.picture, read.pictures.length, `saved[${i}].picture`);
    checkAnswer(read, answer, `saved[${i}].boxes`, where);
    if (answer.attention) attentionOf(read, answer.words.length, halves(answer.attention), `saved[${i}]`, where);
  });
  return read;
}

/** Refuses an answer without the boxes of a branch. @throws ProtocolError */
export function checkAnswer(
  { branches, queries }: GroundingPayload,
  { boxes: found }: GroundingAnswer,
  path: string,
  where: string,
): void {
  for (const branch of branches)
    if (found[branch]?.length !== queries)
      throw new ProtocolError(where, `${path}.${branch}`, `${queries} boxes`, found[branch]?.length);
}

const halves = ({ toPatches, toWords }: SavedAttention): [Float32Array, Float32Array] => [
  decodeFloat16(base64Decode(toPatches)),
  decodeFloat16(base64Decode(toWords)),
];

/** Returns the attention of an answer; undefined where none is saved. */
export function savedAttention(payload: GroundingPayload, answer: SavedAnswer): WordAttention | undefined {
  return (
    answer.attention && attentionOf(payload, answer.words.length, halves(answer.attention), "saved", "grounding view")
  );
}

/** @throws ProtocolError for other lengths than those of all layers, or of one. */
export function attentionOf(
  { grid, layers }: GroundingPayload,
  words: number,
  [toPatches, toWords]: readonly [Float32Array, Float32Array],
  path: string,
  where: string,
): WordAttention {
  const size = words * grid[0] * grid[1];
  for (const [name, { length }] of Object.entries({ toPatches, toWords }))
    if (length !== toPatches.length || (length !== size && length !== layers * size))
      throw new ProtocolError(where, `${path}.${name}`, `${size} or ${layers * size} values`, length);
  return new WordAttention(words, grid[0] * grid[1], toPatches, toWords);
}
