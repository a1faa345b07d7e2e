import { WorldError } from "../errors";
import { bird, butterfly, fish, turtle } from "./animals";
import { cat, dog } from "./pets";
import type { Prng } from "../../../numeric/prng";
import { type Figure, type Param, type PartName, PARTS } from "./sketch";
import { house, mug, teapot } from "./things";
import { airplane, bicycle, boat, bus, car } from "./vehicles";

/** Name of a category of the world. */
export type CategoryName =
  | "airplane"
  | "bicycle"
  | "bird"
  | "boat"
  | "bus"
  | "butterfly"
  | "car"
  | "cat"
  | "dog"
  | "fish"
  | "house"
  | "mug"
  | "teapot"
  | "turtle";

/** Shape of one instance: a number in [0, 1] per named parameter, independent of pose and colours. */
export type Shape = Readonly<Record<string, number>>;

/** Specification of a category. */
export interface CategorySpec {
  readonly name: CategoryName;
  /** Keypoint names; the index is the keypoint id in SPair files. */
  readonly keypoints: readonly string[];
  /** Part types of its figure. */
  readonly parts: readonly PartName[];
  /** True when a mirrored view keeps the meaning of every keypoint name. */
  readonly mirrors: boolean;
}

const BUILDERS: Readonly<Record<CategoryName, (p: Param) => Figure>> = {
  airplane,
  bicycle,
  bird,
  boat,
  bus,
  butterfly,
  car,
  cat,
  dog,
  fish,
  house,
  mug,
  teapot,
  turtle,
};

const NO_MIRROR: ReadonlySet<CategoryName> = new Set<CategoryName>(["butterfly", "house"]);

/** Returns the figure of a category with a given shape; missing parameters take 0.5, the template's value. */
export function figure(category: CategoryName, shape: Shape = {}): Figure {
  return BUILDERS[category]((name, low, high) => low + (high - low) * (shape[name] ?? 0.5));
}

/** Draws the shape of a new instance. */
export function drawShape(category: CategoryName, random: Prng): Shape {
  const shape: Record<string, number> = {};
  BUILDERS[category]((name, low, high) => {
    shape[name] ??= random.next();
    return low + (high - low) * shape[name];
  });
  return shape;
}

function describe(name: CategoryName): CategorySpec {
  const template = figure(name);
  const used = new Set<PartName>(template.parts.map((part) => part.part));
  return {
    name,
    keypoints: template.keypoints.map(([key]) => key),
    parts: PARTS.filter((part) => used.has(part)),
    mirrors: !NO_MIRROR.has(name),
  };
}

/** All categories, sorted by name. */
export const categories: readonly CategorySpec[] = (Object.keys(BUILDERS) as CategoryName[]).sort().map(describe);

/** All part types, shared by the categories; the index is the id in a part map and 0 is `background`. */
export const parts: readonly PartName[] = PARTS;

/** Returns the part types of a category, seen or not. */
export function partsOfCategory(name: CategoryName): readonly PartName[] {
  return categories.find((spec) => spec.name === name)?.parts ?? [];
}

/**
 * Returns the specification of a category.
 *
 * @throws WorldError for an unknown name
 */
export function categoryNamed(name: string, where = "data.world.scene"): CategorySpec {
  const found = categories.find((spec) => spec.name === name);
  if (found) return found;
  const legal = categories.map((spec) => spec.name).join(", ");
  throw new WorldError(where, `legal categories are ${legal}`, name);
}

/** Returns the id of a category in files: 1 and up, in the order of `data.world.categories`. */
export function categoryId(name: string): number {
  return categories.findIndex((spec) => spec.name === name) + 1;
}

/** Words of place, by which alone parts of one kind differ. */
const PLACES = /\b(left|right|front|back|rear|hind|upper|lower|top|bottom|near|far|first|middle|last|third|door)\b ?/g;

/**
 * Groups of keypoint ids by category whose names differ only in their place, such as "left wing" and "right wing".
 * Features may confuse them, and the geometry-aware subset of `law.cScore` consists of them. Categories without such
 * parts are left out.
 */
export const lookAlikes: Readonly<Record<string, readonly (readonly string[])[]>> = Object.fromEntries(
  categories.flatMap(({ name, keypoints }) => {
    const byKind = new Map<string, string[]>();
    keypoints.forEach((keypoint, id) => {
      const kind = keypoint.replace(PLACES, "").trim();
      byKind.set(kind, [...(byKind.get(kind) ?? []), String(id)]);
    });
    const groups = [...byKind.values()].filter((ids) => ids.length >= 2);
    return groups.length > 0 ? [[name, groups]] : [];
  }),
);
