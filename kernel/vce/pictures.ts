import type { MatrixPicture } from "../picture";

const NOTE = "Share of the attention that a level gets";

/**
 * Draws level weights: all levels against heads, then each level over the grid on one scale.
 *
 * @param byHead [levels, heads]
 * @param byToken [levels, H · W]
 */
export function levelPictures(
  indices: readonly number[],
  [rows, columns]: readonly [rows: number, columns: number],
  byHead: ArrayLike<number>,
  byToken: ArrayLike<number>,
): MatrixPicture[] {
  const heads = byHead.length / indices.length;
  const range = [0, Array.from(byToken).reduce((most, value) => Math.max(most, value), 0)] as const;
  const maps = indices.map((index, level): MatrixPicture => ({
    title: `Level ${index} over the grid`,
    rows: numbered(rows),
    columns: numbered(columns),
    axes: ["row", "column"],
    range,
    values: Array.from({ length: rows * columns }, (_, token) => byToken[level * rows * columns + token]),
    note: NOTE,
  }));
  const levels = indices.map((index) => `level ${index}`);
  return [
    {
      title: "Levels by head",
      rows: levels,
      columns: numbered(heads),
      axes: ["level", "head"],
      values: byHead,
      note: NOTE,
    },
    ...maps,
  ];
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i + 1));
