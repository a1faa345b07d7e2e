import { decodeFloat16, row } from "../../numeric";
import { base64Decode } from "../core/base64";
import { base64, index, list, nullable, number, object, oneOf, pair, ProtocolError, text } from "../core/check";
import type { Grid, Point } from "../core/geometry";
import { MAX_SAVED_BYTES, savedImage, type SavedImage } from "../core/saved";

/** Mime type of the payload that a refinement stores in the notebook. Version 1. */
export const REFINEMENT_MIME = "application/vnd.fovea.refinement.v1+json";

/** One measure between tokens and words, a figure for each stage. */
export interface SavedGapMeasure {
  name: string;
  values: number[];
  /** Half widths of the 95 % intervals; null where there is none. */
  halves: (number | null)[];
}

/** Quantiles of a layer's values at 5, 25, 50, 75 and 95 %, [stages, 5]. */
export interface SavedLayerValues {
  name: string;
  quantiles: number[];
}

/** Tokens of pictures and words in one plane, and the measures between them, after each stage of a refinement. */
export interface RefinementPayload {
  version: 1;
  title: string;
  /** Names of the stages, the first one before training. */
  stages: string[];
  pictures: SavedImage[];
  /** Number of pictures that the measures are of; some of them may not be shown. */
  measured: number;
  /** Rows and columns of a picture's tokens. */
  grid: Grid;
  words: string[];
  /** Base64 of half floats: places in the plane, [stages, tokens then words, 2]. */
  places: string;
  /** Base64 of half floats: the word nearest to each token in the full space, and its distance, [stages, tokens, 2]. */
  nearest: string;
  /** Shares of the variance along both axes. */
  ratio: [number, number];
  measures: SavedGapMeasure[];
  layers: SavedLayerValues[];
  /** Position of the stage shown first. */
  current: number;
}

/** Bounds of a payload. */
export const MOST_STAGES = 16;
export const MOST_SHOWN = 24;
export const MOST_WORDS = 400;
const [MAX_MEASURES, MAX_LAYERS] = [24, 200];
/** Shares at which a layer's quantiles are saved. */
export const SAVED_QUANTILES: readonly number[] = [0.05, 0.25, 0.5, 0.75, 0.95];

const name = text(80);
const real = number({ min: -1e12, max: 1e12 });
const side = number({ min: 1, max: 256, integer: true });
const bytes = base64(4 * MAX_SAVED_BYTES);
const share = number({ min: 0, max: 1.001 });

const payload = object<RefinementPayload>({
  version: oneOf<1>([1]),
  title: text(300),
  stages: list(name, 1, MOST_STAGES),
  pictures: list(savedImage, 1, MOST_SHOWN),
  measured: index,
  grid: pair(side),
  words: list(name, 1, MOST_WORDS),
  places: bytes,
  nearest: bytes,
  ratio: pair(share),
  measures: list(
    object<SavedGapMeasure>({
      name,
      values: list(real, 1, MOST_STAGES),
      halves: list(nullable(number({ min: 0, max: 1e12 })), 1, MOST_STAGES),
    }),
    0,
    MAX_MEASURES,
  ),
  layers: list(
    object<SavedLayerValues>({ name, quantiles: list(real, 1, MOST_STAGES * SAVED_QUANTILES.length) }),
    0,
    MAX_LAYERS,
  ),
  current: index,
});

/** @throws ProtocolError naming the first path that breaks the format. */
export function readRefinement(value: unknown, where = "refinement view"): RefinementPayload {
  const read = payload(value, "", where);
  const { stages, words, measures, layers, current } = read;
  const rule = (holds: boolean, path: string, expected: string, received: unknown): void => {
    if (!holds) throw new ProtocolError(where, path, expected, received);
  };
  rule(current < stages.length, "current", `below ${stages.length}`, current);
  rule(read.measured >= read.pictures.length, "measured", `at least ${read.pictures.length}`, read.measured);
  measures.forEach(({ values, halves }, i) => {
    for (const [key, figures] of Object.entries({ values, halves }))
      rule(figures.length === stages.length, `measures[${i}].${key}`, `${stages.length} numbers`, figures.length);
  });
  const points = SAVED_QUANTILES.length;
  layers.forEach(({ quantiles }, i) => {
    const path = `layers[${i}].quantiles`;
    rule(quantiles.length === points * stages.length, path, `${points} numbers a stage`, quantiles.length);
    const falls = quantiles.some((value, at) => at % points > 0 && value < quantiles[at - 1]);
    rule(!falls, path, "ascending within a stage", quantiles);
  });
  const tokens = tokenCount(read);
  const places = halvesOf(read.places, 2 * stages.length * (tokens + words.length), "places", where);
  rule(places.every(Number.isFinite), "places", "finite numbers", "others");
  const nearest = halvesOf(read.nearest, 2 * stages.length * tokens, "nearest", where);
  for (let i = 0; i < nearest.length; i += 2) {
    const [word, distance] = [nearest[i], nearest[i + 1]];
    rule(Number.isInteger(word) && word >= 0 && word < words.length, "nearest", `words below ${words.length}`, word);
    rule(distance >= 0 && Number.isFinite(distance), "nearest", "distances of at least 0", distance);
  }
  return read;
}

function halvesOf(data: string, length: number, path: string, where: string): Float32Array {
  const found = base64Decode(data);
  if (found.length !== 2 * length) throw new ProtocolError(where, path, `base64 of ${2 * length} bytes`, found.length);
  return decodeFloat16(found);
}

/** Number of tokens of all pictures that are shown. */
export const tokenCount = ({ pictures, grid }: Pick<RefinementPayload, "pictures" | "grid">): number =>
  pictures.length * grid[0] * grid[1];

/** Place of a token in its picture. */
export interface TokenPlace {
  picture: number;
  row: number;
  column: number;
}

/** Returns the picture, row and column of a token. */
export function tokenPlace({ grid }: Pick<RefinementPayload, "grid">, token: number): TokenPlace {
  const [rows, columns] = grid;
  const cell = token % (rows * columns);
  return { picture: Math.floor(token / (rows * columns)), row: Math.floor(cell / columns), column: cell % columns };
}

/** Values of a payload, decoded once. */
export class RefinementValues {
  /** Number of tokens. */
  readonly tokens: number;
  private readonly places: Float32Array;
  private readonly near: Float32Array;
  private readonly words: number;

  constructor(payload: RefinementPayload) {
    this.tokens = tokenCount(payload);
    this.words = payload.words.length;
    this.places = decodeFloat16(base64Decode(payload.places));
    this.near = decodeFloat16(base64Decode(payload.nearest));
  }

  /** Place of a token in the plane after a stage. */
  token(stage: number, token: number): Point {
    return this.at(stage, token);
  }

  /** Place of a word in the plane after a stage. */
  word(stage: number, word: number): Point {
    return this.at(stage, this.tokens + word);
  }

  /** The nearest word of a token in the full space, and its distance. */
  nearest(stage: number, token: number): { word: number; distance: number } {
    const [word, distance] = row(this.near, 2, stage * this.tokens + token);
    return { word, distance };
  }

  /** Smallest and largest coordinate along an axis, over all stages. */
  extent(axis: 0 | 1): [low: number, high: number] {
    let [low, high] = [Infinity, -Infinity];
    for (let i = axis; i < this.places.length; i += 2) {
      low = Math.min(low, this.places[i]);
      high = Math.max(high, this.places[i]);
    }
    return [low, high];
  }

  private at(stage: number, point: number): Point {
    const [x, y] = row(this.places, 2, stage * (this.tokens + this.words) + point);
    return [x, y];
  }
}
