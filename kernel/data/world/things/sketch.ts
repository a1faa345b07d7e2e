import type { Point } from "../scenes/geometry";

/** Part types, shared by all categories; the index is the id in a part map, and 0 is the background. */
export const PARTS = [
  "background",
  "body",
  "head",
  "eye",
  "ear",
  "nose",
  "beak",
  "mouth",
  "leg",
  "tail",
  "fin",
  "wing",
  "shell",
  "antenna",
  "collar",
  "wheel",
  "hub",
  "window",
  "door",
  "headlight",
  "taillight",
  "bumper",
  "roof",
  "chimney",
  "handle",
  "spout",
  "lid",
  "rim",
  "base",
  "emblem",
  "mast",
  "sail",
  "flag",
  "frame",
  "saddle",
  "engine",
  "wall",
  "step",
] as const;

/** Name of a part type. */
export type PartName = (typeof PARTS)[number];

/** Colour of a part: the named colour, its shade, the second colour, or a colour of the material. */
export type Role = "body" | "shade" | "accent" | "dark" | "light" | "glass" | "metal" | "lamp";

/** One painted polygon of a figure. */
export interface Part {
  readonly part: PartName;
  readonly role: Role;
  readonly outline: readonly Point[];
}

/** Object before posing: polygons in paint order and named keypoints, about [-1, 1] in x and y, y down. */
export interface Figure {
  readonly parts: readonly Part[];
  readonly keypoints: readonly (readonly [name: string, x: number, y: number])[];
}

/** Shape parameter: `name` selects a number in [0, 1], which is mapped onto [low, high]. */
export type Param = (name: string, low: number, high: number) => number;

/** Collects the parts and keypoints of one figure; later parts are painted over earlier ones. */
export class Sketch implements Figure {
  readonly parts: Part[] = [];
  readonly keypoints: [string, number, number][] = [];

  /** Paints a polygon. */
  part(part: PartName, role: Role, outline: readonly Point[]): this {
    this.parts.push({ part, role, outline });
    return this;
  }

  /** Names a point. It must lie on a painted part, so that its visibility can be read from the instance map. */
  key(name: string, x: number, y: number): this {
    this.keypoints.push([name, x, y]);
    return this;
  }
}
