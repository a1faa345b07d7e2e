import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import * as nn from "../../nn";
import { joinFloats, mean } from "../../numeric";
import type { SafetensorsTensor } from "../../safetensors/tensor";
import {
  type BenchmarkName,
  benchmarkNames,
  type BenchmarkScore,
  scoreBenchmark,
} from "../../tasks/answers/benchmarks";
import type { Pictures } from "../../tasks/answers/examples";
import { FeatureScale } from "../../tasks/answers/model";
import { cosine, fit } from "../../train";
import { answerLossOf, MiniatureModel, newReader, type Reader } from "./model";
import type { AskedQuestion, LearntPicture, MiniatureData } from "./questions";
import type { LawMiniatureSettings } from "./settings";
import { learntBatches, logProbability, type QuestionBatch, type Words } from "./words";

/** One representation trained from one seed. */
export interface LawMiniatureRun extends Omit<Trained, "tokens"> {
  representation: string;
  seed: number;
  seconds: number;
}

/** Values of a trained reader. */
export type ReaderValues = ReadonlyMap<string, SafetensorsTensor>;

/** Progress of a training: its stage, updates done and of all, and the loss. */
export type StageProgress = (progress: { stage: string; done: number; total: number; loss: number }) => void;

/** Inputs that all trainings share. */
export interface TrainingParts {
  settings: LawMiniatureSettings;
  data: MiniatureData;
  words: Words;
  signal?: AbortSignal;
  onStep?: StageProgress;
}

/** A figure for each benchmark. */
export type ByBenchmark = Record<BenchmarkName, number>;

/** Makes a record with a figure for each benchmark. */
export function byBenchmark(figure: (name: BenchmarkName) => number): ByBenchmark {
  return Object.fromEntries(benchmarkNames.map((name) => [name, figure(name)])) as ByBenchmark;
}

/** Results of one training. */
export interface Trained {
  /** Accuracy by benchmark in percent. */
  scores: ByBenchmark;
  /** Mean log-likelihood of the right answers before the reader trains with pictures, by benchmark. */
  likelihood: ByBenchmark;
  /** Tokens of the asked pictures after the connector's stage, [pictures, tokens, features]. */
  tokens: Float32Array;
  /** Loss of the last update of each stage. */
  loss: { connector: number; together: number };
}

const TOGETHER = 64;

const tokensPerPicture = ({ grid, merge }: LawMiniatureSettings): number => (grid / merge) ** 2;

/** One stage: parameters by pattern, and the logits of a batch. */
interface Stage {
  name: string;
  pictures: readonly LearntPicture[];
  parameters: RegExp;
  rate: number;
  steps: number;
  /** Seed of the order of the batches. */
  seed: number;
  logits: (batch: QuestionBatch) => Tensor;
}

/** Trains one stage. @returns the last loss, or null where it was stopped */
async function train(
  model: nn.Module,
  { name, pictures, parameters, rate, steps, seed, logits }: Stage,
  { settings, words, signal, onStep }: TrainingParts,
): Promise<number | null> {
  let last = NaN;
  const { ended } = await fit(
    {
      model,
      data: learntBatches(pictures, words, settings, seed),
      loss: (batch) => answerLossOf(logits(batch), batch),
      stages: [
        { name, groups: [{ parameters, learningRate: rate }], steps, schedule: cosine({ warmupFraction: 0.05 }) },
      ],
      clipNorm: 1,
      seed,
      signal,
    },
    ({ step, totalSteps, loss }) => {
      last = loss;
      onStep?.({ stage: name, done: step, total: totalSteps, loss });
    },
  );
  return ended === "finished" ? last : null;
}

/**
 * Trains the reader to answer from scenes in words. Every representation meets this one, as the paper's runs share a language model.
 *
 * @returns its values, or null where it was stopped
 */
export async function learnWords(parts: TrainingParts): Promise<ReaderValues | null> {
  const { settings, data, words } = parts;
  nn.manualSeed(0);
  const reader = newReader(settings, words.size);
  const logits = (batch: QuestionBatch): Tensor => {
    const readings = batch.pictures.map((picture) => data.told[picture].reading);
    const told = reader.told(words.scenes(readings, tokensPerPicture(settings)), readings.length);
    return reader.forward(told, batch);
  };
  const common = { name: "words", pictures: data.told, seed: 0 };
  const stage = { ...common, parameters: /./, rate: settings.rates.words, steps: settings.updates.words };
  try {
    return (await train(reader, { ...stage, logits }, parts)) === null ? null : await nn.stateOf(reader);
  } finally {
    reader.dispose();
  }
}

/**
 * Trains a connector for a frozen representation, first alone against the frozen reader, then together with it: the two stages of LLaVA-1.5,
 * as in the paper (arXiv 2408.16357).
 *
 * @param pictures features of the training pictures, then of the asked ones
 * @returns null where it was stopped
 */
export async function trainRun(
  parts: TrainingParts,
  values: ReaderValues,
  pictures: Pictures,
  seed: number,
): Promise<Trained | null> {
  const { settings, data, words } = parts;
  const { updates, rates } = settings;
  nn.manualSeed(seed);
  const model = new MiniatureModel(settings, pictures.channels, words.size);
  nn.loadState(model.reader, new Map(values));
  const scale = new FeatureScale(pictures, data.train.length);
  const see = (chosen: readonly number[]): Tensor => model.connector.forward(scale.level(pictures, chosen, 0));
  const seeAsked = (chosen: readonly number[]): Tensor => see(chosen.map((picture) => data.train.length + picture));
  const logits = (batch: QuestionBatch): Tensor => model.reader.forward(see(batch.pictures), batch);
  try {
    const first = { name: "connector", parameters: /^connector\./, rate: rates.connector, steps: updates.connector };
    const connector = await train(model, { ...first, pictures: data.train, seed: 2 * seed, logits }, parts);
    if (connector === null) return null;
    const tokens = await tokensOf(seeAsked, data.asked.length);
    const before = await answer(model.reader, seeAsked, data.items, words);
    const second = { name: "together", parameters: /./, rate: rates.together, steps: updates.together };
    const together = await train(model, { ...second, pictures: data.train, seed: 2 * seed + 1, logits }, parts);
    if (together === null) return null;
    const after = await answer(model.reader, seeAsked, data.items, words);
    return {
      scores: percent(scoresOf(data, after.given)),
      likelihood: byBenchmark((name) => mean(before.logs.filter((_, i) => data.items[i].benchmark === name))),
      tokens,
      loss: { connector, together },
    };
  } finally {
    model.dispose();
  }
}

async function tokensOf(see: (chosen: readonly number[]) => Tensor, count: number): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  for (let at = 0; at < count; at += TOGETHER) {
    const chosen = Array.from({ length: Math.min(TOGETHER, count - at) }, (_, i) => at + i);
    const seen = tf.tidy(() => see(chosen));
    parts.push((await seen.data()) as Float32Array);
    seen.dispose();
  }
  return joinFloats(parts);
}

/** Answers of a model: of the choices the most likely one, and the log-probability of the right word among all words. */
interface Answers {
  given: string[];
  logs: number[];
}

async function answer(
  reader: Reader,
  see: (chosen: readonly number[]) => Tensor,
  items: readonly AskedQuestion[],
  words: Words,
): Promise<Answers> {
  const found: Answers = { given: [], logs: [] };
  for (let at = 0; at < items.length; at += TOGETHER) {
    const some = items.slice(at, at + TOGETHER);
    const batch = words.batch(
      some.map(({ picture }) => picture),
      some.map((item) => [item]),
    );
    const logits = tf.tidy(() => reader.forward(see(batch.pictures), batch));
    const values = (await logits.data()) as Float32Array;
    logits.dispose();
    some.forEach(({ choices, answer: right }, i) => {
      const row = values.subarray(i * words.size, (i + 1) * words.size);
      const of = (word: string): number => row[words.of(word)[0]];
      found.given.push(choices.reduce((best, choice) => (of(choice) > of(best) ? choice : best)));
      found.logs.push(logProbability(row, words.of(right)[0]));
    });
  }
  return found;
}

/** Scores of answers by benchmark, beside chance and the most frequent answer of the training questions. */
function scoresOf(data: MiniatureData, given: readonly string[]): Record<BenchmarkName, BenchmarkScore> {
  const learnt = data.train.flatMap(({ questions }) => questions);
  const entries = benchmarkNames.map((name) => {
    const places = [...data.items.keys()].filter((i) => data.items[i].benchmark === name);
    const training = learnt
      .filter(({ benchmark }) => benchmark === name)
      .map((one) => ({ ...one, choices: [one.answer] }));
    const items = places.map((i) => data.items[i]);
    const answers = places.map((i) => given[i]);
    return [name, scoreBenchmark(items, answers, training)] as const;
  });
  return Object.fromEntries(entries) as Record<BenchmarkName, BenchmarkScore>;
}

const percent = (scores: Record<BenchmarkName, BenchmarkScore>): ByBenchmark =>
  byBenchmark((name) => 100 * scores[name].accuracy);

/** Baselines by benchmark in percent. */
export interface Baselines {
  chance: ByBenchmark;
  /** Most frequent answer of the training questions. */
  majority: ByBenchmark;
  /** The reader that is told the scene in words. */
  told: ByBenchmark;
}

/** Scores without a picture. */
export async function baselinesOf({ settings, data, words }: TrainingParts, values: ReaderValues): Promise<Baselines> {
  const reader = newReader(settings, words.size);
  nn.loadState(reader, new Map(values));
  const tell = (chosen: readonly number[]): Tensor => {
    const readings = chosen.map((picture) => data.asked[picture].reading);
    return reader.told(words.scenes(readings, tokensPerPicture(settings)), readings.length);
  };
  try {
    const { given } = await answer(reader, tell, data.items, words);
    const scores = scoresOf(data, given);
    return {
      chance: byBenchmark((name) => 100 * scores[name].chance),
      majority: byBenchmark((name) => 100 * (scores[name].majority ?? scores[name].chance)),
      told: percent(scores),
    };
  } finally {
    reader.dispose();
  }
}
