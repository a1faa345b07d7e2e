import { type CategoryName, figure, type Shape } from "../things/categories";
import { colorNames, mix, tint, type ColorName, type Rgb } from "./colors";
import { apply, box, ellipse, limb, smooth, type Point } from "../scenes/geometry";
import { type Pose, poseMatrix } from "../things/pose";
import type { Prng } from "../../../numeric/prng";

/** A polygon of one colour, in fractions of the image side: clutter behind an object, or an occluder in front of it. */
export interface Blob {
  readonly outline: readonly Point[];
  readonly color: Rgb;
}

/** Scenery behind the objects. */
export interface Backdrop {
  /** Colour word of the ground, as in captions. */
  readonly ground: ColorName;
  readonly groundColor: Rgb;
  /** Colours of the sky (or wall) at the top and at the horizon. */
  readonly sky: readonly [Rgb, Rgb];
  /** Height of the ground's edge at the left and right border, 0 (top) to 1. */
  readonly horizon: readonly [number, number];
  /** Amplitude of the mottling, 0..255. */
  readonly grain: number;
  readonly grainSeed: number;
  readonly clutter: readonly Blob[];
}

/** Draws a backdrop whose ground has none of the objects' colours. */
export function drawBackdrop(taken: readonly ColorName[], random: Prng): Backdrop {
  const ground = random.pick(colorNames.filter((name) => !taken.includes(name)));
  const groundColor = mix(tint(ground, random), [214, 208, 200], random.range(0.12, 0.3));
  const wall = tint(random.pick(colorNames), random);
  const pale = mix(wall, [232, 234, 238], random.range(0.45, 0.85));
  const level = random.range(0.42, 0.74);
  const tilt = random.bell() * 0.08;
  return {
    ground,
    groundColor,
    sky: [pale, mix(pale, [252, 250, 244], random.range(0.2, 0.7))],
    horizon: [level - tilt, level + tilt],
    grain: random.range(0, 9),
    grainSeed: random.int(0x7fffffff),
    clutter: Array.from({ length: random.int(8) }, () => drawClutter(random)),
  };
}

function drawClutter(random: Prng): Blob {
  const [x, y] = [random.next(), random.next()];
  const r = random.range(0.02, 0.13);
  const color = mix(tint(random.pick(colorNames), random), [226, 222, 216], random.range(0, 0.6));
  return { outline: drawOutline(x, y, r, random), color };
}

function drawOutline(x: number, y: number, r: number, random: Prng): Point[] {
  const turn = random.next();
  switch (random.int(5)) {
    case 0:
      return ellipse(x, y, r, r * random.range(0.5, 1), turn);
    case 1:
      return ellipse(x, y, r, r * random.range(0.6, 1), turn, 3);
    case 2:
      return box(x - r, y - r * random.range(0.3, 1), x + r, y + r * random.range(0.3, 1), r * 0.2);
    case 3:
      return limb(x, y, x + random.bell() * r * 3, y + random.bell() * r * 3, r * 0.3, r * 0.2);
    default:
      return drawStone(x, y, r, random);
  }
}

function drawStone(x: number, y: number, r: number, random: Prng): Point[] {
  return smooth(
    ellipse(x, y, 1, 1, 0, 7).map(([px, py]): Point => {
      const k = r * random.range(0.6, 1.15);
      return [x + (px - x) * k, y + (py - y) * k];
    }),
    4,
  );
}

/** Facts of an object that determine its occluders. */
interface Occluded {
  readonly category: CategoryName;
  readonly shape: Shape;
  readonly pose: Pose;
  readonly color: ColorName;
}

/** Draws one to three shapes over an object: posts, leaves and stones, each near one of its keypoints. */
export function drawOccluders(object: Occluded, random: Prng): Blob[] {
  const matrix = poseMatrix(object.pose, 1);
  const { keypoints } = figure(object.category, object.shape);
  return Array.from({ length: 1 + random.int(3) }, () => {
    const [, kx, ky] = random.pick(keypoints);
    const [x, y] = apply(matrix, kx, ky);
    const reach = object.pose.scale;
    const color = tint(random.pick(colorNames.filter((name) => name !== object.color)), random);
    const [ox, oy] = [x + random.bell() * reach * 0.3, y + random.bell() * reach * 0.3];
    return { outline: drawCover(ox, oy, reach, random), color };
  });
}

function drawCover(x: number, y: number, reach: number, random: Prng): Point[] {
  if (random.chance(0.3)) {
    const half = reach * random.range(0.07, 0.14);
    const lean = random.bell() * 0.2;
    return limb(x - lean, y - random.range(0.4, 1.1), x + lean, y + random.range(0.4, 1.1), half);
  }
  return drawOutline(x, y, reach * random.range(0.24, 0.46), random);
}
