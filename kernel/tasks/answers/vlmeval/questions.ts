import { TaskError } from "../../error";
import { type Fields, firstTwice, readTable, tableText, writeWhole } from "./tables";

/** One question of VLMEvalKit's tables. */
export interface KitQuestion {
  /** Identifier, unique in the table. */
  index: string;
  question: string;
  /** Encoded picture in base64. Default: none. */
  image?: string;
  /** File of the picture in place of `image`. Default: none. */
  imagePath?: string;
  /** Text before the question. Default: none. */
  hint?: string;
  /** Choices by letter, A first; none for an open question. Default: none. */
  options?: Readonly<Record<string, string>>;
  /** Letter of the right choice, or the answer. Default: none. */
  answer?: string;
  /** Ability that is asked for. Default: none. */
  category?: string;
  /** Group of the ability. Default: none. */
  l2Category?: string;
  /** Split. Default: none. */
  split?: string;
}

/** Columns by the field that they fill. */
const COLUMNS = {
  image: "image",
  imagePath: "image_path",
  hint: "hint",
  answer: "answer",
  category: "category",
  l2Category: "l2-category",
  split: "split",
} as const;
const LETTER = /^[A-Z]$/;
/** A shorter cell of a picture is the index of the question whose picture it is. */
const SHORTEST_PICTURE = 64;

/**
 * Reads questions as VLMEvalKit's TSV (also CSV, JSON, XLSX) writes them. A picture that another question has is given by that
 * question's index, and is put in its place.
 *
 * @throws TaskError for a table that cannot be read, without `index` or `question`, an index twice, or a picture of no question
 */
export async function readQuestions(path: string): Promise<KitQuestion[]> {
  const where = "tasks.answers.readQuestions";
  const rows = await readTable(path, where);
  const questions = rows.map((row) => questionOf(row, where));
  const byIndex = new Map(questions.map((one) => [one.index, one]));
  if (byIndex.size < questions.length)
    throw new TaskError(where, "each index must stand once", firstTwice(questions.map(({ index }) => index)));
  return questions.map((one) => withPicture(one, byIndex, where));
}

/** Makes a question of a row. */
export function questionOf(row: Fields, where: string): KitQuestion {
  for (const name of ["index", "question"])
    if (!row[name])
      throw new TaskError(where, `each row must have ${name}; columns are ${Object.keys(row).join(", ")}`, row[name]);
  const given = Object.entries(COLUMNS).flatMap(([key, column]) => (row[column] ? [[key, row[column]] as const] : []));
  const options = Object.entries(row).filter(([name, text]) => LETTER.test(name) && text !== "");
  return {
    index: indexOf(row["index"]),
    question: row["question"],
    ...Object.fromEntries(given),
    ...(options.length ? { options: Object.fromEntries(options) } : {}),
  };
}

/** pandas writes whole numbers of a column with gaps as 3.0. */
export const indexOf = (cell: string): string => (/^\d+\.0$/.test(cell) ? cell.slice(0, -2) : cell);

function withPicture(one: KitQuestion, byIndex: ReadonlyMap<string, KitQuestion>, where: string): KitQuestion {
  if (one.image === undefined || one.image.length > SHORTEST_PICTURE) return one;
  const image = byIndex.get(indexOf(one.image))?.image;
  if (image === undefined || image.length <= SHORTEST_PICTURE)
    throw new TaskError(
      where,
      `the picture of question ${one.index} must be base64 or the index of a question with one`,
      one.image,
    );
  return { ...one, image };
}

/** Returns a question as a row. */
export function rowOf({ index, question, options = {}, ...rest }: KitQuestion): Fields {
  const given = Object.entries(COLUMNS).flatMap(([key, column]) => {
    const value = rest[key as keyof typeof rest];
    return value === undefined ? [] : [[column, value] as const];
  });
  return { index, question, ...Object.fromEntries(given), ...options };
}

/** Returns the columns of questions in the kit's order. */
export function columnsOf(questions: readonly KitQuestion[]): string[] {
  const letters = new Set(questions.flatMap(({ options = {} }) => Object.keys(options)));
  const used = new Set(questions.flatMap((one) => Object.keys(rowOf(one))));
  const order = [
    "index",
    "image",
    "image_path",
    "question",
    "hint",
    ...[...letters].sort(),
    "answer",
    "category",
    "l2-category",
    "split",
  ];
  return order.filter((name) => used.has(name));
}

/**
 * Writes questions as VLMEvalKit's TSV; a half-written file never stands in its place.
 *
 * @throws TaskError for no questions, one without index or question, an index twice, or a choice whose letter is none
 */
export async function writeQuestions(path: string, questions: readonly KitQuestion[]): Promise<void> {
  const where = "tasks.answers.writeQuestions";
  if (typeof path !== "string" || !path) throw new TaskError(where, "the place must be a file", path);
  checkQuestions(where, questions);
  await writeWhole(path, tableText(questions.map(rowOf), columnsOf(questions), "\t"));
}

/** Checks that all fields are text, indices differ and choices have letters. */
export function checkQuestions(where: string, questions: readonly KitQuestion[]): void {
  if (!Array.isArray(questions)) throw new TaskError(where, "questions must be a list", questions);
  if (!questions.length) throw new TaskError(where, "there must be a question", 0);
  for (const one of questions) checkFields(where, one);
  const twice = firstTwice(questions.map(({ index }) => index));
  if (twice !== undefined) throw new TaskError(where, "each index must stand once", twice);
}

function checkFields(where: string, one: KitQuestion): void {
  if (typeof one !== "object" || one === null) throw new TaskError(where, "each question must be an object", one);
  const { index, options = {} } = one;
  for (const key of ["index", "question"] as const)
    if (typeof one[key] !== "string" || !one[key])
      throw new TaskError(where, `each question must have ${key}`, one[key]);
  for (const key of Object.keys(COLUMNS) as (keyof typeof COLUMNS)[])
    if (one[key] !== undefined && typeof one[key] !== "string")
      throw new TaskError(where, `${key} of question ${index} must be text`, one[key]);
  if (typeof options !== "object" || options === null)
    throw new TaskError(where, `choices of question ${index} must be an object`, options);
  for (const [letter, text] of Object.entries(options)) {
    if (!LETTER.test(letter)) throw new TaskError(where, `choices of question ${index} must have letters A..Z`, letter);
    if (typeof text !== "string") throw new TaskError(where, `choices of question ${index} must be text`, text);
  }
}
