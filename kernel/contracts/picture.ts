import { RuleError } from "../rules/rule-error";

/** Matrix for display with names, shown beside an evaluation's numbers. */
export interface MatrixPicture {
  /** Title, constant between evaluations: a viewer identifies a changing picture by it. */
  title: string;
  /** Names of the rows, top to bottom. */
  rows: readonly string[];
  /** Names of the columns, left to right. */
  columns: readonly string[];
  /** `rows x columns` values, row by row; those that are not finite stay empty. */
  values: ArrayLike<number>;
  /** Meaning of rows and columns, as `["task", "unit"]`. */
  axes?: readonly [rows: string, columns: string];
  /** Values of the lowest and the highest colour. Default: the smallest and the largest value. */
  range?: readonly [min: number, max: number];
  /** Content of the picture in one sentence. Default: none. */
  note?: string;
}

/**
 * Checks a picture.
 *
 * @throws RuleError unless there is a value for every row and column
 */
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
