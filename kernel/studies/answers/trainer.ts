import { join } from "../../platform/path";
import { type Adapters, attach } from "../../lora";
import type { LanguageModel } from "../../models/language-model";
import type { VisionLanguageModel } from "../../models/vision-language-model";
import * as nn from "../../nn";
import { Prng } from "../../numeric/prng";
import type { SafetensorsTensor } from "../../safetensors/tensor";
import type { Sight } from "../../tasks/answers/model";
import { answerBatches, type AnswerWriter } from "../../tasks/answers/sequences";
import { cosine, fit, type StepReport, type TrainingControl } from "../../train";
import { planStage } from "../../train/update/stages";
import type { AnswerMethod, AnswerStage } from "./methods";
import type { AnswerSettings } from "./settings";

/** Identity of a training; `method` is the stage's name in a stage that methods share. */
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

/** Values after the shared stages of one seed, by the stage's name. */
export type SharedStages = Map<string, Map<string, SafetensorsTensor>>;

const CHECKPOINT_EVERY = 50;

/** One method trained from one seed, stage by stage. */
export class Trainer {
  readonly model: VisionLanguageModel;
  adapters: Adapters | null = null;
  /** Seconds spent on stages that the method does not share. */
  seconds = 0;

  constructor(
    private readonly parts: TrainerParts,
    private readonly seed: number,
    private readonly method: AnswerMethod,
    private readonly shared: SharedStages = new Map(),
  ) {
    const { settings, languageModel, sight } = parts;
    nn.manualSeed(seed);
    this.model = method.build(seed, { languageModel, pictures: sight.pictures, settings });
  }

  /** Trains all stages, or reads them where their checkpoints are done. @returns false where it was stopped */
  async run(): Promise<boolean> {
    const stages = this.method.stages(this.parts.settings);
    for (const index of stages.keys()) {
      const start = performance.now();
      if (!(await this.runStage(stages, index))) return false;
      if (!stages[index].isShared) this.seconds += (performance.now() - start) / 1e3;
    }
    return true;
  }

  private async runStage(stages: readonly AnswerStage[], index: number): Promise<boolean> {
    const stage = stages[index];
    const known = stage.isShared ? this.shared.get(stage.name) : undefined;
    if (known) {
      nn.loadState(this.model, known, { strict: false });
      return true;
    }
    if (stage.adapter) this.attach(stage.adapter);
    if (!(await this.train(stage, index, nameOf(this.method, stages, index)))) return false;
    if (stage.isShared) this.shared.set(stage.name, await this.trainedBy(stage));
    return true;
  }

  private attach(adapter: NonNullable<AnswerStage["adapter"]>): void {
    this.adapters?.detach();
    this.adapters = attach(this.model, adapter, { random: new Prng(this.seed, "adapter") });
  }

  private async trainedBy(stage: AnswerStage): Promise<Map<string, SafetensorsTensor>> {
    const { trained } = planStage(this.model, stage);
    const state = await nn.stateOf(this.model);
    return new Map([...state].filter(([key]) => trained.has(key)));
  }

  private async train(stage: AnswerStage, index: number, name: string): Promise<boolean> {
    const { settings, writer, sight, controlFor, signal, onStep } = this.parts;
    const place = { method: stage.isShared ? stage.name : this.method.name, seed: this.seed };
    const loss = stage.loss ?? this.method.loss;
    // Each stage has a separate order, so that the second does not begin with the first one's pictures.
    const seed = 2 * this.seed + index;
    const { ended } = await fit(
      {
        model: this.model,
        seed,
        control: controlFor?.(place),
        signal,
        clipNorm: 1,
        resume: true,
        examplesOf: ({ pictures }) => pictures.length,
        data: answerBatches(sight.pictures, writer, {
          batchSize: settings.batchSize,
          questions: settings.questions,
          seed,
        }),
        loss: (batch) => loss(this.model, batch, sight),
        stages: [
          {
            name: stage.name,
            groups: stage.groups,
            steps: stage.steps,
            schedule: cosine({ warmupFraction: 0.03 }),
          },
        ],
        checkpoint: {
          path: join(this.parts.folder, `${this.seed}-${slug(name)}.safetensors`),
          every: CHECKPOINT_EVERY,
        },
      },
      (report) => onStep?.(place, report),
    );
    return ended === "finished";
  }

  /** Takes the adapter off, and frees all tensors but the language model's. */
  dispose(): void {
    this.adapters?.detach();
    this.adapters = null;
    this.model.vce?.dispose();
    this.model.mmProjector.dispose();
  }
}

/** The name of a stage's checkpoint: methods share a file as they share a stage. */
function nameOf(method: AnswerMethod, stages: readonly AnswerStage[], index: number): string {
  if (stages[index].isShared) return stages[index].name;
  return index === stages.length - 1 ? method.name : `${method.name} stage ${index + 1}`;
}

const slug = (name: string): string => name.toLowerCase().replace(/\W+/g, "-");
