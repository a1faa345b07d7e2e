import type { Grid } from "../../contracts/geometry";

/** Sizes of one call of the sampling; K is the number of samples of a query and head, levels · points. */
export interface SamplingSizes {
  B: number;
  N: number;
  H: number;
  D: number;
  S: number;
  K: number;
  sizes: readonly Grid[];
  points: number;
}
