import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parameterCount } from "../../lora";
import * as nn from "../../nn";
import type { StepReport, TrainingControl } from "../../train";
import type { Split } from "../../data";
import { load, type LoadedLanguageModel } from "../load";
import { type AnswerScore, scoreMajority, scoreReading, scoreSeeing } from "./evaluate";
import type { AnswerMethod } from "./methods";
import { FeatureScale } from "./model";
import { loadPictures, type Pictures } from "./pictures";
import { AnswerWriter } from "./sequences";
import { type AnswerSettings, checkSettings } from "./settings";
import { Trainer } from "./trainer";

/** One method trained from one seed. */
export interface AnswerRun {
  method: string;
  seed: number;
  score: AnswerScore;
  /** Of its second stage and of answering. */
  seconds: number;
}

/** What a study found so far: plain data. */
export interface AnswerStudy {
  settings: AnswerSettings;
  /** Of settings, language model and device: what makes two studies the same. */
  identity: string;
  device: string;
  /** What needs no training: the most frequent answer, and the language model that is told the scene. */
  baselines: { name: string; score: AnswerScore }[];
  /** Values of each method's adapter. */
  adapterValues: Record<string, number>;
  runs: AnswerRun[];
  /** Spent so far: on features, all stages and answers. */
  seconds: number;
  /** Whether all runs are there. */
  finished: boolean;
}

/** Where a study runs, and who watches. */
export interface AnswerStudyOptions {
  settings: AnswerSettings;
  /** Keeps features, checkpoints and the runs that are done: the same call goes on where it was stopped. */
  folder: string;
  /** While features are computed. */
  onPictures?: (split: Split, done: number, total: number) => void;
  /** After each update, with the report of `train.fit`. */
  onStep?: (run: { method: string; seed: number }, report: StepReport) => void | Promise<void>;
  /** After each run. */
  onRun?: (run: AnswerRun, study: AnswerStudy) => void | Promise<void>;
  /** Pauses and stops it between two updates. */
  control?: TrainingControl;
  /** Stops it: between two updates with what is done so far, while features are computed by rejecting. */
  signal?: AbortSignal;
}

const STUDY = "multimodal.answerStudy";

/**
 * Trains a frozen encoder's projector, VCE and adapters on questions about the world's pictures in the two stages of
 * Dual-LoRA's paper (arXiv 2411.12787), each method from several seeds, and scores each on pictures of the test split, whose
 * instances and combinations of category and colour no training has. Methods of one seed share the first stage, the order
 * of the batches and the first values. `await nn.start()` first; the same settings on the same device give the same figures.
 *
 * @throws MultimodalError for illegal settings
 */
export async function answerStudy(options: AnswerStudyOptions): Promise<AnswerStudy> {
  checkSettings(STUDY, options.settings);
  const { settings, folder } = options;
  const language = await load(settings.languageModel);
  try {
    const store = new StudyFile(folder, settings, language);
    await mkdir(store.folder, { recursive: true });
    const [train, test] = [await pictures("train", options), await pictures("asked", options)];
    return await new Study(options, store, language, train, test).run();
  } finally {
    language.model.dispose();
  }
}

/** Pictures that many studies may share. @internal */
export async function pictures(
  part: "train" | "asked",
  { settings, folder, signal, onPictures }: Pick<AnswerStudyOptions, "settings" | "folder" | "signal" | "onPictures">,
): Promise<Pictures> {
  const { encoder, levels, pool, images } = settings;
  const split = part === "train" ? "train" : settings.split;
  const loaded = await loadPictures({
    ...{ encoder, split, count: images[part], levels, pool, signal },
    folder: join(folder, `${split}-${hashOf({ encoder, levels, pool })}`),
    // To learn from, many; to be asked, as many of each type as the world asks at once.
    perType: part === "train" ? 2 : 1,
    onProgress: (done, total) => onPictures?.(split, done, total),
  });
  return loaded.only(settings.types);
}

/** Short, for names of files. */
const hashOf = (value: unknown): string =>
  createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 12);

/** A study's own folder: its file is written whole after each run, and read where it is there. */
export class StudyFile {
  readonly study: AnswerStudy;
  readonly folder: string;
  private readonly path: string;
  private readonly start = performance.now();
  private readonly before: number;

  constructor(folder: string, settings: AnswerSettings, { model, hash }: LoadedLanguageModel) {
    // More seeds go on with the same study.
    const identity = hashOf({ settings: { ...settings, seeds: null }, hash, device: nn.trainingDevice() });
    this.folder = join(folder, `study-${identity}`);
    this.path = join(this.folder, "study.json");
    const { hidden_size: features, num_hidden_layers: layers } = model.config;
    const sides = { inFeatures: features, outFeatures: features };
    const values = settings.methods.map(({ name, adapter }) => {
      return [name, adapter ? 2 * layers * parameterCount(adapter, sides) : 0] as const;
    });
    const empty = {
      baselines: [],
      adapterValues: Object.fromEntries(values),
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

  /** The study as far as it was asked for: an earlier call may have had more seeds. */
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
    writeFileSync(`${this.path}.part`, `${JSON.stringify(this.study, null, 1)}\n`);
    renameSync(`${this.path}.part`, this.path);
  }
}

class Study {
  private readonly writer: AnswerWriter;
  private readonly scale: FeatureScale;

  constructor(
    private readonly options: AnswerStudyOptions,
    private readonly store: StudyFile,
    private readonly language: LoadedLanguageModel,
    private readonly train: Pictures,
    private readonly test: Pictures,
  ) {
    this.writer = new AnswerWriter(language.tokenizer);
    this.scale = new FeatureScale(train);
  }

  async run(): Promise<AnswerStudy> {
    const { study } = this.store;
    if (!study.baselines.length) study.baselines = await this.baselines();
    for (let seed = 1; seed <= study.settings.seeds; seed++)
      for (const vce of [false, true]) if (!(await this.runSeed(seed, vce))) return this.store.asked;
    return this.store.asked;
  }

  private async baselines(): Promise<AnswerStudy["baselines"]> {
    const { writer, train, test, language } = this;
    return [
      { name: "most frequent answer", score: scoreMajority(train.texts, test.texts) },
      { name: "told in words", score: await scoreReading(language.model, writer.single(test.texts, true)) },
    ];
  }

  /** The methods with VCE, or without. @returns false where it was stopped */
  private async runSeed(seed: number, vce: boolean): Promise<boolean> {
    const { settings, control, signal, onStep } = this.options;
    const missing = settings.methods.filter((method) => method.vce === vce && !this.store.has(method, seed));
    if (!missing.length) return true;
    const sight = { pictures: this.train, scale: this.scale };
    const parts = {
      ...{ settings, writer: this.writer, sight, control, signal, onStep },
      ...{ folder: this.store.folder, languageModel: this.language.model },
    };
    const trainer = new Trainer(parts, seed, vce);
    try {
      if (!(await trainer.firstStage())) return false;
      for (const method of missing) if (!(await this.runMethod(trainer, method, seed))) return false;
      return true;
    } finally {
      trainer.dispose();
    }
  }

  private async runMethod(trainer: Trainer, method: AnswerMethod, seed: number): Promise<boolean> {
    const start = performance.now();
    const asked = this.writer.single(this.test.texts);
    const trained = await trainer.secondStage(method);
    if (!trained) return false;
    const score = await scoreSeeing(trainer.model, asked, { ...trained, pictures: this.test });
    trainer.detach();
    const run = { method: method.name, seed, score, seconds: (performance.now() - start) / 1e3 };
    this.store.study.runs.push(run);
    this.store.save();
    await this.options.onRun?.(run, this.store.asked);
    return true;
  }
}
