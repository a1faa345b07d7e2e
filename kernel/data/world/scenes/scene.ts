import { categories, categoryNamed, drawShape, type CategoryName, type Shape } from "../things/categories";
import { colorNames, drawPalette, heldOutColors, type ColorName, type Rgb } from "../draw/colors";
import { drawBackdrop, drawOccluders, type Backdrop, type Blob } from "../draw/backdrop";
import { drawPose, type Pose } from "../things/pose";
import { Prng } from "../../../numeric/prng";
import type { Role } from "../things/sketch";
import { drawTexture, textureNames, type Texture } from "../draw/texture";
import { checkOptionNames, type OptionNames } from "../../../rules/option-names";
import { WorldError } from "../errors";
import { isWhole } from "../../../rules/rule-error";

/** Splits of the world; no two share a random stream. */
export const splits = ["train", "val", "test"] as const;

/** Name of a split. */
export type Split = (typeof splits)[number];

/** Position of the first object as seen from the second one. */
export type Relation = "above" | "below" | "left of" | "right of";

/** One object of a scene: shape, pose and colours are independent. */
export interface SceneObject {
  readonly category: CategoryName;
  readonly shape: Shape;
  readonly pose: Pose;
  readonly color: ColorName;
  readonly accent: ColorName;
  readonly palette: Readonly<Record<Role, Rgb>>;
  readonly texture: Texture;
  readonly sizeWord: "large" | "small" | "";
  /** True when the colour is one of {@link heldOutColors} of the category; only in the test split. */
  readonly heldOut: boolean;
}

/** Complete description of an image, as plain JSON. */
export interface Scene {
  readonly seed: number;
  readonly split: Split;
  readonly view: number;
  /** Pixels on a side. */
  readonly size: number;
  readonly backdrop: Backdrop;
  /**
   * Objects; the main object comes first and is painted last. A scene of {@link scene} has one or two, of different
   * categories.
   */
  readonly objects: readonly SceneObject[];
  /** Relation of the main object to the second one; absent for one object and in crowds. */
  readonly relation?: Relation;
  readonly occluders: readonly Blob[];
}

/** Options of {@link scene}. */
export interface SceneOptions {
  /** Split of the scene. Default `"train"`. */
  readonly split?: Split;
  /** Category of the main object. Default: drawn from the seed. */
  readonly category?: CategoryName;
  /** Number of the view: another pose, colouring and surrounding of the same instance. Default 0. */
  readonly view?: number;
  /** Probability of a second object. Default 0.35. */
  readonly companion?: number;
  /** Probability of a cover over the main object. Default 0.6. */
  readonly occlusion?: number;
  /** Pixels on a side, 32 to 512. Default 128. */
  readonly size?: number;
}

/**
 * Draws the parameters of an image. The same seed and options give the same scene on every platform.
 * The shape of the main object depends on `seed`, `split` and `category` alone: with another `view` the same instance
 * is seen in another pose, with other colours and surroundings, and its keypoints correspond exactly.
 *
 * @throws WorldError for a seed that is not an integer in [0, 2^53), an unknown category or split, or a size, view or
 *   probability out of range.
 */
export function scene(seed: number, options: SceneOptions = {}): Scene {
  checkOptionNames("data.world.scene", options, NAMES, WorldError);
  const { split = "train", view = 0, companion = 0.35, occlusion = 0.6, size = 128 } = options;
  checkImage("data.world.scene", seed, split, size);
  checkView(view);
  checkProbability("companion", companion);
  checkProbability("occlusion", occlusion);
  const stream = (name: string): Prng => new Prng(seed, `${split}/${name}`);
  const identity = stream("shape");
  const drawn = identity.pick(categories).name;
  const category = categoryNamed(options.category ?? drawn).name;
  const shape = drawShape(category, identity);
  const random = stream(`view ${view}`);
  const layout = drawLayout(random, random.chance(companion));
  const main = drawObject(category, shape, layout.places[0] as Spot, split, random);
  const objects = [main];
  if (layout.places[1]) objects.push(drawCompanion(main, layout.places[1], split, random));
  return {
    seed,
    split,
    view,
    size,
    objects,
    backdrop: drawBackdrop(
      objects.map((object) => object.color),
      random,
    ),
    ...(layout.relation ? { relation: layout.relation } : {}),
    occluders: random.chance(occlusion) ? drawOccluders(main, random) : [],
  };
}

/** Refuses arguments from which no image can be drawn; `where` is the public function. */
export function checkImage(where: string, seed: number, split: Split, size: number): void {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new WorldError(where, "seed must be an integer in [0, 2^53)", seed);
  }
  if (!splits.includes(split)) {
    throw new WorldError(where, `legal splits are ${splits.join(", ")}`, split);
  }
  if (!isWhole(size, 32) || size > 512) {
    throw new WorldError(where, "size must be an integer in 32..512", size);
  }
}

function checkView(view: number): void {
  if (Number.isSafeInteger(view) && view >= 0) return;
  throw new WorldError("data.world.scene", "view must be a non-negative integer", view);
}

function checkProbability(name: string, value: number): void {
  if (value >= 0 && value <= 1) return;
  throw new WorldError("data.world.scene", `${name} must be a probability in [0, 1]`, value);
}

/** Position of an object: centre and scale as in {@link Pose}. */
export interface Spot {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

const OFFSETS: Readonly<Record<Relation, readonly [number, number]>> = {
  above: [0, -1],
  below: [0, 1],
  "left of": [-1, 0],
  "right of": [1, 0],
};

function drawLayout(random: Prng, pair: boolean): { places: Spot[]; relation?: Relation } {
  if (!pair) {
    const scale = random.range(0.25, 0.46);
    const room = Math.max(0.06, 0.5 - scale * 0.9);
    return { places: [{ x: 0.5 + room * random.bell(), y: 0.5 + room * random.bell(), scale }] };
  }
  const relation = random.pick(Object.keys(OFFSETS) as Relation[]);
  const [dx, dy] = OFFSETS[relation];
  const at = (sign: number, low: number, high: number): Spot => {
    const far = random.range(0.2, 0.25) * sign;
    const slack = random.bell() * 0.14;
    return { x: 0.5 + dx * far + dy * slack, y: 0.5 + dy * far + dx * slack, scale: random.range(low, high) };
  };
  return { places: [at(1, 0.18, 0.3), at(-1, 0.16, 0.26)], relation };
}

/** Draws a colour of a category: held out in 40 % of the test split, elsewhere never. */
export function drawColor(category: CategoryName, split: Split, random: Prng): ColorName {
  const held = heldOutColors(category);
  const heldOut = split === "test" && random.chance(0.4);
  return random.pick(heldOut ? held : colorNames.filter((name) => !held.includes(name)));
}

/** Draws the pose and colours of an object; a given colour is kept. */
export function drawObject(
  category: CategoryName,
  shape: Shape,
  spot: Spot,
  split: Split,
  random: Prng,
  color = drawColor(category, split, random),
): SceneObject {
  const accent = random.pick(colorNames.filter((name) => name !== color));
  const palette = drawPalette(color, accent, random);
  const textureName = random.chance(0.4) ? "plain" : random.pick(textureNames.slice(1));
  const mirrors = categoryNamed(category).mirrors;
  return {
    category,
    shape,
    color,
    accent,
    palette,
    heldOut: heldOutColors(category).includes(color),
    pose: drawPose({ ...spot, mirrors }, random),
    texture: drawTexture(textureName, palette.body, random),
    sizeWord: spot.scale >= 0.34 ? "large" : spot.scale < 0.23 ? "small" : "",
  };
}

function drawCompanion(main: SceneObject, spot: Spot, split: Split, random: Prng): SceneObject {
  const category = random.pick(categories.filter((spec) => spec.name !== main.category)).name;
  return drawObject(category, drawShape(category, random), spot, split, random);
}

const NAMES: OptionNames<SceneOptions> = {
  split: true,
  category: true,
  view: true,
  companion: true,
  occlusion: true,
  size: true,
};
