/** Placement of pictures on the square canvas on which correspondences are judged. */
import type { Placement, Point } from "../../contracts/geometry";

/** Rounds half to even like Python's `round`, which the released evaluation uses for its offsets. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Places a `width x height` image on a `side x side` canvas with one scale, centred on the shorter axis. */
export function letterbox([width, height]: Point, side: number): Placement {
  const scale = side / Math.max(width, height);
  const pad = (length: number, other: number) => Math.trunc((side - roundHalfEven((side * length) / other)) / 2);
  return {
    scaleX: scale,
    scaleY: scale,
    offsetX: height > width ? pad(width, height) : 0,
    offsetY: width > height ? pad(height, width) : 0,
  };
}

/** Stretches a `width x height` image to the whole canvas; each axis has its scale. */
export function stretch([width, height]: Point, side: number): Placement {
  return { scaleX: side / width, scaleY: side / height, offsetX: 0, offsetY: 0 };
}
