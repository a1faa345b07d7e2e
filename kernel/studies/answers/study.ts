import type { Split } from "../../data/world/scenes/scene";
import * as nn from "../../nn";
import { mkdir } from "../../platform/files";
import type { StepReport, TrainingControl } from "../../train";
import { load, type LoadedLanguageModel } from "../../models/load";
import { scoreMajority, scoreReading } from "../../tasks/answers/evaluate";
import type { AnswerMethod } from "./methods";
import { FeatureScale, type Sight } from "../../tasks/answers/model";
import { loadPictures, type Pictures } from "../../tasks/answers/examples";
import { AnswerWriter } from "../../tasks/answers/sequences";
import { type AnswerSettings, checkSettings } from "./settings";
import { adapterValuesOf, type AnswerFile, answerFile, type AnswerRun, type AnswerStudy } from "./results";
import { type AnswerPlace, type SharedStages, Trainer, type TrainerParts } from "./trainer";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { StudyError } from "../error";

/** Place of a study and its observers. */
export interface AnswerStudyOptions {
  /** Settings of the study. */
  settings: AnswerSettings;
  /** Folder of features, checkpoints and finished runs; the same call continues where it was stopped. */
  folder: string;
  /** Called while features are computed. Default: not called. */
  onPictures?: (progress: { split: Split; done: number; total: number }) => void;
  /** Called after each update with the report of `train.fit`. Default: not called. */
  onStep?: (run: AnswerPlace, report: StepReport) => void | Promise<void>;
  /** Called after each run. Default: not called. */
  onRun?: (run: AnswerRun, study: AnswerStudy) => void | Promise<void>;
  /** Returns a control for each training, to display, pause and stop it; stopping one ends the study. Default: none. */
  controlFor?: (run: AnswerPlace) => TrainingControl;
  /** Stops the study: between two updates with the results so far, or during features by rejecting. Default: none. */
  signal?: AbortSignal;
}

const STUDY = "studies.answerStudy";
const NAMES: OptionNames<AnswerStudyOptions> = {
  settings: true,
  folder: true,
  onPictures: true,
  onStep: true,
  onRun: true,
  controlFor: true,
  signal: true,
};

/**
 * Trains a frozen encoder's projector, VCE and adapters on questions about the world's pictures in the two stages of
 * Dual-LoRA's paper (arXiv 2411.12787), each method from several seeds, and scores each on pictures of the test split, whose
 * instances and combinations of category and colour no training has. Methods of one seed share the stages that
 * they declare shared, the order of the batches and the first values. Starts the default device where none was started; the same settings on the same device give the same figures.
 *
 * @throws StudyError for an unknown option, or illegal settings
 */
export async function answerStudy(options: AnswerStudyOptions): Promise<AnswerStudy> {
  checkOptionNames(STUDY, options, NAMES, StudyError);
  checkSettings(STUDY, options.settings);
  const { settings, folder } = options;
  const language = await load(settings.languageModel);
  try {
    const [train, test] = [await pictures("train", options), await pictures("asked", options)];
    const file = answerFile(folder, settings, language, [train, test]);
    await mkdir(file.folder, { recursive: true });
    return await new Study(options, file, language, train, test).run();
  } finally {
    language.model.dispose();
  }
}

/** @internal Loads pictures that several studies may share. */
export async function pictures(
  part: "train" | "asked",
  { settings, folder, signal, onPictures }: Pick<AnswerStudyOptions, "settings" | "folder" | "signal" | "onPictures">,
): Promise<Pictures> {
  const { encoder, indices, pool, images } = settings;
  const split = part === "train" ? "train" : settings.split;
  const loaded = await loadPictures({
    encoder,
    split,
    count: images[part],
    indices,
    pool,
    signal,
    folder,
    // Training uses two questions of each type, the test set one.
    perType: part === "train" ? 2 : 1,
    onProgress: (progress) => onPictures?.({ split, ...progress }),
  });
  return loaded.only(settings.types);
}

class Study {
  private readonly writer: AnswerWriter;
  private readonly scale: FeatureScale;
  private readonly adapterValues: Record<string, number>;
  private readonly start = performance.now();
  /** Seconds of earlier calls. */
  private readonly before: number;
  private seconds: number;
  private baselines: AnswerStudy["baselines"] = [];

  constructor(
    private readonly options: AnswerStudyOptions,
    private readonly file: AnswerFile,
    private readonly language: LoadedLanguageModel,
    private readonly train: Pictures,
    private readonly test: Pictures,
  ) {
    this.writer = new AnswerWriter(language.tokenizer);
    this.scale = new FeatureScale(train);
    this.adapterValues = adapterValuesOf(options.settings, language.model);
    const { seconds } = file.facts;
    this.before = typeof seconds === "number" ? seconds : 0;
    this.seconds = this.before;
  }

  async run(): Promise<AnswerStudy> {
    this.baselines = await this.knownBaselines();
    for (let seed = 1; seed <= this.options.settings.seeds; seed++) if (!(await this.runSeed(seed))) break;
    return this.study;
  }

  /** The study so far. */
  private get study(): AnswerStudy {
    const { identity, runs, finished } = this.file;
    return { ...this.facts, identity, runs, finished };
  }

  /** Facts that the file holds beside the runs. */
  private get facts(): Pick<AnswerStudy, "settings" | "device" | "baselines" | "adapterValues" | "seconds"> {
    const { baselines, adapterValues, seconds } = this;
    return { settings: this.options.settings, device: String(nn.trainingDevice()), baselines, adapterValues, seconds };
  }

  private async knownBaselines(): Promise<AnswerStudy["baselines"]> {
    const { writer, train, test, language } = this;
    const { baselines } = this.file.facts;
    if (Array.isArray(baselines) && baselines.length) return baselines as AnswerStudy["baselines"];
    return [
      { name: "most frequent answer", score: scoreMajority(train.texts, test.texts) },
      { name: "told in words", score: await scoreReading(language.model, writer.single(test.texts, true)) },
    ];
  }

  /** Runs the missing methods of a seed. @returns false where it was stopped */
  private async runSeed(seed: number): Promise<boolean> {
    const { settings, controlFor, signal, onStep } = this.options;
    const parts: TrainerParts = {
      settings,
      folder: this.file.folder,
      languageModel: this.language.model,
      writer: this.writer,
      sight: { pictures: this.train, scale: this.scale },
      controlFor,
      signal,
      onStep,
    };
    const shared: SharedStages = new Map();
    for (const method of settings.methods.filter(({ name }) => !this.file.has({ method: name, seed }))) {
      const trainer = new Trainer(parts, seed, method, shared);
      try {
        if (!(await this.runMethod(trainer, method, { ...parts.sight, pictures: this.test }, seed))) return false;
      } finally {
        trainer.dispose();
      }
    }
    return true;
  }

  private async runMethod(trainer: Trainer, method: AnswerMethod, sight: Sight, seed: number): Promise<boolean> {
    if (!(await trainer.run())) return false;
    const start = performance.now();
    const score = await method.score(trainer.model, this.writer.single(this.test.texts), sight);
    const seconds = trainer.seconds + (performance.now() - start) / 1e3;
    const run = { method: method.name, seed, score, seconds };
    this.seconds = this.before + (performance.now() - this.start) / 1e3;
    await this.file.add(run, this.facts);
    await this.options.onRun?.(run, this.study);
    return true;
  }
}
