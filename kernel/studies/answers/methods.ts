import type { Tensor } from "../../backend/tensor";
import type { AdapterOptions } from "../../lora";
import type { LanguageModel } from "../../models/language-model";
import { VisionLanguageModel } from "../../models/vision-language-model";
import { type AnswerScore, scoreSeeing } from "../../tasks/answers/evaluate";
import type { Pictures } from "../../tasks/answers/examples";
import { answerLoss, type Sight } from "../../tasks/answers/model";
import type { AnswerBatch, AnswerSequence } from "../../tasks/answers/sequences";
import type { StageGroup } from "../../train";
import { Vce } from "../../vce";
import type { AnswerSettings } from "./settings";

/** The frozen parts that a study hands to its methods. */
export interface AnswerTask {
  languageModel: LanguageModel;
  /** Form of the encoder's features. */
  pictures: Pick<Pictures, "channels" | "grid" | "indices">;
  settings: AnswerSettings;
}

/** The loss of a batch of answers. */
export type AnswerLoss = (model: VisionLanguageModel, batch: AnswerBatch, sight: Sight) => Tensor;

/** One stage of a method's training. */
export interface AnswerStage {
  /** In a shared stage, the name by which methods share it. */
  name: string;
  /** Parameters that train, with their learning rates. */
  groups: readonly StageGroup[];
  /** Updates. */
  steps: number;
  /** An adapter of the language model that is attached before the stage and stays until the run ends. */
  adapter?: AdapterOptions;
  /** Methods with a shared stage of this name train it once a seed and go on from the same values; default false. */
  isShared?: boolean;
  /** Default the method's loss. */
  loss?: AnswerLoss;
}

/**
 * A method of a study. Name and stages decide whether a stored study is continued; code is not compared, so a method
 * whose `build`, `loss` or `score` changes needs another name.
 */
export interface AnswerMethod {
  name: string;
  /** Makes the model. The study has set `nn.manualSeed(seed)`, and frees VCE and projector after the run. */
  build(seed: number, task: AnswerTask): VisionLanguageModel;
  stages(settings: AnswerSettings): readonly AnswerStage[];
  loss: AnswerLoss;
  score(model: VisionLanguageModel, asked: readonly AnswerSequence[], sight: Sight): Promise<AnswerScore>;
}

/** Parameters that train in both stages, and those that only the second one trains. */
const EYES = /^(vce|mm_projector)\./;
const ADAPTER = /\.adapters\./;

/**
 * Options of all adapters: query and value of every layer, as in the paper; no dropout, so that methods differ only in
 * their form.
 */
const SHARED = { targetModules: ["q_proj", "v_proj"], loraDropout: 0 };
const EXPERTS = 4;

type LoraForm = typeof SHARED & { r: number; loraAlpha: number };

interface Form {
  name: string;
  /** True if VCE fuses the levels; default false. */
  vce?: boolean;
  /** Adapter on the language model's attention in the second stage; null for none. */
  adapter?: AdapterOptions;
  /** True if the second stage and the questions show no picture, for the score of words alone; default false. */
  blind?: boolean;
}

/** A method in the two stages of Dual-LoRA's paper: projector and VCE, then these and the adapter. */
function methodOf({ name, vce = false, adapter, blind = false }: Form): AnswerMethod {
  const shown = (sight: Sight): Sight => ({ ...sight, blind });
  return {
    name,
    build: (_, task) => build(task, vce),
    stages: ({ steps, rates }) => [
      {
        name: vce ? "first stage with VCE" : "first stage",
        isShared: true,
        groups: [{ parameters: EYES, learningRate: rates.first }],
        steps: steps[0],
        loss: answerLoss,
      },
      {
        name: "second",
        groups: [
          { parameters: EYES, learningRate: rates.second },
          ...(adapter ? [{ parameters: ADAPTER, learningRate: rates.adapter }] : []),
        ],
        steps: steps[1],
        adapter,
      },
    ],
    loss: (model, batch, sight) => answerLoss(model, batch, shown(sight)),
    score: (model, asked, sight) => scoreSeeing(model, asked, shown(sight)),
  };
}

function build({ languageModel, pictures, settings }: AnswerTask, hasVce: boolean): VisionLanguageModel {
  const { channels: features, grid, indices } = pictures;
  const { merge, heads, points } = settings;
  const vce = hasVce ? new Vce(features, { indices, heads, points }) : undefined;
  return new VisionLanguageModel({ features, grid, languageModel, vce, merge });
}

/**
 * Returns the compared methods. LoRA has 1.5 times the rank of Dual-LoRA, which gives as many values except for the
 * norms; a mixture of four experts has the nearest rank.
 *
 * @param rank even rank of Dual-LoRA; default 16
 */
export function answerMethods(rank = 16): AnswerMethod[] {
  const scaled = (r: number): LoraForm => ({ ...SHARED, r, loraAlpha: 2 * r });
  const lora = scaled(1.5 * rank);
  const moe: AdapterOptions = {
    ...scaled(Math.round((1.5 * rank) / EXPERTS)),
    peftType: "MOE_LORA",
    experts: EXPERTS,
  };
  const dual: AdapterOptions = { ...scaled(rank), peftType: "DUAL_LORA" };
  const forms: Form[] = [
    { name: "words alone, LoRA", adapter: lora, blind: true },
    { name: "projector" },
    { name: "LoRA", adapter: lora },
    { name: "MoE-LoRA", adapter: moe },
    { name: "Dual-LoRA", adapter: dual },
    { name: "VCE", vce: true },
    { name: "VCE + Dual-LoRA", vce: true, adapter: dual },
  ];
  return forms.map(methodOf);
}

/** Returns a method's name and stages as plain data; two studies are the same where these are equal. */
export function describeMethod({ name, stages }: AnswerMethod, settings: AnswerSettings): object {
  const plain = stages(settings).map(({ name: stage, groups, steps, adapter, isShared }) => ({
    stage,
    groups: groups.map((group) => ({ ...group, parameters: String(group.parameters) })),
    steps,
    adapter,
    isShared,
  }));
  return { name, stages: plain };
}
