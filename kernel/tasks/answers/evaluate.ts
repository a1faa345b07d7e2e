import { checkArguments } from "../../rules/arguments";
import { tf } from "../../backend/tf";
import type { Tensor } from "../../backend/tensor";
import type { QuestionType } from "../../data/world/language/questions";
import type { LanguageModel } from "../../models/language-model";
import type { VisionLanguageModel } from "../../models/vision-language-model";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { TaskError } from "../error";
import { answerLogits, type Sight } from "./model";
import type { PictureText } from "./examples";
import { type AnswerBatch, type AnswerSequence, batchOf } from "./sequences";
import { patientBar } from "../../display/progress";

/** Right answers in percent: of all questions, and by type. */
export interface AnswerScore {
  all: number;
  questions: number;
  byType: Partial<Record<QuestionType, number>>;
}

/** Options of {@link scoreSeeing} and {@link scoreReading}. */
export interface AnswerScoreOptions {
  /** Called after each batch with the numbers of scored and of all questions. Default: a bar in a notebook, after two seconds. */
  onProgress?: (progress: { done: number; total: number }) => void;
  /** Stops between two batches: the promise rejects with the signal's reason. Default: none. */
  signal?: AbortSignal;
}

const NAMES: OptionNames<AnswerScoreOptions> = { onProgress: true, signal: true };

/** Number of questions per batch. */
const TOGETHER = 64;

/**
 * Returns the share of questions whose most likely next word is the answer. Questions of similar length go together to
 * reduce padding.
 *
 * @param logits returns the logits of the words at the answers' places, [answers, vocabulary]
 */
async function score(
  fn: string,
  sequences: readonly AnswerSequence[],
  options: AnswerScoreOptions,
  logits: (batch: AnswerBatch) => Tensor,
): Promise<AnswerScore> {
  checkOptionNames(fn, options, NAMES, TaskError);
  const { onProgress = patientBar("Asking", "questions"), signal } = options;
  const sorted = [...sequences].sort((a, b) => a.ids.length - b.ids.length);
  const right = new Map<QuestionType, boolean[]>();
  for (let at = 0; at < sorted.length; at += TOGETHER) {
    signal?.throwIfAborted();
    const batch = batchOf(sorted.slice(at, at + TOGETHER));
    const best = tf.tidy(() => tf.argMax(logits(batch), 1));
    const words = await best.data();
    best.dispose();
    batch.answers.forEach(({ word, type }, i) => right.set(type, [...(right.get(type) ?? []), words[i] === word]));
    onProgress({ done: Math.min(at + TOGETHER, sorted.length), total: sorted.length });
  }
  return scoreOf(right);
}

/**
 * Returns the score.
 *
 * @param right correctness of each question, by type
 */
export function scoreOf(right: ReadonlyMap<QuestionType, readonly boolean[]>): AnswerScore {
  const percent = (ones: readonly boolean[]): number => (100 * ones.filter(Boolean).length) / ones.length;
  const all = [...right.values()].flat();
  const byType = Object.fromEntries([...right].map(([type, ones]) => [type, percent(ones)]));
  return { all: percent(all), questions: all.length, byType };
}

/** Scores a seeing model on single questions. */
export async function scoreSeeing(
  model: VisionLanguageModel,
  sequences: readonly AnswerSequence[],
  sight: Sight,
  options: AnswerScoreOptions = {},
): Promise<AnswerScore> {
  checkArguments(
    "tasks.answers.scoreSeeing",
    TaskError,
    { model, sequences, sight },
    { model: "module", sequences: ["object"], sight: { pictures: "object", scale: "object" } },
  );
  return score("tasks.answers.scoreSeeing", sequences, options, (batch) => answerLogits(model, batch, sight));
}

/** Scores the language model on single questions from words alone. */
export async function scoreReading(
  model: LanguageModel,
  sequences: readonly AnswerSequence[],
  options: AnswerScoreOptions = {},
): Promise<AnswerScore> {
  checkArguments(
    "tasks.answers.scoreReading",
    TaskError,
    { model, sequences },
    { model: "module", sequences: ["object"] },
  );
  return score("tasks.answers.scoreReading", sequences, options, ({ ids, mask, length, answers }) => {
    const shape = [ids.length / length, length] as [number, number];
    const embedded = model.embed(tf.tensor(ids, shape, "int32"));
    const hidden = model.forward(embedded, tf.tensor(mask, shape, "float32"));
    const rows = tf.reshape(hidden, [-1, model.config.hidden_size]);
    const places = tf.tensor(
      answers.map(({ place }) => place),
      [answers.length],
      "int32",
    );
    return model.logits(tf.gather(rows, places));
  });
}

/** Scores the most frequent answer of each type among some pictures. */
export function scoreMajority(known: readonly PictureText[], asked: readonly PictureText[]): AnswerScore {
  checkArguments("tasks.answers.scoreMajority", TaskError, { known, asked }, { known: ["object"], asked: ["object"] });
  const counts = new Map<QuestionType, Map<string, number>>();
  for (const { type, answer } of known.flatMap(({ questions }) => questions)) {
    const own = counts.get(type) ?? new Map<string, number>();
    counts.set(type, own.set(answer, (own.get(answer) ?? 0) + 1));
  }
  const most = (type: QuestionType): string | undefined =>
    [...(counts.get(type) ?? [])].sort((a, b) => b[1] - a[1])[0]?.[0];
  const right = new Map<QuestionType, boolean[]>();
  for (const { type, answer } of asked.flatMap(({ questions }) => questions))
    right.set(type, [...(right.get(type) ?? []), most(type) === answer]);
  return scoreOf(right);
}
