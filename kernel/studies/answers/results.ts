import { type AdapterOptions, attach } from "../../lora";
import type { LanguageModel } from "../../models/language-model";
import type { LoadedLanguageModel } from "../../models/load";
import * as nn from "../../nn";
import { sum } from "../../numeric";
import type { AnswerScore } from "../../tasks/answers/evaluate";
import type { Pictures } from "../../tasks/answers/examples";
import { fromSeeds, StudyFile } from "../study-file";
import { type AnswerMethod, describeMethod } from "./methods";
import type { AnswerSettings } from "./settings";

/** One method trained from one seed. */
export interface AnswerRun {
  method: string;
  seed: number;
  score: AnswerScore;
  /** Seconds of its second stage and of answering. */
  seconds: number;
}

/** Results of a study so far, in plain data. */
export interface AnswerStudy {
  settings: AnswerSettings;
  /** Hash of settings, language model, features and device, equal for equal studies. */
  identity: string;
  device: string;
  /** Baselines without training: the most frequent answer, and the language model that reads the scene in words. */
  baselines: { name: string; score: AnswerScore }[];
  /** Number of values of each method's adapter. */
  adapterValues: Record<string, number>;
  runs: AnswerRun[];
  /** Seconds spent so far on training and answers. */
  seconds: number;
  /** True when all runs are present. */
  finished: boolean;
}

/** The file of a study of answers. */
export type AnswerFile = StudyFile<Pick<AnswerRun, "method" | "seed">, AnswerRun>;

/** Opens the file of a study. */
export function answerFile(
  folder: string,
  settings: AnswerSettings,
  { hash }: LoadedLanguageModel,
  pictures: readonly Pictures[],
): AnswerFile {
  const { methods, seeds } = settings;
  return new StudyFile({
    folder,
    identity: {
      settings: { ...settings, seeds: null, methods: methods.map((method) => describeMethod(method, settings)) },
      hash,
      device: nn.trainingDevice(),
      pictures: pictures.map((one) => one.identity),
    },
    asked: fromSeeds(
      seeds,
      methods.map(({ name }) => ({ method: name })),
    ),
  });
}

/** Returns the number of values that each method's adapters train. */
export function adapterValuesOf(settings: AnswerSettings, model: LanguageModel): Record<string, number> {
  const valuesOf = (method: AnswerMethod): number =>
    sum(method.stages(settings).map(({ adapter }) => (adapter ? adapterValues(adapter, model) : 0)));
  return Object.fromEntries(settings.methods.map((method) => [method.name, valuesOf(method)]));
}

function adapterValues(adapter: AdapterOptions, model: LanguageModel): number {
  const adapters = attach(model, adapter);
  try {
    return adapters.counts().trainable;
  } finally {
    adapters.detach();
  }
}
