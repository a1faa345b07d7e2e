import { tf } from "../../backend/tf";
import type { QuestionType } from "../../data";
import { type Adapters, type GateActivity, gateActivity } from "../../lora";
import { MultimodalError } from "../../models/error";
import { load } from "../../models/load";
import type { VisionLanguageModel } from "../../models/vision-language-model";
import { type AnswerScore, scoreSeeing } from "../../tasks/answers/evaluate";
import { answerLogits, FeatureScale, type Sight, tensorsOf } from "../../tasks/answers/model";
import { type AnswerBatch, type AnswerSequence, AnswerWriter, batchOf } from "../../tasks/answers/sequences";
import type { AnswerSettings } from "./settings";
import { pictures } from "./study";
import { StudyFile } from "../study-file";
import { Trainer } from "./trainer";

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
  /** Weights in the order of the settings' levels, summing to 1. */
  weights: number[];
}

const OPEN = "multimodal.openAnswers";
const TOGETHER = 32;

/** Model trained by a study, with the test questions. It holds memory of the device until `dispose`. */
export class AnswerModel {
  /** @internal Use {@link openAnswers}. */
  constructor(
    readonly model: VisionLanguageModel,
    /** Single questions about the test pictures. */
    readonly asked: readonly AnswerSequence[],
    private readonly sight: Sight,
    private readonly adapters: Adapters | null,
    private readonly free: () => void,
  ) {}

  /** Returns the right answers in percent. */
  score(): Promise<AnswerScore> {
    return scoreSeeing(this.model, this.asked, this.sight);
  }

  /**
   * Measures the adapter's gates by question type: over the picture's tokens, which do not depend on the question, and
   * over the words.
   *
   * @throws MultimodalError for a method without adapter
   * @throws LoraError for one without gates
   */
  gateActivity(): Promise<GateActivity> {
    if (!this.adapters) throw new MultimodalError("multimodal.gateActivity", "the method must have an adapter", "none");
    const tasks = Object.fromEntries([...this.byType()].map(([type, own]) => [type, together(own)]));
    return gateActivity(this.adapters, tasks, (batch) => answerLogits(this.model, batch, this.sight));
  }

  /**
   * Returns the level weights of VCE by question type. VCE sees no question, so types differ only by their pictures.
   *
   * @throws MultimodalError for a method without VCE
   */
  levelWeights(): LevelWeights[] {
    const { vce } = this.model;
    if (!vce) throw new MultimodalError("multimodal.levelWeights", "the method must have VCE", "none");
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
 * Opens a model trained by `answerStudy` from the study's checkpoints.
 *
 * @throws MultimodalError for a method or seed that the study has not trained
 */
export async function openAnswers({ settings, folder, method: name, seed }: OpenAnswersOptions): Promise<AnswerModel> {
  const method = settings.methods.find((one) => one.name === name);
  if (!method)
    throw new MultimodalError(OPEN, `methods are ${settings.methods.map((one) => one.name).join(", ")}`, name);
  const language = await load(settings.languageModel);
  const [train, test] = [await pictures("train", { settings, folder }), await pictures("asked", { settings, folder })];
  const store = new StudyFile(folder, settings, language, [train, test]);
  if (!store.has(method, seed)) {
    language.model.dispose();
    throw new MultimodalError(OPEN, `the study must have trained ${name} with this seed`, seed);
  }
  const writer = new AnswerWriter(language.tokenizer);
  const sight = { pictures: train, scale: new FeatureScale(train) };
  const parts = { settings, folder: store.folder, languageModel: language.model, writer, sight };
  const trainer = new Trainer(parts, seed, method.vce);
  const free = (): void => {
    trainer.dispose();
    language.model.dispose();
  };
  // Both stages are finished: their checkpoints are read and nothing is trained.
  await trainer.firstStage();
  const trained = await trainer.secondStage(method);
  return new AnswerModel(
    trainer.model,
    writer.single(test.texts),
    { ...(trained ?? sight), pictures: test },
    trainer.adapters,
    free,
  );
}
