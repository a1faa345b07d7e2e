import type { QuestionType } from "../../data/world/language/questions";
import type { Tokenizer } from "../../encoders/tokenizer";
import { Prng } from "../../prng";
import { type BatchSource, batches } from "../../train";
import { TaskError } from "../error";
import type { PictureText, Pictures } from "./examples";

/** Questions about one picture in the language model's words; the picture, or its reading, stands after the first word. */
export interface AnswerSequence {
  picture: number;
  ids: readonly number[];
  /** Where an answer is, and of what type its question. */
  answers: readonly { place: number; type: QuestionType }[];
}

/** Sequences of a batch, padded: plain data. */
export interface AnswerBatch {
  pictures: readonly number[];
  /** [B, T] */
  ids: Int32Array;
  /** [B, T], 0 where there is padding. */
  mask: Int32Array;
  length: number;
  /** Places in [B · T] after which an answer follows, with its word and type. */
  answers: readonly { place: number; word: number; type: QuestionType }[];
}

/** The word before the picture and the one after it, as readings have them. */
const BEFORE = "objects";
const AFTER = ";";

/** Makes sequences of a language model's words. */
export class AnswerWriter {
  constructor(private readonly tokenizer: Tokenizer) {}

  ids(text: string): number[] {
    return Array.from(this.tokenizer.encode([text]).ids, Number);
  }

  /** Some questions about a picture, one after the other. @param told the reading, for a model that does not see */
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
      if (word.length !== 1) throw new TaskError("tasks.answers.sequence", "an answer must be one word", answer);
      ids.push(...this.ids(question), ...word);
      return { place: ids.length - 1, type };
    });
    return { picture, ids, answers };
  }

  /** Each question about each picture by itself. */
  single(texts: readonly PictureText[], told = false): AnswerSequence[] {
    return texts.flatMap((text, picture) =>
      text.questions.map((_, index) => this.sequence(picture, text, [index], told)),
    );
  }
}

/** Sequences side by side, padded on the right. */
export function batchOf(sequences: readonly AnswerSequence[]): AnswerBatch {
  const length = Math.max(...sequences.map(({ ids }) => ids.length));
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

export interface AnswerBatchOptions {
  /** Pictures in a batch. */
  size: number;
  /** Questions about each, drawn anew each epoch. */
  questions: number;
  seed: number;
}

/** Batches to train on, the same for the same seed. */
export function answerBatches(
  pictures: Pictures,
  writer: AnswerWriter,
  { size, questions, seed }: AnswerBatchOptions,
): BatchSource<AnswerBatch> {
  const source = batches([...pictures.texts.keys()], { size, seed, dropLast: true });
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
