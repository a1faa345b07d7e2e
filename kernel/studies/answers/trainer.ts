import { join } from "node:path";
import { type Adapters, attach } from "../../lora";
import * as nn from "../../nn";
import { Prng } from "../../prng";
import { cosine, fit, type Stage, type StepReport, type TrainingControl } from "../../train";
import type { LanguageModel } from "../../models/language-model";
import type { VisionLanguageModel } from "../../models/vision-language-model";
import type { AnswerMethod } from "./methods";
import { answerLoss, makeModel, type Sight } from "../../tasks/answers/model";
import { answerBatches, type AnswerWriter } from "../../tasks/answers/sequences";
import type { AnswerSettings } from "./settings";

/** Identity of a training; the shared first stage has the `method` `first stage` or `first stage with VCE`. */
export interface AnswerPlace {
  method: string;
  seed: number;
}

/** Inputs of a training besides the settings. */
export interface TrainerParts {
  settings: AnswerSettings;
  /** Folder of the checkpoints. */
  folder: string;
  languageModel: LanguageModel;
  writer: AnswerWriter;
  sight: Sight;
  controlFor?: (run: AnswerPlace) => TrainingControl;
  signal?: AbortSignal;
  onStep?: (run: AnswerPlace, report: StepReport) => void | Promise<void>;
}

const CHECKPOINT_EVERY = 50;
/** Names of the parameters trained in both stages; the rest trains only in the second. */
const EYES = /^(vce|mm_projector)\./;
const ADAPTER = /\.adapters\./;

/** Two stages of one seed, with VCE or without; the methods branch after the first. */
export class Trainer {
  readonly model: VisionLanguageModel;
  /** Values of VCE and projector after the first stage. */
  private eyes: Map<string, nn.SafetensorsTensor> | null = null;
  /** Adapters of the method in the second stage. */
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

  /**
   * Trains the first stage.
   *
   * @returns false where it was stopped
   */
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
   * Trains one method from the end of the first stage. Its adapter stays attached until {@link detach}.
   *
   * @returns the method's input, or null where it was stopped
   */
  async secondStage(method: AnswerMethod): Promise<Sight | null> {
    const { settings, sight } = this.parts;
    const { steps, rates } = settings;
    nn.loadState(this.model, this.eyes as Map<string, nn.SafetensorsTensor>, { strict: false });
    const random = new Prng(this.seed, "adapter");
    this.adapters = method.adapter && attach(this.model, method.adapter, { random });
    const groups = [
      { parameters: EYES, learningRate: rates.second },
      ...(this.adapters ? [{ parameters: ADAPTER, learningRate: rates.adapter }] : []),
    ];
    const shown = { ...sight, blind: method.blind };
    return (await this.train(method.name, { name: "second", groups, steps: steps[1] }, shown)) ? shown : null;
  }

  /** Removes the adapter, which restores the language model. */
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
    // Each stage has a separate order, so that the second does not begin with the first one's pictures.
    const seed = 2 * this.seed + (stage.name === "first" ? 0 : 1);
    const { ended } = await fit(
      {
        model: this.model,
        seed,
        control: controlFor?.(place),
        signal,
        clipNorm: 1,
        resume: true,
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

  /** Frees everything except the language model. */
  dispose(): void {
    this.detach();
    this.model.vce?.dispose();
    this.model.mmProjector.dispose();
  }
}

const slug = (name: string): string => name.toLowerCase().replace(/\W+/g, "-");
