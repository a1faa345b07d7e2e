import type { RawImage } from "../../data/image";
import {
  answers as possibleAnswers,
  type QuestionType,
  questionTypes,
  quiz,
} from "../../data/world/language/questions";
import { type Split, splits } from "../../data/world/scenes/scene";
import { mean, wilson } from "../../numeric";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { platform } from "../../platform";
import { base64Encode } from "../../protocol/core/base64";
import { TaskError } from "../error";
import { drawnDigits, drawnLetters, drawText } from "./drawn-text";
import type { KitQuestion } from "./vlmeval/questions";
import { isWhole } from "../../rules/rule-error";

/** The eight benchmarks of the world: its seven types of questions, and reading drawn letters and digits. */
export const benchmarkNames = [...questionTypes, "reading"] as const;

/** Name of a benchmark of the world. */
export type BenchmarkName = QuestionType | "reading";

/** One question of a benchmark. */
export interface BenchmarkItem {
  /** Identifier such as `count/test/17`. */
  id: string;
  question: string;
  /** Right answer, one of `choices`. */
  answer: string;
  /** All answers that the question allows. */
  choices: readonly string[];
  picture: RawImage;
}

/** Options of {@link benchmark}. */
export interface WorldBenchmarkOptions {
  /** Split of the pictures. Default `test`. */
  split?: Split;
  /** Number of questions, one a picture. Default 400, the size of the fixed split. */
  count?: number;
}

/** Score of answers to a benchmark, in shares of 1. */
export interface BenchmarkScore {
  accuracy: number;
  /** 95 % interval of the accuracy (Wilson 1927). */
  interval: readonly [low: number, high: number];
  /** Accuracy that guessing evenly among the choices has. */
  chance: number;
  /** Accuracy of the most frequent answer of the training questions; null where none are given. */
  majority: number | null;
  /** Number of questions. */
  questions: number;
  /** True where the interval lies above both chance and majority. */
  isAbove: boolean;
}

const NAMES: OptionNames<WorldBenchmarkOptions> = { split: true, count: true };
const FN = "tasks.answers.benchmark";
/** Pictures that are looked at for each question before a benchmark is given up. */
const PATIENCE = 20;

/**
 * Returns the questions of a benchmark of the world, one a picture: those of the seeds 0, 1, … whose scene allows the question. The
 * same name, split and count give the same questions everywhere, and no two splits share an instance.
 *
 * @throws TaskError for an unknown name or split, or a count that is not whole
 */
export function benchmark(name: BenchmarkName, options: WorldBenchmarkOptions = {}): BenchmarkItem[] {
  checkOptionNames(FN, options, NAMES, TaskError);
  const { split = "test", count = 400 } = options;
  if (!benchmarkNames.includes(name)) throw new TaskError(FN, `benchmarks are ${benchmarkNames.join(", ")}`, name);
  if (!(splits as readonly string[]).includes(split)) throw new TaskError(FN, `splits are ${splits.join(", ")}`, split);
  if (!isWhole(count)) throw new TaskError(FN, "count must be a whole number above 0", count);
  const items: BenchmarkItem[] = [];
  for (let seed = 0; items.length < count && seed < PATIENCE * count; seed++) {
    const item = itemOf(name, seed, split);
    if (item) items.push(item);
  }
  return items;
}

function itemOf(name: BenchmarkName, seed: number, split: Split): BenchmarkItem | null {
  const id = `${name}/${split}/${seed}`;
  if (name === "reading") {
    const { picture, sign, isDigit } = drawText(seed, split);
    const question = isDigit ? "what digit is written?" : "what letter is written?";
    return { id, question, answer: sign, choices: isDigit ? drawnDigits : drawnLetters, picture };
  }
  const { questions, image } = quiz(seed, { split });
  const found = questions.find(({ type }) => type === name);
  return found
    ? { id, question: found.question, answer: found.answer, choices: possibleAnswers[name], picture: image }
    : null;
}

/** A question without its picture. */
type Asked = Pick<BenchmarkItem, "question" | "answer" | "choices">;

/**
 * Scores answers beside chance and the most frequent answer.
 *
 * @param items questions in order
 * @param given answers in the same order; case and outer spaces do not count
 * @param training questions whose most frequent answer is the baseline; default none
 * @throws TaskError for another number of answers, one that is no text, no questions, or a benchmark with a single answer
 */
export function scoreBenchmark(
  items: readonly Asked[],
  given: readonly string[],
  training?: readonly Asked[],
): BenchmarkScore {
  const fn = "tasks.answers.scoreBenchmark";
  checkAsked(fn, items);
  if (training !== undefined) checkAsked(fn, training);
  if (!Array.isArray(given) || !given.every((answer) => typeof answer === "string"))
    throw new TaskError(fn, "answers must be a list of text", given);
  if (!items.length) throw new TaskError(fn, "there must be a question", 0);
  if (given.length !== items.length) throw new TaskError(fn, `there must be ${items.length} answers`, given.length);
  if (new Set(items.map(({ answer }) => answer)).size < 2)
    throw new TaskError(fn, "a benchmark must have more than one answer", items[0].answer);
  const right = items.filter(({ answer }, i) => given[i].trim().toLowerCase() === answer).length;
  const accuracy = right / items.length;
  const interval = wilson(accuracy, items.length);
  const chance = mean(items.map(({ choices }) => 1 / choices.length));
  const common = training?.length ? mostFrequent(training) : null;
  const majority = common === null ? null : items.filter(({ answer }) => answer === common).length / items.length;
  const isAbove = interval[0] > Math.max(chance, majority ?? 0);
  return { accuracy, interval, chance, majority, questions: items.length, isAbove };
}

function checkAsked(fn: string, items: readonly Asked[]): void {
  if (!Array.isArray(items)) throw new TaskError(fn, "questions must be a list", items);
  const wrong = (items as unknown[]).findIndex((one) => {
    const { answer, choices } = Object(one) as Partial<Asked>;
    return typeof answer !== "string" || !Array.isArray(choices) || !choices.includes(answer);
  });
  if (wrong >= 0)
    throw new TaskError(fn, `question ${wrong} must have choices and one of them as its answer`, items[wrong]);
}

/** The most frequent answer; of equally frequent ones the first. */
function mostFrequent(items: readonly Asked[]): string {
  const counts = new Map<string, number>();
  for (const { answer } of items) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return [...counts].reduce((best, one) => (one[1] > best[1] ? one : best))[0];
}

/**
 * Returns a benchmark's questions for VLMEvalKit's tables: the picture as PNG, choices by letter where there are at most 26.
 *
 * @param options of the benchmark
 * @throws TaskError as {@link benchmark}
 */
export async function benchmarkQuestions(
  name: BenchmarkName,
  options: WorldBenchmarkOptions = {},
): Promise<KitQuestion[]> {
  const items = benchmark(name, options);
  return Promise.all(items.map((item) => kitQuestion(item, name, options.split ?? "test")));
}

async function kitQuestion(item: BenchmarkItem, name: string, split: string): Promise<KitQuestion> {
  const { id, question, answer, choices, picture } = item;
  const letters = choices.map((_, i) => String.fromCharCode(65 + i));
  const png = await platform().codec.png(picture);
  return {
    index: id,
    question,
    image: base64Encode(png),
    options: Object.fromEntries(letters.map((letter, i) => [letter, choices[i]])),
    answer: letters[choices.indexOf(answer)],
    category: name,
    split,
  };
}
