import { join } from "node:path";
import { type Adapters, attach } from "../../lora";
import * as nn from "../../nn";
import { Prng } from "../../prng";
import type { SafetensorsTensor } from "../../safetensors/tensor";
import { cosine, fit, type Stage, type StepReport, type TrainingControl } from "../../train";
import type { LanguageModel } from "../../models/language-model";
import type { VisionLanguageModel } from "../../models/vision-language-model";
import type { AnswerMethod } from "./methods";
import { answerLoss, makeModel, type Sight } from "../../tasks/answers/model";
import { answerBatches, type AnswerWriter } from "../../tasks/answers/sequences";
import type { AnswerSettings } from "./settings";

/** Which training it is; `method` is `first stage` or `first stage with VCE` in what methods share. */
export interface AnswerPlace {
  method: string;
  seed: number;
}

/** What a training needs beside the settings. */
export interface TrainerParts {
  settings: AnswerSettings;
  /** For checkpoints. */
  folder: string;
  languageModel: LanguageModel;
  writer: AnswerWriter;
  sight: Sight;
  controlFor?: (run: AnswerPlace) => TrainingControl;
  signal?: AbortSignal;
  onStep?: (run: AnswerPlace, report: StepReport) => void | Promise<void>;
}

const CHECKPOINT_EVERY = 50;
/** Names of what trains in both stages, and of what only the second one trains. */
const EYES = /^(vce|mm_projector)\./;
const ADAPTER = /\.adapters\./;

/** The two stages of one seed, with VCE or without: the methods branch off after the first. */
export class Trainer {
  readonly model: VisionLanguageModel;
  /** Values of VCE and projector after the first stage. */
  private eyes: Map<string, SafetensorsTensor> | null = null;
  /** Those of the method in the second stage. */
  adapters: Adapters | null = null;

  constructor(
    private readonly parts: TrainerParts,
    private readonly seed: number,
    private readonly vce: boolean,
  ) {
    const { settings, languageModel, sight } = parts;
    nn.manualSeed(seed);
    this.model = makeModel(sight.pictures, { ...settings, languageModel, vce });
  }

  /** @returns false where it was stopped */
  async firstStage(): Promise<boolean> {
    const { steps, rates } = this.parts.settings;
    const groups = [{ parameters: EYES, learningRate: rates.first }];
    const isDone = await this.train(this.firstName, { name: "first", groups, steps: steps[0] }, this.parts.sight);
    if (!isDone) return false;
    const state = await nn.stateOf(this.model);
    this.eyes = new Map([...state].filter(([key]) => EYES.test(key)));
    return true;
  }

  /**
   * Trains one method from where the first stage ended. Its adapter stays on until {@link detach}.
   *
   * @returns what the method sees, or null where it was stopped
   */
  async secondStage(method: AnswerMethod): Promise<Sight | null> {
    const { settings, sight } = this.parts;
    const { steps, rates } = settings;
    nn.loadState(this.model, this.eyes as Map<string, SafetensorsTensor>, { strict: false });
    const random = new Prng(this.seed, "adapter");
    this.adapters = method.adapter && attach(this.model, method.adapter, { random });
    const groups = [
      { parameters: EYES, learningRate: rates.second },
      ...(this.adapters ? [{ parameters: ADAPTER, learningRate: rates.adapter }] : []),
    ];
    const shown = { ...sight, blind: method.blind };
    return (await this.train(method.name, { name: "second", groups, steps: steps[1] }, shown)) ? shown : null;
  }

  /** Takes the adapter off: the language model is what it was. */
  detach(): void {
    this.adapters?.detach();
    this.adapters = null;
  }

  private get firstName(): string {
    return this.vce ? "first stage with VCE" : "first stage";
  }

  private checkpointOf(name: string): string {
    return join(this.parts.folder, `${this.seed}-${slug(name)}.safetensors`);
  }

  private async train(method: string, stage: Stage, sight: Sight): Promise<boolean> {
    const { settings, writer, controlFor, signal, onStep } = this.parts;
    const place = { method, seed: this.seed };
    // Each stage has an order of its own: the second one does not begin with the pictures that the first one began with.
    const seed = 2 * this.seed + (stage.name === "first" ? 0 : 1);
    const { ended } = await fit(
      {
        ...{ model: this.model, seed, control: controlFor?.(place), signal, clipNorm: 1, resume: true },
        examplesOf: ({ pictures }) => pictures.length,
        data: answerBatches(sight.pictures, writer, { size: settings.batch, questions: settings.questions, seed }),
        loss: (batch) => answerLoss(this.model, batch, sight),
        stages: [{ ...stage, schedule: cosine({ warmupFraction: 0.03 }) }],
        checkpoint: { path: this.checkpointOf(method), every: CHECKPOINT_EVERY },
      },
      (report) => onStep?.(place, report),
    );
    return ended === "finished";
  }

  /** Frees what is not the language model's. */
  dispose(): void {
    this.detach();
    this.model.vce?.dispose();
    this.model.mmProjector.dispose();
  }
}

const slug = (name: string): string => name.toLowerCase().replace(/\W+/g, "-");
