import { most } from "../../numeric";
import { Prng } from "../../numeric/prng";
import { batches, type BatchSource } from "../../train";
import type { LearntPicture, LearntQuestion, MiniatureData } from "./questions";
import type { LawMiniatureSettings } from "./settings";

/** A question with its answer, in words. */
export type Told = Pick<LearntQuestion, "question" | "answer">;

/** Questions of a batch of pictures, equally many about each: plain data. */
export interface QuestionBatch {
  pictures: readonly number[];
  /** Counts of each word in each question, [pictures · questions, words]. */
  counts: Float32Array;
  /** The same, each word weighted by its place from 0 to 1, which keeps the order: [pictures · questions, words]. */
  places: Float32Array;
  /** The answers' words, [pictures · questions]. */
  answers: Int32Array;
}

const WORD = /[a-z0-9]+/g;

/** The words that told scenes, training pictures, questions and the benchmarks' choices have. */
export class Words {
  private readonly ids: ReadonlyMap<string, number>;
  readonly size: number;

  constructor({ told, train, items }: Pick<MiniatureData, "told" | "train" | "items">) {
    const said = new Set<string>();
    const hear = (text: string): void => (text.match(WORD) ?? []).forEach((word) => said.add(word));
    for (const { reading, questions } of [...told, ...train]) {
      hear(reading);
      for (const { question, answer } of questions) hear(`${question} ${answer}`);
    }
    for (const { choices } of items) choices.forEach(hear);
    this.ids = new Map([...said].sort().map((word, i) => [word, i]));
    this.size = this.ids.size;
  }

  /** Word ids of a text in lower case; a word that no training picture has is left out. */
  of(text: string): number[] {
    return (text.match(WORD) ?? []).flatMap((word) => this.ids.get(word) ?? []);
  }

  /** Questions of some pictures as a batch; each picture has equally many. */
  batch(pictures: readonly number[], asked: readonly (readonly Told[])[]): QuestionBatch {
    const all = asked.flat();
    const counts = new Float32Array(all.length * this.size);
    const places = new Float32Array(counts.length);
    all.forEach(({ question }, row) => {
      const ids = this.of(question);
      ids.forEach((id, at) => {
        counts[row * this.size + id]++;
        places[row * this.size + id] += at / ids.length;
      });
    });
    return { pictures, counts, places, answers: Int32Array.from(all, ({ answer }) => this.of(answer)[0]) };
  }

  /**
   * Scenes in words, one row of counts for each object: [scenes · tokens, words].
   *
   * @param readings objects separated by `;`
   * @param tokens of a scene; those without an object are zeros
   */
  scenes(readings: readonly string[], tokens: number): Float32Array {
    const counts = new Float32Array(readings.length * tokens * this.size);
    readings.forEach((reading, scene) =>
      reading
        .split(";")
        .slice(0, tokens)
        .forEach((object, at) => {
          for (const id of this.of(object)) counts[(scene * tokens + at) * this.size + id]++;
        }),
    );
    return counts;
  }
}

/** Batches of pictures with some of their questions, drawn anew each epoch, equal for the same seed. */
export function learntBatches(
  pictures: readonly LearntPicture[],
  words: Words,
  { batchSize, questions }: Pick<LawMiniatureSettings, "batchSize" | "questions">,
  seed: number,
): BatchSource<QuestionBatch> {
  const source = batches([...pictures.keys()], { batchSize, seed, dropLast: true });
  return {
    length: source.length,
    batch: async (epoch, index) => {
      const chosen = await source.batch(epoch, index);
      const random = (picture: number): Prng => new Prng(seed, `questions of epoch ${epoch} and picture ${picture}`);
      return words.batch(
        chosen,
        chosen.map((picture) => some(pictures[picture].questions, questions, random(picture))),
      );
    },
  };
}

/** Draws different questions as long as there are some, then again from the first. */
function some(questions: readonly Told[], count: number, random: Prng): Told[] {
  const keyed = questions.map((question) => ({ question, key: random.next() })).sort((a, b) => a.key - b.key);
  return Array.from({ length: count }, (_, i) => keyed[i % keyed.length].question);
}

/** The logarithm of a word's softmax, which stays finite where its probability does not. */
export function logProbability(logits: Float32Array, word: number): number {
  const top = most(logits);
  return logits[word] - top - Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - top), 0));
}
