import { checkArguments } from "../../rules/arguments";
import { least, most } from "../../numeric";
import { TaskError } from "../error";
import { assign as assignSparse } from "./sparse";

/** Row and column that belong together. */
export type Pair = readonly [row: number, column: number];

/**
 * Pairs rows and columns of a matrix one to one so that the sum of their costs is least (`scipy.optimize.linear_sum_assignment`), by
 * shortest augmenting paths with potentials (Jonker and Volgenant, Computing 38, 1987).
 *
 * @param costs [rows, columns], row-major
 * @returns as many pairs as the shorter side has entries, by row
 * @throws TaskError for another number of costs, or one that is not finite
 */
export function assign(costs: ArrayLike<number>, size: readonly [rows: number, columns: number]): Pair[] {
  const fn = "tasks.boxes.assign";
  checkArguments(fn, TaskError, { costs, size }, { costs: "list", size: "list" });
  const [rows, columns] = size;
  if (costs.length !== rows * columns)
    throw new TaskError(fn, `costs must be [${rows}, ${columns}]`, `${costs.length} values`);
  const wrong = Array.from(costs).find((cost) => !Number.isFinite(cost));
  if (wrong !== undefined) throw new TaskError(fn, "costs must be finite", wrong);
  if (rows * columns === 0) return [];
  if (rows <= columns) return partnersOf(rows, columns, (row, column) => costs[row * columns + column]);
  const turned = partnersOf(columns, rows, (column, row) => costs[row * columns + column]);
  return turned.map(([column, row]): Pair => [row, column]).sort(([a], [b]) => a - b);
}

function partnersOf(lefts: number, rights: number, costOf: (left: number, right: number) => number): Pair[] {
  const all = Float64Array.from({ length: lefts * rights }, (_, i) => costOf(Math.floor(i / rights), i % rights));
  const lowest = least(all);
  const { partners } = assignSparse({
    starts: Int32Array.from({ length: lefts + 1 }, (_, left) => left * rights),
    ends: Int32Array.from({ length: lefts * rights }, (_, i) => i % rights),
    costs: all.map((cost) => cost - lowest),
    rights,
    // Longer than any path, so that nobody stays alone.
    outlier: (most(all) - lowest + 1) * (lefts + 1),
  });
  return [...partners].map((partner, left): Pair => [left, partner]);
}
