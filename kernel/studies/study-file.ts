import { sha256 } from "../platform";
import { existsSync, readFileSync, replaceFileSync } from "../platform/files";
import { join } from "../platform/path";
import { type AdapterOptions, attach } from "../lora";
import * as nn from "../nn";
import type { LanguageModel } from "../models/language-model";
import type { LoadedLanguageModel } from "../models/load";
import type { AnswerScore } from "../tasks/answers/evaluate";
import { sum } from "../numeric";
import { type AnswerMethod, describeMethod } from "./answers/methods";
import type { Pictures } from "../tasks/answers/examples";
import type { AnswerSettings } from "./answers/settings";

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

/** Short hash for file names. */
export const hashOf = (value: unknown): string => sha256().update(JSON.stringify(value)).digest("hex").slice(0, 12);

/** Folder of a study. Its file is rewritten after each run, and read if it exists. */
export class StudyFile {
  readonly study: AnswerStudy;
  readonly folder: string;
  private readonly path: string;
  private readonly start = performance.now();
  private readonly before: number;

  constructor(
    folder: string,
    settings: AnswerSettings,
    { model, hash }: LoadedLanguageModel,
    pictures: readonly Pictures[],
  ) {
    // More seeds continue the same study.
    const identity = hashOf({
      settings: {
        ...settings,
        seeds: null,
        methods: settings.methods.map((method) => describeMethod(method, settings)),
      },
      hash,
      device: nn.trainingDevice(),
      pictures: pictures.map((one) => one.identity),
    });
    this.folder = join(folder, `study-${identity}`);
    this.path = join(this.folder, "study.json");
    const empty = {
      baselines: [],
      adapterValues: Object.fromEntries(
        settings.methods.map((method) => [method.name, valuesOf(method, settings, model)]),
      ),
      runs: [],
      seconds: 0,
      finished: false,
    } satisfies Partial<AnswerStudy>;
    const known = this.read() ?? { identity, device: String(nn.trainingDevice()), ...empty };
    this.study = { ...known, settings };
    this.before = this.study.seconds;
  }

  private read(): AnswerStudy | null {
    return existsSync(this.path) ? (JSON.parse(readFileSync(this.path, "utf8")) as AnswerStudy) : null;
  }

  /** Study limited to the requested seeds; an earlier call may have had more. */
  get asked(): AnswerStudy {
    const { settings, runs } = this.study;
    const own = runs.filter(({ seed }) => seed <= settings.seeds);
    return { ...this.study, runs: own, finished: own.length === settings.seeds * settings.methods.length };
  }

  has({ name }: AnswerMethod, seed: number): boolean {
    return this.study.runs.some((run) => run.method === name && run.seed === seed);
  }

  save(): void {
    this.study.seconds = this.before + (performance.now() - this.start) / 1e3;
    replaceFileSync(this.path, `${JSON.stringify(this.study, null, 1)}\n`);
  }
}

/** Values that a method's adapters train. */
function valuesOf(method: AnswerMethod, settings: AnswerSettings, model: LanguageModel): number {
  return sum(method.stages(settings).map(({ adapter }) => (adapter ? adapterValues(adapter, model) : 0)));
}

function adapterValues(adapter: AdapterOptions, model: LanguageModel): number {
  const adapters = attach(model, adapter);
  try {
    return adapters.counts().trainable;
  } finally {
    adapters.detach();
  }
}
