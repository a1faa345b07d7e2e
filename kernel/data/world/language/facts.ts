import { WorldError } from "../errors";
import { checkArguments } from "../../../rules/arguments";
import { parts as partNames, type CategoryName } from "../things/categories";
import type { ColorName } from "../draw/colors";
import type { Box } from "../../../contracts/geometry";
import type { Rendered } from "../draw/render";
import type { Relation, Scene, SceneObject } from "../scenes/scene";
import type { PartName } from "../things/sketch";
import type { TextureName } from "../draw/texture";
import { SCENE_KIND } from "../scenes/kinds";
import { IMAGE_KIND } from "../scenes/kinds";

/** Facts about an object visible in the image. */
export interface ObjectFacts {
  /** Number in the map of instances, 1 and up. */
  readonly id: number;
  readonly category: CategoryName;
  /** Colour word of its body in captions. */
  readonly color: ColorName;
  readonly texture: TextureName;
  /** Length of one unit of its figure, as a fraction of the image side, comparable between categories. */
  readonly scale: number;
  /** Tight box of its visible pixels. */
  readonly box: Box;
  /** Number of visible pixels. */
  readonly area: number;
  /** Visible part types, in the order of `data.world.parts`. */
  readonly parts: readonly PartName[];
}

/** Smallest share of the image's pixels of a visible object. */
const LEAST_SHARE = 1 / 600;
/** Smallest share of a visible part. */
const LEAST_PART = 1 / 4000;

/** Returns the visible objects of an image, in the order of the scene. */
export function factsOf(scene: Scene, image: Rendered): ObjectFacts[] {
  checkArguments("data.world.factsOf", WorldError, { scene, image }, { scene: SCENE_KIND, image: IMAGE_KIND });
  const pixels = image.width * image.height;
  return scene.objects
    .map((object, i) => describe(object, i + 1, image))
    .filter((object) => object.area >= pixels * LEAST_SHARE);
}

function describe(object: SceneObject, id: number, image: Rendered): ObjectFacts {
  const { category, color, texture, pose } = object;
  const [box, area] = measure(image, id);
  return { id, category, color, texture: texture.name, scale: pose.scale, box, area, parts: partsOf(image, id) };
}

/** Returns the tight box and the number of pixels of an instance; the box is all zero when there is none. */
export function measure({ instances, width, height }: Rendered, id: number): [Box, number] {
  let [x1, y1, x2, y2, area] = [width, height, 0, 0, 0];
  for (let at = 0; at < instances.length; at++) {
    if (instances[at] !== id) continue;
    const [x, y] = [at % width, Math.floor(at / width)];
    x1 = Math.min(x1, x);
    y1 = Math.min(y1, y);
    x2 = Math.max(x2, x + 1);
    y2 = Math.max(y2, y + 1);
    area++;
  }
  return area === 0 ? [[0, 0, 0, 0], 0] : [[x1, y1, x2, y2], area];
}

function partsOf({ instances, parts }: Rendered, id: number): PartName[] {
  const counts = new Uint32Array(partNames.length);
  for (let at = 0; at < instances.length; at++) {
    if (instances[at] === id) counts[parts[at] as number] = (counts[parts[at] as number] as number) + 1;
  }
  return partNames.filter((_, part) => part > 0 && (counts[part] as number) >= instances.length * LEAST_PART);
}

/** Returns the distance in pixels from the centre of the box of `b` to that of `a` in the direction of a relation. */
export function lead(relation: Relation, a: ObjectFacts, b: ObjectFacts): number {
  const dx = (a.box[0] + a.box[2] - b.box[0] - b.box[2]) / 2;
  const dy = (a.box[1] + a.box[3] - b.box[1] - b.box[3]) / 2;
  switch (relation) {
    case "left of":
      return -dx;
    case "right of":
      return dx;
    case "above":
      return -dy;
    case "below":
      return dy;
    default:
      return relation satisfies never;
  }
}
