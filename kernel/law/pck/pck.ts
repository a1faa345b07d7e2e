import { checkArguments } from "../../rules/arguments";
import type { GridFeatures } from "../../contracts/features";
import { place, type Box, type Placement, type Point } from "../../contracts/geometry";
import { distance as distanceOf } from "../../numeric";
import { letterbox, stretch } from "./canvas";
import { LawError } from "../error";
import { locateRow, similarityRow, type MatchOptions } from "./match";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";

/** One side of a pair: the image size `[width, height]` in pixels and its keypoints, `null` where hidden. */
export interface PckSide {
  readonly size: readonly [width: number, height: number];
  readonly keypoints: Readonly<Record<string, Point | null>>;
  /** Placement of the image on the canvas, where known; it takes precedence over `geometry`. */
  readonly placement?: Placement;
}

/** Pair of images of one category with keypoints. */
export interface PckPair {
  readonly category: string;
  readonly source: PckSide;
  /** Target side. The longer side of its box, in pixels of the target image, sets the threshold. */
  readonly target: PckSide & { readonly box: Box };
}

/** Options of PCK. */
export interface PckOptions extends MatchOptions {
  /** Thresholds as fractions of the longer side of the target box. Default `[0.1, 0.05, 0.01]`. */
  alphas?: number[];
  /** Side of the square canvas in pixels. Default 840, as in the released evaluation. */
  canvas?: number;
  /**
   * Placement of image and keypoints on the square canvas. Default `letterbox`.
   *
   * - `letterbox`: both keep their aspect, centred.
   * - `stretch`: both are scaled to the square.
   * - `stretch-image`: the image is stretched and the keypoints are letterboxed, as in the released evaluation. For images that
   *   are not square they do not match; use it only to compare with the release's numbers.
   * - `encoder`: keypoints follow each image into its encoder's input, however it was prepared; what a crop cuts off is judged
   *   by the nearest cell.
   */
  geometry?: "letterbox" | "stretch" | "stretch-image" | "encoder";
  /** Centre of a cell: `stride / 2`, rounded down as in the released evaluation, or exact. Default `floor`. */
  cellCenter?: "floor" | "exact";
  /** Count a distance only strictly below the threshold; `false` includes the threshold. Default `true`. */
  strict?: boolean;
}

/** Result of one keypoint of one pair; points and distances are in canvas pixels. */
export interface KeypointResult {
  id: string;
  predicted: Point;
  truth: Point;
  distance: number;
  /** Correctness per alpha. */
  correct: boolean[];
  /** True where the match leads back to the source's cell; absent where that was not asked for. */
  reciprocal?: boolean;
}

/** Names of the options of a PCK. */
export const PCK_OPTIONS: OptionNames<PckOptions> = {
  alphas: true,
  canvas: true,
  geometry: true,
  cellCenter: true,
  strict: true,
  match: true,
  window: true,
  temperature: true,
  maskFill: true,
};

/** Function from a source keypoint to its predicted target position; points are in canvas pixels. */
export type PointPredictor = (source: Point, id: string) => Point;

const DEFAULT_ALPHAS = [0.1, 0.05, 0.01];

/** Returns the thresholds as shares of the longer side of a box. */
export const alphasOf = ({ alphas = DEFAULT_ALPHAS }: PckOptions): number[] => alphas;

/** Structure of a pair that a PCK reads. */
export const PAIR_KIND = {
  source: { size: "list", keypoints: "object" },
  target: { size: "list", keypoints: "object", box: "list" },
} as const;

/** Refuses thresholds that are not above 0. @throws LawError */
export function checkAlphas(where: string, options: PckOptions): void {
  checkArguments(where, LawError, { alphas: alphasOf(options) }, { alphas: "list" });
  const wrong = alphasOf(options).find((alpha) => !(alpha > 0));
  if (wrong !== undefined) throw new LawError(where, "every alpha must be above 0", wrong);
}

/** Refuses a pair without placements where the geometry is that of the encoder. @throws LawError */
export function checkPlaced(where: string, { source, target }: PckPair, { geometry }: PckOptions): void {
  const isPlaced = source.placement && target.placement;
  if (geometry === "encoder" && !isPlaced)
    throw new LawError(where, 'geometry "encoder" needs sides with a placement', undefined);
}

/** Returns the placements of a pair's two images on the canvas. */
export function placements(pair: PckPair, options: PckOptions = {}): { source: Placement; target: Placement } {
  const { canvas = 840, geometry = "letterbox" } = options;
  const lay = ({ size, placement }: PckSide): Placement => {
    return placement ?? (geometry === "stretch" ? stretch : letterbox)(size, canvas);
  };
  return { source: lay(pair.source), target: lay(pair.target) };
}

/**
 * Returns the percentage of correct keypoints (SPair-71k, arXiv 1908.10543) of one pair for any predictor of points.
 *
 * A keypoint counts when it is visible in both images. It is correct when its predicted position lies within
 * `alpha * max(box width, box height)` of the truth. Hidden keypoints get no entry.
 *
 * @param predict called with each visible source keypoint
 * @throws LawError for an alpha not above 0, or geometry `encoder` without placements
 */
export function pckOfPredictor(pair: PckPair, predict: PointPredictor, options: PckOptions = {}): KeypointResult[] {
  const where = "law.pckOfPredictor";
  checkArguments(where, LawError, { pair }, { pair: PAIR_KIND });
  checkOptionNames(where, options, PCK_OPTIONS, LawError);
  checkAlphas(where, options);
  checkPlaced(where, pair, options);
  return judge(pair, predict, options);
}

/** Judges predictions; options may have other names too. */
export function judge(pair: PckPair, predict: PointPredictor, options: PckOptions): KeypointResult[] {
  const { strict = true } = options;
  const alphas = alphasOf(options);
  const lay = placements(pair, options);
  const [x1, y1, x2, y2] = pair.target.box;
  const size = Math.max((x2 - x1) * lay.target.scaleX, (y2 - y1) * lay.target.scaleY);
  return commonKeypoints(pair).map(([id, source, target]) => {
    const truth = place(target, lay.target);
    const predicted = predict(place(source, lay.source), id);
    const distance = distanceOf(predicted, truth);
    const correct = alphas.map((alpha) => (strict ? distance < alpha * size : distance <= alpha * size));
    return { id, predicted, truth, distance, correct };
  });
}

/**
 * Returns the percentage of correct keypoints of one pair, from features of both images on the same `n x n` grid. Rows
 * of `tokens` must have unit length (see `normalizeTokens`).
 *
 * @throws LawError when the grids differ or are not square
 */
export function pckOfPair(
  pair: PckPair,
  source: GridFeatures,
  target: GridFeatures,
  options: PckOptions = {},
): KeypointResult[] {
  const where = "law.pckOfPair";
  checkArguments(
    where,
    LawError,
    { pair, source, target },
    {
      pair: PAIR_KIND,
      source: { tokens: "list", grid: "list" },
      target: { tokens: "list", grid: "list" },
    },
  );
  checkOptionNames(where, options, PCK_OPTIONS, LawError);
  checkAlphas(where, options);
  checkPlaced(where, pair, options);
  const n = checkGrids(where, source, target);
  const rows = sourceCells(pair, n, options).map((cell) =>
    similarityRow(source.tokens, cell, target.tokens, source.channels),
  );
  return judgeRows(pair, rows, n, options);
}

/** Returns the cell of an `n x n` grid that holds each source keypoint visible in both images. */
export function sourceCells(pair: PckPair, n: number, options: PckOptions): number[] {
  const lay = placements(pair, options).source;
  return commonKeypoints(pair).map(([, point]) => cellOf(place(point, lay), n, options.canvas ?? 840));
}

/** Judges rows of cosines with all target cells, one row for each of `sourceCells`. */
export function judgeRows(
  pair: PckPair,
  rows: readonly Float32Array[],
  n: number,
  options: PckOptions,
): KeypointResult[] {
  const { canvas = 840, cellCenter = "floor" } = options;
  const stride = canvas / n;
  const half = cellCenter === "floor" ? Math.floor(stride / 2) : stride / 2;
  let next = 0;
  const predict: PointPredictor = () => {
    const { column, row } = locateRow(rows[next++], n, options);
    return [column * stride + half, row * stride + half];
  };
  return judge(pair, predict, options);
}

/** Index of the cell of an `n x n` grid that holds a canvas point; border points belong to the last cell. */
export function cellOf([x, y]: Point, n: number, canvas: number): number {
  const index = (value: number) => Math.min(n - 1, Math.max(0, Math.trunc((n * value) / canvas)));
  return n * index(y) + index(x);
}

function commonKeypoints(pair: PckPair): [id: string, source: Point, target: Point][] {
  const common: [string, Point, Point][] = [];
  for (const [id, source] of Object.entries(pair.source.keypoints)) {
    const target = pair.target.keypoints[id];
    if (source && target) common.push([id, source, target]);
  }
  return common;
}

/** Returns the side of the grid that both maps share. */
export function checkGrids(where: string, source: GridFeatures, target: GridFeatures): number {
  const [rows, columns] = source.grid;
  if (rows !== columns) throw new LawError(where, "the feature grid must be square", `${rows}x${columns}`);
  if (target.grid[0] !== rows || target.grid[1] !== columns || target.channels !== source.channels) {
    const shape = ({ grid, channels }: GridFeatures) => `${grid[0]}x${grid[1]}x${channels}`;
    throw new LawError(where, `both maps must be ${shape(source)}`, shape(target));
  }
  return rows;
}
