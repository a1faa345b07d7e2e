import type { Grid } from "../../../contracts/geometry";
import { TaskError } from "../../error";
import { checkTask, type DenseTask, FACTS, IGNORE } from "../facts";
import type { Cells } from "./cells";
import { isWhole } from "../../../rules/rule-error";

/** Columns of one task in the targets of a dense probe. */
export interface TaskColumns {
  readonly task: DenseTask;
  /** True where a cell has a class, false where it has values. */
  readonly isClass: boolean;
  /** Cells of a token on each side. */
  readonly side: number;
  /** Number of classes, or of channels. */
  readonly outputs: number;
  /** First column. */
  readonly at: number;
  /** Columns of a cell: one a class; one a channel and one for cells that count. */
  readonly width: number;
}

/** Two classes of a mask. */
const MASK = 2;

/** Lays out the columns of tasks; column 0 counts tokens. */
export function columnsOf(
  fn: string,
  tasks: readonly DenseTask[],
  classes: Readonly<Partial<Record<DenseTask, number>>>,
  side: number,
): TaskColumns[] {
  let at = 1;
  return tasks.map((name) => {
    const task = checkTask(fn, name);
    const isClass = task !== "normals" && task !== "depth";
    const outputs =
      task === "boundary" ? MASK : FACTS[task].outputs === "classes" ? classes[task] : FACTS[task].outputs;
    if (!isWhole(outputs) || (outputs as number) > IGNORE)
      throw new TaskError(fn, `classes of ${task} must be a whole number of 1..${IGNORE}`, outputs);
    const own = task === "boundary" ? 2 * side : side;
    const width = isClass ? (outputs as number) : (outputs as number) + 1;
    const columns = { task, isClass, side: own, outputs: outputs as number, at, width };
    at += own * own * width;
    return columns;
  });
}

/** Returns the number of columns of all tasks. */
export const widthOf = (all: readonly TaskColumns[]): number =>
  all.reduce((sum, { side, width }) => sum + side * side * width, 1);

/** Place of a token's cell among all cells of a picture. */
export const cellAt = ([, columns]: Grid, side: number, token: number, cell: number): number => {
  const [row, column] = [Math.floor(token / columns), token % columns];
  return (row * side + Math.floor(cell / side)) * columns * side + column * side + (cell % side);
};

/**
 * Writes one task's targets of a picture, and returns the number of cells of each token that do not count.
 *
 * @param out rows of targets, the picture's first token at `from`
 */
export function writeTargets(
  { isClass, side, outputs, at, width, task }: TaskColumns,
  cells: Cells,
  grid: Grid,
  out: { data: Float32Array; width: number; from: number },
): Float32Array {
  const [tokens, each] = [grid[0] * grid[1], side * side];
  const missing = new Float32Array(tokens);
  for (let token = 0; token < tokens; token++)
    for (let cell = 0; cell < each; cell++) {
      const start = (out.from + token) * out.width + at + cell * width;
      const from = cellAt(grid, side, token, cell) * (isClass ? 1 : outputs);
      if (!(isClass ? writeClass : writeValues)(out.data, start, cells, from, outputs, task)) missing[token]++;
    }
  return missing;
}

function writeClass(
  out: Float32Array,
  start: number,
  cells: Cells,
  from: number,
  classes: number,
  task: DenseTask,
): boolean {
  const label = cells[from];
  if (label === IGNORE) return false;
  if (!(label >= 0 && label < classes))
    throw new TaskError("tasks.dense.DenseProbe", `labels of ${task} must lie in 0..${classes - 1}`, label);
  out[start + label] = 1;
  return true;
}

function writeValues(out: Float32Array, start: number, cells: Cells, from: number, channels: number): boolean {
  let isKnown = false;
  for (let c = 0; c < channels; c++) {
    out[start + c] = cells[from + c];
    isKnown ||= cells[from + c] !== 0;
  }
  out[start + channels] = Number(isKnown);
  return isKnown;
}
