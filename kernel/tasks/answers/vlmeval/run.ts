import { join } from "../../../platform/path";
import { existsSync, mkdir } from "../../../platform/files";
import { isRecord, parseJson } from "../../../rules/json-text";
import { checkOptionNames, type OptionNames } from "../../../rules/option-names";
import { TaskError } from "../../error";
import { checkQuestions, columnsOf, indexOf, type KitQuestion, rowOf } from "./questions";
import { bytesOf, type Fields, firstTwice, readTable, tableText, writeWhole } from "./tables";

/** Predictions by the index of their question. */
export type KitPredictions = ReadonlyMap<string, string>;

/** Accuracy of predictions in shares of 1, as VLMEvalKit's `_acc.csv` has it. */
export interface KitScore {
  split: string;
  overall: number;
  /** By `category` and by `l2-category`. */
  abilities: Readonly<Record<string, number>>;
  /** Number of questions. */
  questions: number;
}

/**
 * Reads the predictions of a run of VLMEvalKit: XLSX, TSV, CSV or JSON with columns `index` and `prediction`.
 *
 * @param questions the questions that were asked; default: none, and only the table is checked
 * @throws TaskError for a table without these columns, an index twice, or predictions for other questions
 */
export async function readPredictions(path: string, questions?: readonly KitQuestion[]): Promise<KitPredictions> {
  const where = "tasks.answers.readPredictions";
  const rows = await readTable(path, where);
  for (const name of ["index", "prediction"]) {
    const gap = rows.find((row) => !Object.hasOwn(row, name));
    if (gap) throw new TaskError(where, `each row of the table must have a column ${name}`, Object.keys(gap));
  }
  if (rows.some((row) => row["index"] === "")) throw new TaskError(where, "each row must have an index", "");
  const found = new Map(rows.map((row) => [indexOf(row["index"]), row["prediction"]]));
  const twice = firstTwice(rows.map((row) => indexOf(row["index"])));
  if (twice !== undefined) throw new TaskError(where, "each index must stand once", twice);
  if (questions === undefined) return found;
  checkQuestions(where, questions);
  checkSame(where, questions, rows, found);
  return found;
}

function checkSame(
  where: string,
  questions: readonly KitQuestion[],
  rows: readonly Fields[],
  found: KitPredictions,
): void {
  const asked = new Map(questions.map((one) => [one.index, one]));
  const absent = questions.find(({ index }) => !found.has(index));
  const stray = [...found.keys()].find((index) => !asked.has(index));
  if (absent) throw new TaskError(where, "each question must have a prediction", absent.index);
  if (stray !== undefined) throw new TaskError(where, `predictions must be for these ${asked.size} questions`, stray);
  const other = rows.find(
    (row) => row["question"] && row["question"].trim() !== asked.get(indexOf(row["index"]))?.question.trim(),
  );
  if (other) throw new TaskError(where, `question ${other["index"]} must be the one that was asked`, other["question"]);
}

/**
 * Scores predictions by exact rules: of a question with choices the letter that the prediction begins with, names as the answer or
 * equals by its text; of an open question the text without case, spaces and a last full stop. VLMEvalKit's own default asks a language
 * model where its rules find no letter; here such a prediction is wrong.
 *
 * @returns one score for each split, or one named `none`
 * @throws TaskError for questions without an answer or a prediction, an answer that is no letter of the choices, or a single answer
 *   throughout
 */
export function scorePredictions(questions: readonly KitQuestion[], predictions: KitPredictions): KitScore[] {
  const where = "tasks.answers.scorePredictions";
  checkQuestions(where, questions);
  checkAnswers(where, questions, predictions);
  const blank = questions.find(({ answer }) => !answer);
  if (blank) throw new TaskError(where, "each question must have an answer", blank.index);
  const absent = questions.find(({ index }) => !predictions.has(index));
  if (absent) throw new TaskError(where, "each question must have a prediction", absent.index);
  if (questions.length > 1 && new Set(questions.map(answerText)).size === 1)
    throw new TaskError(where, "a benchmark must have more than one answer", questions[0].answer);
  const splits = groupsOf(questions, ({ split = "none" }) => split);
  return [...splits].map(([split, own]) => scoreOf(split, own, predictions));
}

/** Checks what is right, and what was predicted. */
function checkAnswers(where: string, questions: readonly KitQuestion[], predictions: KitPredictions): void {
  if (!(predictions instanceof Map)) throw new TaskError(where, "predictions must be a Map by index", predictions);
  const stray = questions.find(({ options, answer }) => options && answer && !Object.hasOwn(options, answer));
  if (stray)
    throw new TaskError(where, `the answer of question ${stray.index} must be a letter of its choices`, stray.answer);
  for (const [index, text] of predictions)
    if (typeof text !== "string") throw new TaskError(where, `the prediction of question ${index} must be text`, text);
}

/** Groups questions by a text, in the order of its first appearance; those without one are left out. */
function groupsOf(
  questions: readonly KitQuestion[],
  nameOf: (one: KitQuestion) => string | undefined,
): Map<string, KitQuestion[]> {
  const groups = new Map<string, KitQuestion[]>();
  for (const one of questions) {
    const name = nameOf(one);
    if (name === undefined) continue;
    const own = groups.get(name);
    if (own) own.push(one);
    else groups.set(name, [one]);
  }
  return groups;
}

/** The answer in words, so that letters of different choices are not one answer. */
const answerText = ({ answer = "", options }: KitQuestion): string => options?.[answer] ?? answer;

function scoreOf(split: string, questions: readonly KitQuestion[], predictions: KitPredictions): KitScore {
  const right = new Set(questions.filter((one) => isRight(one, predictions.get(one.index) as string)));
  const share = (own: readonly KitQuestion[]): number => own.filter((one) => right.has(one)).length / own.length;
  const abilities = (["l2Category", "category"] as const).flatMap((key) => {
    const groups = groupsOf(questions, (one) => one[key]);
    return [...groups.keys()].sort().map((name) => [name, share(groups.get(name) as KitQuestion[])] as const);
  });
  return { split, overall: share(questions), abilities: Object.fromEntries(abilities), questions: questions.length };
}

const bare = (text: string): string => text.trim().replace(/\.$/, "").replace(/\s+/g, " ").toLowerCase();

function isRight({ answer = "", options }: KitQuestion, prediction: string): boolean {
  if (!options) return bare(prediction) === bare(answer);
  return letterOf(prediction, options) === answer;
}

/**
 * Returns the letter that a prediction chooses, or null. Letters are capitals, since "a" is a word, and a choice's text is looked for
 * before a letter within a sentence, since "A dog" is a choice too.
 */
export function letterOf(prediction: string, options: Readonly<Record<string, string>>): string | null {
  const text = prediction.trim();
  const named = [...text.matchAll(/\banswer(?: is)?:?\s*/gi)].map((match) => text.slice(match.index + match[0].length));
  const letterIn = (places: readonly string[], rule: RegExp): string | undefined =>
    places
      .map((place) => rule.exec(place)?.[1])
      .find((letter) => letter !== undefined && Object.hasOwn(options, letter));
  const textIn = (place = ""): string | undefined => {
    const equal = Object.keys(options).filter((letter) => bare(options[letter]) === bare(place));
    return equal.length === 1 ? equal[0] : undefined;
  };
  const alone = letterIn([text, ...named], /^\(?([A-Z])(?:[).:,]|$)/);
  return alone ?? textIn(text) ?? textIn(named.at(-1)) ?? letterIn(named, /^\(?([A-Z])\b/) ?? null;
}

/** A run to be written. */
export interface KitRun {
  /** Name of the model. */
  model: string;
  /** Name of the benchmark. */
  dataset: string;
  questions: readonly KitQuestion[];
  /** Predictions, also of a part of the questions: the run's stage is then `infer`. */
  predictions: KitPredictions;
  /** Start of the run, which names its folder. Default: now. */
  at?: Date;
  /** Form of the predictions. Default `tsv`. */
  format?: "tsv" | "json";
}

/** Files of a written run. */
export interface WrittenRun {
  folder: string;
  predictions: string;
  /** Null until every question has a prediction and an answer. */
  scores: string | null;
  status: string;
}

const NAME = /^[\w.-]+$/;
const RUN: OptionNames<KitRun> = {
  model: true,
  dataset: true,
  questions: true,
  predictions: true,
  at: true,
  format: true,
};

/**
 * Writes a run in VLMEvalKit's folders: `<work>/<model>/T<yyyymmdd-hhmmss>/` with `<model>_<dataset>.tsv`, `.._acc.csv` and
 * `status.json` (schema 1.0; stage `pending`, `infer`, `eval` or `done`). A folder that is there already gets the data set added.
 *
 * @throws TaskError for an unknown field, a name with other characters than letters, digits, `_`, `-` and `.`, questions or
 *   predictions as {@link scorePredictions} refuses them, or a `status.json` of another form
 */
export async function writeRun(work: string, run: KitRun): Promise<WrittenRun> {
  const where = "tasks.answers.writeRun";
  checkOptionNames(where, run, RUN, TaskError);
  const { model, dataset, questions, predictions, at = new Date(), format = "tsv" } = run;
  if (typeof work !== "string" || !work) throw new TaskError(where, "the place must be a folder", work);
  for (const name of [model, dataset])
    if (typeof name !== "string" || !NAME.test(name) || name.startsWith("."))
      throw new TaskError(where, "names must be letters, digits, _, - and .", name);
  if (format !== "tsv" && format !== "json") throw new TaskError(where, "format must be tsv or json", format);
  if (!(at instanceof Date) || Number.isNaN(at.getTime())) throw new TaskError(where, "at must be a date", at);
  checkQuestions(where, questions);
  checkAnswers(where, questions, predictions);
  const count = questions.filter(({ index }) => predictions.has(index)).length;
  const isScored = count === questions.length && questions.every(({ answer }) => answer);
  const scores = isScored ? scorePredictions(questions, predictions) : null;
  const id = stampOf(at);
  const folder = join(work, model, id);
  const base = join(folder, `${model}_${dataset}`);
  const paths = { predictions: `${base}.${format}`, scores: `${base}_acc.csv`, status: join(folder, "status.json") };
  const known = existsSync(paths.status) ? await readStatus(paths.status, where) : {};
  await mkdir(folder, { recursive: true });
  await writePredictions(paths.predictions, questions, predictions, format);
  if (scores) await writeWhole(paths.scores, scoreText(scores));
  const stage = scores ? "done" : count === questions.length ? "eval" : count > 0 ? "infer" : "pending";
  const entry = {
    status: stage,
    prediction_file: `${model}_${dataset}.${format}`,
    ...(scores ? { primary_metric: "Overall", metrics: { Overall: scores[0].overall } } : {}),
    total: questions.length,
    predicted: count,
  };
  await writeStatus(paths.status, { id, model, dataset, entry, at, known });
  return { folder, predictions: paths.predictions, scores: scores ? paths.scores : null, status: paths.status };
}

/** `T20260801-093000`, in UTC. */
function stampOf(at: Date): string {
  const digits = at.toISOString().replace(/[-:]/g, "");
  return `T${digits.slice(0, 8)}-${digits.slice(9, 15)}`;
}

async function writePredictions(
  path: string,
  questions: readonly KitQuestion[],
  predictions: KitPredictions,
  format: "tsv" | "json",
): Promise<void> {
  const asked = questions.filter(({ index }) => predictions.has(index));
  const rows = asked.map((one): Fields => {
    // Predictions of the kit leave the pictures out.
    const row: Fields = { ...rowOf(one), prediction: predictions.get(one.index) as string };
    delete row["image"];
    return row;
  });
  const columns = [...columnsOf(questions).filter((name) => name !== "image"), "prediction"];
  await writeWhole(path, format === "json" ? `${JSON.stringify(rows, null, 2)}\n` : tableText(rows, columns, "\t"));
}

function scoreText(scores: readonly KitScore[]): string {
  const names = [...new Set(scores.flatMap(({ abilities }) => Object.keys(abilities)))];
  const rows = scores.map(({ split, overall, abilities }): Fields => {
    const cells = Object.entries(abilities).map(([name, share]) => [name, String(share)]);
    return { split, Overall: String(overall), ...(Object.fromEntries(cells) as Fields) };
  });
  return tableText(rows, ["split", "Overall", ...names], ",");
}

interface StatusEntry {
  id: string;
  model: string;
  dataset: string;
  entry: Record<string, unknown>;
  at: Date;
  /** Earlier content of the file. */
  known: Record<string, unknown>;
}

async function writeStatus(path: string, { id, model, dataset, entry, at, known }: StatusEntry): Promise<void> {
  const now = new Date().toISOString();
  const datasets = (known["datasets"] ?? {}) as Record<string, unknown>;
  const status = {
    schema_version: "1.0",
    eval_id: id,
    created_at: at.toISOString(),
    ...known,
    model_name: model,
    updated_at: now,
    datasets: { ...datasets, [dataset]: { ...entry, updated_at: now } },
  };
  await writeWhole(path, `${JSON.stringify(status, null, 2)}\n`);
}

/** Reads `status.json` of a run. */
async function readStatus(path: string, where: string): Promise<Record<string, unknown>> {
  try {
    const value = parseJson(new TextDecoder().decode(await bytesOf(path, where)));
    // Values are read at any depth, but not written.
    JSON.stringify(value);
    if (isRecord(value) && isRecord(value["datasets"] ?? {})) return value;
  } catch (error) {
    if (error instanceof TaskError) throw error;
    throw new TaskError(where, `status.json must hold JSON (${(error as Error).message})`, path);
  }
  throw new TaskError(where, "status.json must hold an object, and its datasets one", path);
}
