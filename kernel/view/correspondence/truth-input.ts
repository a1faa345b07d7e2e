import { ViewError } from "../../protocol/core/error";
import type { Box, Point } from "../../protocol/core/geometry";
import type { GroundTruth } from "../../protocol/correspondence/payload";

/** Corresponding keypoints in pixels of the original images: `source[i]` is the same part as `target[i]`. */
export interface KeypointPair {
  source: readonly (readonly number[])[];
  target: readonly (readonly number[])[];
  names?: readonly string[];
  /** Box of the object on the target image, the unit of alpha. Without it the longer side of the image is used. */
  box?: readonly number[];
  /** Box of the object on the source image, for queries from target to source. */
  sourceBox?: readonly number[];
}

/** A pair as `data.spair.read` gives it: named keypoints and a box on each image. */
export interface SpairPairLike {
  readonly source: SpairViewLike;
  readonly target: SpairViewLike;
  /** Keypoints visible in both images. */
  readonly keypointIds: readonly string[];
}

/** One side of a pair in SPair-71k's layout. */
export interface SpairViewLike {
  /** Width and height of the annotated picture in pixels; a picture of another size is refused. Default: not compared. */
  readonly size?: readonly [width: number, height: number];
  readonly box: readonly number[];
  readonly keypoints: Readonly<Record<string, readonly number[] | null>>;
}

interface Size {
  width: number;
  height: number;
}

/** Checks keypoints and turns alpha into pixels. @throws ViewError */
export function groundTruth(
  where: string,
  input: KeypointPair | SpairPairLike,
  alpha: number,
  images: readonly [Size, Size],
): GroundTruth {
  if (isSpairPair(input)) checkSizes(where, input, images);
  const pair = isSpairPair(input) ? fromSpair(where, input) : input;
  if (!(alpha > 0 && alpha <= 1)) throw new ViewError(where, "alpha must lie in (0, 1]", alpha);
  const source = points(where, "keypoints.source", pair.source);
  const target = points(where, "keypoints.target", pair.target);
  if (!source.length) throw new ViewError(where, "keypoints.source must have at least one point", pair.source);
  if (source.length !== target.length)
    throw new ViewError(where, `keypoints.target must have ${source.length} points`, target.length);
  const names = checkNames(where, pair.names, source.length);
  return {
    source,
    target,
    ...(names && { names }),
    alpha,
    thresholds: [
      alpha * extent(where, "keypoints.sourceBox", pair.sourceBox, images[0]),
      alpha * extent(where, "keypoints.box", pair.box, images[1]),
    ],
  };
}

function isSpairPair(input: KeypointPair | SpairPairLike): input is SpairPairLike {
  return "keypointIds" in input && Array.isArray(input.keypointIds);
}

/** Keypoints of a picture of another size, or of one that is turned, would lie elsewhere. */
function checkSizes(where: string, { source, target }: SpairPairLike, images: readonly [Size, Size]): void {
  for (const [i, { size }] of [source, target].entries()) {
    const { width, height } = images[i];
    if (!size || (size[0] === width && size[1] === height)) continue;
    const side = i === 0 ? "source" : "target";
    const rule = `the ${side} picture is ${width} x ${height} pixels (turned upright), its annotation must be of that size`;
    throw new ViewError(where, rule, size.join(" x "));
  }
}

function fromSpair(where: string, { source, target, keypointIds }: SpairPairLike): KeypointPair {
  const pick = (view: SpairViewLike, side: string): readonly number[][] =>
    keypointIds.map((id) => {
      const point = view.keypoints[id];
      if (point) return [...point];
      throw new ViewError(where, `keypoints.${side}.keypoints must have a point "${id}"`, point);
    });
  const names = keypointIds.map((id) => `keypoint ${id}`);
  return {
    source: pick(source, "source"),
    target: pick(target, "target"),
    names,
    box: target.box,
    sourceBox: source.box,
  };
}

function points(where: string, name: string, list: KeypointPair["source"]): Point[] {
  if (!Array.isArray(list)) throw new ViewError(where, `${name} must be an array of [x, y]`, list);
  return list.map((point: unknown, i) => {
    if (isPoint(point)) return [point[0], point[1]];
    throw new ViewError(where, `${name}[${i}] must be [x, y] in pixels`, point);
  });
}

function isPoint(value: unknown): value is Point {
  return Array.isArray(value) && value.length === 2 && value.every(Number.isFinite);
}

function checkNames(where: string, names: readonly string[] | undefined, length: number): string[] | undefined {
  if (names && names.length !== length)
    throw new ViewError(where, `keypoints.names must have ${length} items`, names.length);
  return names?.map(String);
}

/** Longer side of the box, or of the image. */
function extent(where: string, name: string, box: readonly number[] | undefined, image: Size): number {
  if (!box) return Math.max(image.width, image.height);
  const [left, top, right, bottom] = box as Box;
  if (box.length === 4 && right > left && bottom > top) return Math.max(right - left, bottom - top);
  throw new ViewError(where, `${name} must be [left, top, right, bottom]`, [...box]);
}
