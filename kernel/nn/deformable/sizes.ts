/** Height and width of one level's grid. */
export type GridSize = readonly [height: number, width: number];

/** Sizes of one call of the sampling; K is the number of samples of a query and head, levels · points. */
export interface SamplingSizes {
  B: number;
  N: number;
  H: number;
  D: number;
  S: number;
  K: number;
  sizes: readonly GridSize[];
  points: number;
}
