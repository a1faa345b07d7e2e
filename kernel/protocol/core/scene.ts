import type { ColorMapName } from "./color";
import type { GridPlacement, Point } from "./geometry";

/** Values drawn over an image. */
export interface Heat {
  values: ArrayLike<number>;
  placement: GridPlacement;
  range: [number, number];
  colormap: ColorMapName;
  opacity: number;
}

/** Looks of boxes, which differ by color and by dashes: of the first and the second kind, and of the truth. */
export type BoxLook = "first" | "second" | "truth";

/** One mark on an image, in image pixels. */
export type Mark =
  | { kind: "keypoint"; at: Point }
  | { kind: "patch"; at: Point; size: [number, number]; cursor: boolean }
  | { kind: "runner-up"; at: Point; rank: number }
  | { kind: "best"; at: Point; mutual: boolean }
  | { kind: "truth"; at: Point; from: Point; radius: number; correct: boolean }
  | { kind: "box"; at: Point; size: [number, number]; look: BoxLook; label: string; strong: boolean }
  | { kind: "pin"; at: Point; number: number; selected: boolean };

/** Colors of patches in place of the image. */
export interface BaseColors {
  /** `[rows, columns, 4]`, 0..255. */
  colors: Uint8ClampedArray<ArrayBuffer>;
  placement: GridPlacement;
}

/** Layers drawn over an image. */
export interface Scene {
  base?: BaseColors;
  heat?: Heat;
  grid?: GridPlacement;
  marks: Mark[];
}
