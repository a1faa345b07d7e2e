import { answers, questionTypes, quiz, type Question, type QuestionType } from "../language/questions";
import type { Split } from "./scene";

/** Accuracy of answers to one type of question without the image. All but `questions` are shares of 1. */
export interface BalanceRow {
  readonly type: QuestionType;
  readonly questions: number;
  /** Share of chance: one over the number of possible answers. */
  readonly chance: number;
  /** Share of the most frequent answer. */
  readonly majority: number;
  /**
   * Share of right answers when giving the most frequent answer to the same words in other images of the train split.
   */
  readonly questionOnly: number;
}

/**
 * Measures how well the questions of `count` images of a split can be answered without looking, after reading the
 * questions of `training` images of the train split.
 */
export function balance(split: Split, count: number, training: number): BalanceRow[] {
  const asked = collect(split, 0, count);
  // Images after the measured ones, so that no image of the train split is in both.
  const read = tally(collect("train", count, training));
  return questionTypes.map((type) => {
    const own = asked.filter((item) => item.type === type);
    const common = mostFrequent(frequencies(own.map((item) => item.answer))) ?? "";
    const guess = (item: Question): string => mostFrequent(read.get(item.question)) ?? common;
    return {
      type,
      questions: own.length,
      chance: 1 / answers[type].length,
      majority: share(own, () => common),
      questionOnly: share(own, guess),
    };
  });
}

function collect(split: Split, first: number, count: number): Question[] {
  return Array.from({ length: count }, (_, i) => quiz(first + i, { split, perType: 2 }).questions).flat();
}

type Counts = ReadonlyMap<string, number>;

function frequencies(values: readonly string[]): Counts {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function tally(questions: readonly Question[]): ReadonlyMap<string, Counts> {
  const groups = new Map<string, string[]>();
  for (const { question, answer } of questions) {
    const group = groups.get(question);
    if (group) group.push(answer);
    else groups.set(question, [answer]);
  }
  return new Map([...groups].map(([question, group]) => [question, frequencies(group)]));
}

function mostFrequent(counts: Counts | undefined): string | undefined {
  return [...(counts ?? [])].sort((a, b) => b[1] - a[1])[0]?.[0];
}

function share(questions: readonly Question[], guess: (item: Question) => string): number {
  return questions.filter((item) => guess(item) === item.answer).length / Math.max(1, questions.length);
}
