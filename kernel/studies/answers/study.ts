import type { Split } from "../../data/world/scenes/scene";
import { mkdir } from "../../platform/files";
import type { StepReport, TrainingControl } from "../../train";
import { load, type LoadedLanguageModel } from "../../models/load";
import { scoreMajority, scoreReading } from "../../tasks/answers/evaluate";
import type { AnswerMethod } from "./methods";
import { FeatureScale, type Sight } from "../../tasks/answers/model";
import { loadPictures, type Pictures } from "../../tasks/answers/examples";
import { AnswerWriter } from "../../tasks/answers/sequences";
import { type AnswerSettings, checkSettings } from "./settings";
import { type AnswerRun, type AnswerStudy, StudyFile } from "../study-file";
import { type AnswerPlace, type SharedStages, Trainer, type TrainerParts } from "./trainer";

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

/**
 * Trains a frozen encoder's projector, VCE and adapters on questions about the world's pictures in the two stages of
 * Dual-LoRA's paper (arXiv 2411.12787), each method from several seeds, and scores each on pictures of the test split, whose
 * instances and combinations of category and colour no training has. Methods of one seed share the stages that
 * they declare shared, the order of the batches and the first values. Starts the default device where none was started; the same settings on the same device give the same figures.
 *
 * @throws StudyError for illegal settings
 */
export async function answerStudy(options: AnswerStudyOptions): Promise<AnswerStudy> {
  checkSettings(STUDY, options.settings);
  const { settings, folder } = options;
  const language = await load(settings.languageModel);
  try {
    const [train, test] = [await pictures("train", options), await pictures("asked", options)];
    const store = new StudyFile(folder, settings, language, [train, test]);
    await mkdir(store.folder, { recursive: true });
    return await new Study(options, store, language, train, test).run();
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
    for (let seed = 1; seed <= study.settings.seeds; seed++) if (!(await this.runSeed(seed))) break;
    return this.store.asked;
  }

  private async baselines(): Promise<AnswerStudy["baselines"]> {
    const { writer, train, test, language } = this;
    return [
      { name: "most frequent answer", score: scoreMajority(train.texts, test.texts) },
      { name: "told in words", score: await scoreReading(language.model, writer.single(test.texts, true)) },
    ];
  }

  /** The methods that are missing. @returns false where it was stopped */
  private async runSeed(seed: number): Promise<boolean> {
    const { settings, controlFor, signal, onStep } = this.options;
    const parts: TrainerParts = {
      settings,
      folder: this.store.folder,
      languageModel: this.language.model,
      writer: this.writer,
      sight: { pictures: this.train, scale: this.scale },
      controlFor,
      signal,
      onStep,
    };
    const shared: SharedStages = new Map();
    for (const method of settings.methods.filter((one) => !this.store.has(one, seed))) {
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
    this.store.study.runs.push(run);
    this.store.save();
    await this.options.onRun?.(run, this.store.asked);
    return true;
  }
}
