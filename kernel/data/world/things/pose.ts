import { compose, cosTurns, sinTurns, type Affine } from "../scenes/geometry";
import type { Prng } from "../../../numeric/prng";

/** Position and view of an object. Lengths are fractions of the image side. */
export interface Pose {
  /** Centre in [0, 1]. */
  readonly x: number;
  readonly y: number;
  /** Length of one unit of the figure; an object spans about twice as much. */
  readonly scale: number;
  /** Rotation clockwise, in turns. */
  readonly rotation: number;
  readonly mirrored: boolean;
  /** Foreshortening: factors on the figure's x and y, at most 1. */
  readonly narrowX: number;
  readonly narrowY: number;
  /** Shear: x moves by `shear` for each unit of y. */
  readonly shear: number;
}

/** Part of a pose given by the scene before the rest is drawn. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
  readonly mirrors: boolean;
}

/** Draws a pose: up to 32 degrees of rotation, foreshortening to 0.68 on one axis, shear to 0.24, mirroring in 40 %. */
export function drawPose(place: Place, random: Prng): Pose {
  const flat = random.chance(0.5) ? 1 - 0.32 * random.next() : 1;
  const along = random.chance(0.65);
  return {
    x: place.x,
    y: place.y,
    scale: place.scale,
    rotation: random.bell() * 0.09,
    mirrored: random.chance(0.4) && place.mirrors,
    narrowX: along ? flat : 1,
    narrowY: along ? 1 : Math.max(flat, 0.76),
    shear: random.bell() * 0.24,
  };
}

/** Returns the matrix from figure coordinates to pixels of an image of `side` pixels. */
export function poseMatrix(pose: Pose, side: number): Affine {
  const c = cosTurns(pose.rotation);
  const s = sinTurns(pose.rotation);
  const k = pose.scale * side;
  const sx = pose.mirrored ? -pose.narrowX : pose.narrowX;
  const view: Affine = [sx, pose.shear * pose.narrowY, 0, 0, pose.narrowY, 0];
  return compose([k * c, -k * s, pose.x * side, k * s, k * c, pose.y * side], view);
}

/** Returns foreshortening and shear in one number from 0 (frontal) up, for the viewpoint flag of a pair. */
export function obliqueness(pose: Pose): number {
  return 1 - pose.narrowX * pose.narrowY + Math.abs(pose.shear);
}
