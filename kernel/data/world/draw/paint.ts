import { figure } from "../things/categories";
import type { Rgb } from "./colors";
import { apply, compose, invert, type Affine, type Point } from "../scenes/geometry";
import { poseMatrix } from "../things/pose";
import { Canvas } from "./raster";
import type { Scene, SceneObject } from "../scenes/scene";
import { PARTS, type Part } from "../things/sketch";
import { weave } from "./texture";

/** One painted polygon: its meaning and the colour of its pixels. */
export interface Stroke {
  /** Instance: 0 backdrop, 1 main object, 2 and up the others, {@link occluderId} occluders. */
  readonly instance: number;
  /** Part-type id; 0 outside objects. */
  readonly part: number;
  readonly color: Rgb;
  readonly second?: Rgb;
  readonly weave?: (x: number, y: number) => number;
  /** From cells of the map to the figure. */
  readonly toFigure?: Affine;
  /** From cells of the map to the template of the category, the figure with all parameters at 0.5. */
  readonly toTemplate?: Affine;
}

/** A scene as a map of strokes, `scale` cells for each pixel of the image side. */
export interface Painting {
  readonly side: number;
  readonly cells: Uint8Array;
  /** Indexed by the values of `cells`; 0 is the sky and 1 the ground. */
  readonly strokes: readonly Stroke[];
}

/** Returns the instance of occluders: 3, or one more than the objects of a crowd. */
export function occluderId(scene: Scene): number {
  return Math.max(3, scene.objects.length + 1);
}

/** Fills the polygons of a scene, back to front. */
export function paint(scene: Scene, scale: number): Painting {
  const side = scene.size * scale;
  const canvas = new Canvas(side);
  const strokes: Stroke[] = [];
  const put = (outline: readonly Point[], stroke: Stroke): void => {
    canvas.fill(outline, strokes.length);
    strokes.push(stroke);
  };
  const blob = (outline: readonly Point[]): Point[] => outline.map(([x, y]): Point => [x * side, y * side]);
  const { horizon, groundColor, sky, clutter } = scene.backdrop;
  put([], { instance: 0, part: 0, color: sky[0] });
  put(
    blob([
      [0, horizon[0]],
      [1, horizon[1]],
      [1, 1],
      [0, 1],
    ]),
    { instance: 0, part: 0, color: groundColor },
  );
  for (const { outline, color } of clutter) put(blob(outline), { instance: 0, part: 0, color });
  for (const [i, object] of [...scene.objects.entries()].reverse()) paintObject(object, i + 1, side, put);
  for (const { outline, color } of scene.occluders) put(blob(outline), { instance: occluderId(scene), part: 0, color });
  return { side, cells: canvas.cells, strokes };
}

function paintObject(
  object: SceneObject,
  instance: number,
  side: number,
  put: (outline: readonly Point[], stroke: Stroke) => void,
): void {
  const matrix = poseMatrix(object.pose, side);
  const toFigure = invert("data.world.render", matrix);
  const pattern = object.texture.name === "plain" ? undefined : weave(object.texture);
  const { parts } = figure(object.category, object.shape);
  const template = figure(object.category).parts;
  parts.forEach((part, i) => {
    const outline = part.outline.map(([x, y]) => apply(matrix, x, y));
    put(outline, {
      instance,
      part: PARTS.indexOf(part.part),
      color: object.palette[part.role],
      ...(pattern && part.role === "body" ? { weave: pattern, second: object.texture.second } : {}),
      toFigure,
      toTemplate: compose(fit(part, template[i] as Part), toFigure),
    });
  });
}

/** Returns the matrix that maps the bounding box of a part to that of the same part in the template. */
function fit(part: Part, template: Part): Affine {
  const [a, b] = [bounds(part.outline), bounds(template.outline)];
  const along = (i: 0 | 1): [number, number] => {
    const k = ((b[i + 2] as number) - (b[i] as number)) / ((a[i + 2] as number) - (a[i] as number) || 1);
    return [k, (b[i] as number) - k * (a[i] as number)];
  };
  const [kx, tx] = along(0);
  const [ky, ty] = along(1);
  return [kx, 0, tx, 0, ky, ty];
}

function bounds(outline: readonly Point[]): number[] {
  const box = [Infinity, Infinity, -Infinity, -Infinity] as [number, number, number, number];
  for (const [x, y] of outline) {
    if (x < box[0]) box[0] = x;
    if (y < box[1]) box[1] = y;
    if (x > box[2]) box[2] = x;
    if (y > box[3]) box[3] = y;
  }
  return box;
}
