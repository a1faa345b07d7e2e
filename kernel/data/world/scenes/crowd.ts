import { drawBackdrop, drawOccluders } from "../draw/backdrop";
import { categories, drawShape, type CategoryName } from "../things/categories";
import { heldOutColors, type ColorName } from "../draw/colors";
import { Prng } from "../../../numeric/prng";
import { checkImage, drawObject, type Scene, type SceneObject, type Split, type Spot } from "./scene";
import { checkOptionNames, type OptionNames } from "../../../rules/option-names";
import { WorldError } from "../errors";
import { isWhole } from "../../../rules/rule-error";

/** Most objects of a crowd, and most of one category by design. */
export const MOST_OBJECTS = 5;
const MOST_ALIKE = 4;

/** Options of {@link crowd}. */
export interface CrowdOptions {
  /** Split of the scene. Default `"train"`. */
  readonly split?: Split;
  /** Probability of a cover over one of the objects. Default 0.3. */
  readonly occlusion?: number;
  /** Pixels on a side, 32 to 512. Default 128. */
  readonly size?: number;
  /** Most objects, 1 to 5; fewer ones are larger. Default 5. */
  readonly objects?: number;
}

/**
 * Draws the parameters of an image with one to five objects that do not overlap, for questions and referring phrases.
 * The first object's category occurs one to four times, each as often as the others; a quarter of the other objects
 * have its colour. The same seed and split give the same scene, apart from those of {@link scene}; no two splits share
 * an instance.
 *
 * @throws WorldError for a seed that is not an integer in [0, 2^53), or a split, size, number or probability out of range.
 */
export function crowd(seed: number, options: CrowdOptions = {}): Scene {
  checkOptionNames("data.world.crowd", options, NAMES, WorldError);
  const { split = "train", occlusion = 0.3, size = 128, objects: most = MOST_OBJECTS } = options;
  checkImage("data.world.crowd", seed, split, size);
  if (!(occlusion >= 0 && occlusion <= 1))
    throw new WorldError("data.world.crowd", "occlusion must be a probability in [0, 1]", occlusion);
  if (!isWhole(most) || most > MOST_OBJECTS)
    throw new WorldError("data.world.crowd", `objects must be a whole number in 1..${MOST_OBJECTS}`, most);
  const random = new Prng(seed, `${split}/crowd`);
  const objects = drawObjects(split, most, random);
  const colors = objects.map((object) => object.color);
  return {
    seed,
    split,
    view: 0,
    size,
    objects,
    backdrop: drawBackdrop(colors, random),
    occluders: random.chance(occlusion) ? drawOccluders(random.pick(objects), random).slice(0, 1) : [],
  };
}

function drawObjects(split: Split, most: number, random: Prng): SceneObject[] {
  const names = drawNames(most, random);
  const objects: SceneObject[] = [];
  for (const [i, spot] of drawSpots(names.length, random).entries()) {
    const category = names[i] as CategoryName;
    const shape = drawShape(category, random);
    const color = random.chance(0.25) ? borrowed(objects[0], category, split) : undefined;
    objects.push(drawObject(category, shape, spot, split, random, color));
  }
  return objects;
}

function drawNames(most: number, random: Prng): CategoryName[] {
  const main = random.pick(categories).name;
  const alike = 1 + random.int(Math.min(most, MOST_ALIKE));
  const others = categories.filter((spec) => spec.name !== main);
  return Array.from({ length: alike + random.int(most + 1 - alike) }, (_, i) =>
    i < alike ? main : random.pick(others).name,
  );
}

/** Returns the first object's colour, where the split allows it for the category. */
function borrowed(first: SceneObject | undefined, category: CategoryName, split: Split): ColorName | undefined {
  if (!first || (split !== "test" && heldOutColors(category).includes(first.color))) return undefined;
  return first.color;
}

/** Mean scale of the objects, by their number less one. */
const SCALES = [0.34, 0.24, 0.2, 0.175, 0.16] as const;

/** Reach of an object from its centre, in units of its scale. */
const REACH = 1.08;

/** Draws positions at which no two objects touch; the objects shrink until such positions exist. */
function drawSpots(count: number, random: Prng): Spot[] {
  for (let shrink = 1; ; shrink *= 0.96) {
    const spots: Spot[] = [];
    for (let tries = 0; tries < 12 * count && spots.length < count; tries++) {
      const spot = drawSpot((SCALES[count - 1] as number) * shrink * random.range(0.72, 1.28), random);
      if (spots.every((other) => isApart(spot, other))) spots.push(spot);
    }
    if (spots.length === count) return spots;
  }
}

function drawSpot(scale: number, random: Prng): Spot {
  const margin = Math.min(0.5, scale * REACH);
  return { x: random.range(margin, 1 - margin), y: random.range(margin, 1 - margin), scale };
}

function isApart(a: Spot, b: Spot): boolean {
  const [dx, dy, reach] = [a.x - b.x, a.y - b.y, (a.scale + b.scale) * REACH];
  return dx * dx + dy * dy > reach * reach;
}

const NAMES: OptionNames<CrowdOptions> = { split: true, occlusion: true, size: true, objects: true };
