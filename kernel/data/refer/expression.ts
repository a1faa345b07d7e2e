import type { Box } from "../../contracts/geometry";
import type { ReferError } from "./error";

/** Layout of the files of a data set. */
export type ReferLayout = "mdetr" | "seqtr" | "refer" | "grefcoco";

/** All layouts. */
export const LAYOUTS: readonly ReferLayout[] = ["mdetr", "seqtr", "refer", "grefcoco"];

/** A picture that expressions refer to. */
export interface ReferImage {
  /** Number in the original data set. */
  readonly id: number;
  /** Name of the file, without a folder. */
  readonly fileName: string;
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
}

/** A phrase with the boxes that it refers to. */
export interface ReferExpression {
  /** Name of the expression in its file; unique in a split where the ids of the file are. */
  readonly id: string;
  readonly image: ReferImage;
  readonly phrase: string;
  /** Corners in pixels; none for an expression without target. */
  readonly boxes: readonly Box[];
  /** Split of the expression, such as `train`, `val`, `testA` and `testB`. */
  readonly split: string;
}

/** Referring expressions of a data set. */
export interface ReferDataset {
  /** Absolute path of the file or folder. */
  readonly root: string;
  readonly layout: ReferLayout;
  readonly expressions: readonly ReferExpression[];
  /** Number of expressions of each split. */
  readonly splits: Readonly<Record<string, number>>;
  /** Expressions omitted with `malformed: "skip"`. */
  readonly problems: readonly ReferError[];
}

/** Returns the number of expressions of each split. */
export function countSplits(expressions: readonly ReferExpression[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { split } of expressions) counts.set(split, (counts.get(split) ?? 0) + 1);
  return Object.fromEntries(counts);
}
