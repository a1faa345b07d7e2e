import { RuleError } from "./rule-error";

/** A matrix to look at, with names: what an evaluation may show beside its numbers. */
export interface MatrixPicture {
  /** The same from one evaluation to the next: by it a viewer knows that they are one picture that changes. */
  title: string;
  /** Names of the rows, top to bottom. */
  rows: readonly string[];
  /** Names of the columns, left to right. */
  columns: readonly string[];
  /** `rows x columns` values, row by row; those that are not finite stay empty. */
  values: ArrayLike<number>;
  /** What rows and columns are, as `["task", "unit"]`. */
  axes?: readonly [rows: string, columns: string];
  /** Values of the lowest and the highest colour; default the smallest and the largest that there is. */
  range?: readonly [min: number, max: number];
  /** What is shown, in a sentence. */
  note?: string;
}

/** @throws RuleError unless there is a value for every row and column */
export function checkPicture(where: string, picture: MatrixPicture): void {
  const { title, rows, columns, values } = picture;
  if (typeof title !== "string" || !title) throw new RuleError(where, "a picture must have a title", title);
  if (!rows.length || !columns.length)
    throw new RuleError(where, `picture ${title} must have rows and columns`, [rows.length, columns.length]);
  const expected = rows.length * columns.length;
  if (values.length !== expected)
    throw new RuleError(
      where,
      `picture ${title} must hold ${rows.length} x ${columns.length} = ${expected} values`,
      values.length,
    );
}
