import { checkArguments } from "../../rules/arguments";
import { append, most } from "../../numeric";
import type { QuestionType } from "../../data/world/language/questions";
import type { Tokenizer } from "../../encoders/tokenizer";
import { Prng } from "../../numeric/prng";
import { type BatchSource, batches } from "../../train";
import { TaskError } from "../error";
import type { PictureText, Pictures } from "./examples";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";

/** Questions about one picture in the language model's words. The picture, or its reading, follows the first word. */
export interface AnswerSequence {
  picture: number;
  ids: readonly number[];
  /** Place of each answer and type of its question. */
  answers: readonly { place: number; type: QuestionType }[];
}

/** Padded sequences of a batch: plain data. */
export interface AnswerBatch {
  pictures: readonly number[];
  /** Word ids, [B, T]. */
  ids: Int32Array;
  /** Mask [B, T], 0 for padding. */
  mask: Int32Array;
  length: number;
  /** Places in [B · T] before the answers, with the answer's word and type. */
  answers: readonly { place: number; word: number; type: QuestionType }[];
}

/** Words before and after the picture, as in readings. */
const BEFORE = "objects";
const AFTER = ";";

/** Writer of sequences in a language model's words. */
export class AnswerWriter {
  constructor(private readonly tokenizer: Tokenizer) {}

  /** Word ids of a text. */
  ids(text: string): number[] {
    return Array.from(this.tokenizer.encode([text]).ids, Number);
  }

  /**
   * Returns some questions about a picture in sequence.
   *
   * @param told include the reading, for a model that does not see
   */
  sequence(
    picture: number,
    { questions, reading }: PictureText,
    chosen: readonly number[],
    told = false,
  ): AnswerSequence {
    const ids = [...this.ids(BEFORE), ...(told ? this.ids(reading) : []), ...this.ids(AFTER)];
    const answers = chosen.map((index) => {
      const { question, answer, type } = questions[index];
      const word = this.ids(answer);
      if (word.length !== 1)
        throw new TaskError("tasks.answers.AnswerWriter.sequence", "an answer must be one word", answer);
      append(ids, [...this.ids(question), ...word]);
      return { place: ids.length - 1, type };
    });
    return { picture, ids, answers };
  }

  /** Returns each question about each picture as a separate sequence. */
  single(texts: readonly PictureText[], told = false): AnswerSequence[] {
    return texts.flatMap((text, picture) =>
      text.questions.map((_, index) => this.sequence(picture, text, [index], told)),
    );
  }
}

/** Joins sequences into a batch, padded on the right. */
export function batchOf(sequences: readonly AnswerSequence[]): AnswerBatch {
  checkArguments("tasks.answers.batchOf", TaskError, { sequences }, { sequences: ["object"] });
  const length = most(sequences.map(({ ids }) => ids.length));
  const ids = new Int32Array(sequences.length * length);
  const mask = new Int32Array(ids.length);
  sequences.forEach((one, row) => {
    ids.set(one.ids, row * length);
    mask.fill(1, row * length, row * length + one.ids.length);
  });
  const answers = sequences.flatMap((one, row) =>
    one.answers.map(({ place, type }) => ({ place: row * length + place - 1, word: one.ids[place], type })),
  );
  return { pictures: sequences.map(({ picture }) => picture), ids, mask, length, answers };
}

/** Size and order of training batches. */
export interface AnswerBatchOptions {
  /** Pictures per batch. */
  batchSize: number;
  /** Questions per picture, drawn anew each epoch. */
  questions: number;
  /** Seed of the order and of the questions drawn. */
  seed: number;
}

const BATCH_NAMES: OptionNames<AnswerBatchOptions> = { batchSize: true, questions: true, seed: true };

/**
 * Returns the training batches, equal for the same seed.
 *
 * @throws TaskError for an unknown option
 */
export function answerBatches(
  pictures: Pictures,
  writer: AnswerWriter,
  options: AnswerBatchOptions,
): BatchSource<AnswerBatch> {
  checkArguments("tasks.answers.batches", TaskError, { pictures }, { pictures: "object" });
  checkOptionNames("tasks.answers.batches", options, BATCH_NAMES, TaskError);
  const { batchSize, questions, seed } = options;
  const source = batches([...pictures.texts.keys()], { batchSize, seed, dropLast: true });
  const pick = (epoch: number, picture: number): AnswerSequence => {
    const random = new Prng(seed, `questions of epoch ${epoch} and picture ${picture}`);
    const text = pictures.texts[picture];
    const keyed = [...text.questions.keys()].map((index) => ({ index, key: random.next() }));
    const chosen = keyed.sort((a, b) => a.key - b.key).slice(0, questions);
    return writer.sequence(
      picture,
      text,
      chosen.map(({ index }) => index),
    );
  };
  return {
    length: source.length,
    batch: async (epoch, index) => batchOf((await source.batch(epoch, index)).map((picture) => pick(epoch, picture))),
  };
}
