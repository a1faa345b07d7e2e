import { tf } from "../../backend/tf";
import type { QuestionType } from "../../data/world/language/questions";
import { type GateActivity, gateActivity } from "../../lora";
import { StudyError } from "../error";
import { load } from "../../models/load";
import type { VisionLanguageModel } from "../../models/vision-language-model";
import type { AnswerScore } from "../../tasks/answers/evaluate";
import { answerLogits, FeatureScale, type Sight, tensorsOf } from "../../tasks/answers/model";
import { type AnswerBatch, type AnswerSequence, AnswerWriter, batchOf } from "../../tasks/answers/sequences";
import { Vce } from "../../vce";
import type { AnswerMethod } from "./methods";
import { type AnswerSettings, checkSettings } from "./settings";
import { pictures } from "./study";
import { answerFile } from "./results";
import { Trainer } from "./trainer";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";

/** Choice of one of a study's trained models. */
export interface OpenAnswersOptions {
  /** Settings of the study, as given to `answerStudy`. */
  settings: AnswerSettings;
  /** Folder of the study. */
  folder: string;
  /** Name of one of the settings' methods. */
  method: string;
  /** Seed, 1 and up. */
  seed: number;
}

/** Share of VCE's attention per level, for the pictures of one type of question. */
export interface LevelWeights {
  type: QuestionType;
  /** Weights in the order of the settings' indices, summing to 1. */
  weights: number[];
}

const OPEN = "studies.openAnswers";
const NAMES: OptionNames<OpenAnswersOptions> = { settings: true, folder: true, method: true, seed: true };
const TOGETHER = 32;

/** Model trained by a study, with the test questions. It holds memory of the device until `dispose`. */
export class AnswerModel {
  readonly model: VisionLanguageModel;

  /** @internal Use {@link openAnswers}. */
  constructor(
    private readonly method: AnswerMethod,
    private readonly trained: Pick<Trainer, "model" | "adapters">,
    /** Single questions about the test pictures. */
    readonly asked: readonly AnswerSequence[],
    private readonly sight: Sight,
    private readonly free: () => void,
  ) {
    this.model = trained.model;
  }

  /** Returns the right answers in percent. */
  score(): Promise<AnswerScore> {
    return this.method.score(this.model, this.asked, this.sight);
  }

  /**
   * Measures how much the gates of the adapter let through, by question type: over the tokens of the picture, which are the
   * same for every question, and over the words.
   *
   * @throws StudyError for a method without adapter, LoraError for one without gates
   */
  gateActivity(): Promise<GateActivity> {
    const { adapters } = this.trained;
    if (!adapters) throw new StudyError("studies.AnswerModel.gateActivity", "the method must have an adapter", "none");
    const tasks = Object.fromEntries([...this.byType()].map(([type, own]) => [type, together(own)]));
    return gateActivity(adapters, tasks, (batch) => answerLogits(this.model, batch, this.sight));
  }

  /**
   * Returns the level weights of VCE by question type. VCE sees no question; types differ only in the pictures they are asked about.
   *
   * @throws StudyError for a method without VCE
   */
  levelWeights(): LevelWeights[] {
    const { vce } = this.model;
    if (!(vce instanceof Vce))
      throw new StudyError("studies.AnswerModel.levelWeights", "the method must have VCE", "none");
    return [...this.byType()].map(([type, own]) => {
      const sums = vce.indices.map(() => 0);
      for (const batch of together(own)) {
        const weights = tf.tidy(() => vce.levelWeights(tensorsOf(batch, this.sight, true).levels).dataSync());
        weights.forEach((weight, level) => (sums[level] += (weight * batch.pictures.length) / own.length));
      }
      return { type, weights: sums };
    });
  }

  private byType(): Map<QuestionType, AnswerSequence[]> {
    const found = new Map<QuestionType, AnswerSequence[]>();
    for (const one of this.asked) found.set(one.answers[0].type, [...(found.get(one.answers[0].type) ?? []), one]);
    return found;
  }

  dispose(): void {
    this.free();
  }
}

/** Groups sequences of one length into batches without padding. */
function together(sequences: readonly AnswerSequence[]): AnswerBatch[] {
  const byLength = new Map<number, AnswerSequence[]>();
  for (const one of sequences) byLength.set(one.ids.length, [...(byLength.get(one.ids.length) ?? []), one]);
  return [...byLength.values()].flatMap((own) =>
    Array.from({ length: Math.ceil(own.length / TOGETHER) }, (_, i) =>
      batchOf(own.slice(i * TOGETHER, (i + 1) * TOGETHER)),
    ),
  );
}

/**
 * Opens a model that `answerStudy` trained, from the study's checkpoints.
 *
 * @throws StudyError for an unknown option, or a method or seed that the study has not trained
 */
export async function openAnswers(options: OpenAnswersOptions): Promise<AnswerModel> {
  checkOptionNames(OPEN, options, NAMES, StudyError);
  const { settings, folder, method: name, seed } = options;
  checkSettings(OPEN, settings);
  const method = settings.methods.find((one) => one.name === name);
  if (!method) throw new StudyError(OPEN, `methods are ${settings.methods.map((one) => one.name).join(", ")}`, name);
  const language = await load(settings.languageModel);
  const [train, test] = [await pictures("train", { settings, folder }), await pictures("asked", { settings, folder })];
  const file = answerFile(folder, settings, language, [train, test]);
  if (!file.has({ method: name, seed })) {
    language.model.dispose();
    throw new StudyError(OPEN, `the study must have trained ${name} with this seed`, seed);
  }
  const writer = new AnswerWriter(language.tokenizer);
  const sight = { pictures: train, scale: new FeatureScale(train) };
  const parts = { settings, folder: file.folder, languageModel: language.model, writer, sight };
  const trainer = new Trainer(parts, seed, method);
  // All stages are done: their checkpoints are read, and nothing is trained.
  await trainer.run();
  return new AnswerModel(method, trainer, writer.single(test.texts), { ...sight, pictures: test }, () => {
    trainer.dispose();
    language.model.dispose();
  });
}
