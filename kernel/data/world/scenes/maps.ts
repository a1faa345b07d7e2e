import { WorldError } from "../errors";
import { checkArguments } from "../../../rules/arguments";
import { clamp } from "../../../numeric";
import { categoryId } from "../things/categories";
import { invert } from "./geometry";
import { paint } from "../draw/paint";
import { poseMatrix } from "../things/pose";
import type { Rendered } from "../draw/render";
import type { Scene, SceneObject } from "./scene";
import { SUPERSAMPLING } from "../draw/shade";
import { SCENE_KIND } from "./kinds";
import { IMAGE_KIND } from "./kinds";

/** Row-major maps of an image, derived from its part map, its instances and its scene. */
export interface DenseMaps {
  /** Category of the object at each pixel, 1 and up in the order of `data.world.categories`; 0 elsewhere. */
  readonly categories: Uint8Array;
  /** Boundaries: 255 on pixels with a neighbour (left, right, above or below) of another object or part, else 0. */
  readonly boundaries: Uint8Array;
  /** Saliency: 255 on objects, 0 on the backdrop and on covers. */
  readonly saliency: Uint8Array;
  /** Unit vectors `[height, width, 3]`. */
  readonly normals: Float32Array;
}

/** Returns the dense maps of a scene and its image. */
export function denseMaps(scene: Scene, image: Rendered): DenseMaps {
  checkArguments("data.world.denseMaps", WorldError, { scene, image }, { scene: SCENE_KIND, image: IMAGE_KIND });
  const labels = scene.objects.map((object) => categoryId(object.category));
  const categories = image.instances.map((id) => labels[id - 1] ?? 0);
  return {
    categories,
    boundaries: boundariesOf(image, scene.objects.length),
    saliency: categories.map((id) => (id > 0 ? 255 : 0)),
    normals: normalsOf(scene),
  };
}

function boundariesOf({ instances, parts, width, height }: Rendered, objects: number): Uint8Array {
  const label = (at: number): number => {
    const id = instances[at] as number;
    return id > objects ? 0 : id * 256 + (parts[at] as number);
  };
  const edges = new Uint8Array(width * height);
  const compare = (a: number, b: number): void => {
    if (label(a) !== label(b)) edges[a] = edges[b] = 255;
  };
  for (let at = 0; at < edges.length; at++) {
    if ((at + 1) % width !== 0) compare(at, at + 1);
    if (at + width < edges.length) compare(at, at + width);
  }
  return edges;
}

/**
 * Normals of the ground, which rises towards the horizon, and of flat things (sky, clutter, covers), which face the
 * viewer.
 */
const [FLAT, GROUND] = [
  [0, 0, 1],
  [0, -0.8, 0.6],
] as const;
const GROUND_STROKE = 1;

/**
 * Returns surface normals, unit vectors `[size, size, 3]` in the viewer's frame: x to the right, y down, z towards the
 * viewer.
 *
 * They match the shading. An object is a dome over its figure's plane: at the figure's coordinates (u, v) its height is
 * -(u^2 + v^2) / 2, so (u, v, 1) is normal to it before it is posed. The renderer's light, 1.06 + 0.03 u - 0.16 v, is
 * the inner product of that vector with the direction (0.03, -0.16, 1.06). Like the light, v stops at -1 and 1. The
 * pose's matrix A (without its scale) turns the slopes into those of the image, A^-T (u, v).
 */
export function normalsOf(scene: Scene): Float32Array {
  const { size } = scene;
  const painting = paint(scene, SUPERSAMPLING);
  const domes = scene.objects.map((object) => makeDome(object, size));
  const normals = new Float32Array(size * size * 3);
  for (let at = 0; at < size * size; at++) {
    const [x, y] = [at % size, Math.floor(at / size)];
    const stroke = painting.cells[(y * SUPERSAMPLING + 1) * painting.side + x * SUPERSAMPLING + 1] as number;
    const dome = domes[(painting.strokes[stroke]?.instance ?? 0) - 1];
    normals.set(dome ? dome(x + 0.5, y + 0.5) : stroke === GROUND_STROKE ? GROUND : FLAT, at * 3);
  }
  return normals;
}

function makeDome(object: SceneObject, size: number): (x: number, y: number) => [number, number, number] {
  const [a, b, c, d, e, f] = invert("data.world.denseMaps", poseMatrix(object.pose, size));
  const scale = object.pose.scale * size;
  return (x, y) => {
    const u = a * x + b * y + c;
    const v = clamp(d * x + e * y + f, -1, 1);
    const [nx, ny] = [scale * (a * u + d * v), scale * (b * u + e * v)];
    const length = Math.sqrt(nx * nx + ny * ny + 1);
    return [nx / length, ny / length, 1 / length];
  };
}
