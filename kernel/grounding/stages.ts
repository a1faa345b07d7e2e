import { checkArguments } from "../rules/arguments";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { AdamW } from "../train/update/adamw";
import { Ema } from "../train/update/ema";
import type { FitOptions } from "../train/fit/fit-options";
import type { Schedule } from "../train/update/schedule";
import type { Stage, StageGroup } from "../train/update/stages";
import { checkBranch, type GroundingBranch } from "./config";
import { GroundingError } from "./error";
import type { SimVg } from "./model";

/** Options of {@link schedule}. */
export interface GroundingScheduleOptions {
  /** Passes over the data of the whole stage. Default 30. */
  epochs?: number;
  /** Epochs of the warm-up, whose factors are 1, 2, … parts of one more. Default 3. */
  warmup?: number;
  /** Number of the first epoch, counted from 1, with the lower rate. Default 25. */
  decay?: number;
  /** Factor from that epoch on. Default 0.1. */
  factor?: number;
}

/** Options of a stage of training. */
export interface GroundingStageOptions extends GroundingScheduleOptions {
  /** Name of the stage. Default `grounding`. */
  name?: string;
  /** Learning rate of the head. Default 5e-4. */
  learningRate?: number;
  /** Factor on the rate of the encoder. Default 0.1; 0 freezes it. */
  encoderFactor?: number;
  /** Number of the encoder's first layers that keep every bit. Default 0. */
  freezeLayers?: number;
  /** Branches that learn. Default: those of the model. */
  branch?: GroundingBranch;
  /** Schedule of the rates. Default: {@link schedule} of these options. */
  schedule?: Schedule;
}

const SCHEDULE_NAMES: OptionNames<GroundingScheduleOptions> = { epochs: true, warmup: true, decay: true, factor: true };
const NAMES: OptionNames<GroundingStageOptions> = {
  ...SCHEDULE_NAMES,
  name: true,
  learningRate: true,
  encoderFactor: true,
  freezeLayers: true,
  branch: true,
  schedule: true,
};

/** Weights of the head that a branch trains. */
const OWN: Readonly<Record<GroundingBranch, RegExp>> = {
  both: /^head\./,
  token: /^head\.(?!decoder|image_proj)/,
  decoder: /^head\.(?!token_|object_proj)/,
};

/**
 * Returns the schedule of arXiv 2409.17531, section 4.1, which is constant within an epoch: factors .25, .5 and .75 in the three epochs of
 * the warm-up, then 1, and 0.1 from the 25th epoch on.
 *
 * @throws GroundingError for a number out of range
 */
export function schedule(options: GroundingScheduleOptions = {}): Schedule {
  const fn = "grounding.schedule";
  checkOptionNames(fn, options, SCHEDULE_NAMES, GroundingError);
  const { epochs = 30, warmup = 3, decay = 25, factor = 0.1 } = options;
  for (const [name, value, low] of [
    ["epochs", epochs, 1],
    ["warmup", warmup, 0],
    ["decay", decay, 1],
  ] as const)
    if (!(Number.isInteger(value) && value >= low))
      throw new GroundingError(fn, `${name} must be a whole number of at least ${low}`, value);
  if (!(factor >= 0)) throw new GroundingError(fn, "factor must be at least 0", factor);
  return (step, total) => {
    const epoch = Math.floor((step * epochs) / total);
    const rising = epoch < warmup ? (epoch + 1) / (warmup + 1) : 1;
    return epoch + 1 >= decay ? rising * factor : rising;
  };
}

/**
 * Returns a stage for `train.fit` with two groups, the head and the encoder at a tenth of its rate (arXiv 2409.17531, section 4.1). The
 * one-stage training is this stage with both branches. The two-stage training is `{ branch: "decoder" }`, then a second stage with
 * `{ learningRate: 3e-4, epochs: 20, decay: 15 }`, each with the loss of {@link step} for its branches.
 *
 * @throws GroundingError for invalid options, or a branch that the model lacks
 */
export function stage(model: SimVg, options: GroundingStageOptions = {}): Stage {
  const fn = "grounding.stage";
  checkArguments(fn, GroundingError, { model }, { model: "module" });
  checkOptionNames(fn, options, NAMES, GroundingError);
  const { branches } = model.head.config;
  const { name = "grounding", learningRate = 5e-4, encoderFactor = 0.1, freezeLayers = 0, branch = branches } = options;
  const { epochs = 30, warmup, decay, factor } = options;
  const { depth } = model.encoder.config;
  if (!(learningRate > 0)) throw new GroundingError(fn, "learningRate must be above 0", learningRate);
  if (!(encoderFactor >= 0)) throw new GroundingError(fn, "encoderFactor must be at least 0", encoderFactor);
  if (!(Number.isInteger(freezeLayers) && freezeLayers >= 0 && freezeLayers <= depth))
    throw new GroundingError(fn, `freezeLayers must be a whole number of 0..${depth}`, freezeLayers);
  checkBranch(fn, branch, branches);
  const head: StageGroup = { parameters: OWN[branch], learningRate };
  const encoder: StageGroup = { parameters: encoderRule(freezeLayers), learningRate: learningRate * encoderFactor };
  return {
    name,
    groups: encoderFactor > 0 ? [head, encoder] : [head],
    epochs,
    schedule: options.schedule ?? schedule({ epochs, warmup, decay, factor }),
  };
}

/** Matches the encoder's parameters but those of its first layers. */
function encoderRule(frozen: number): RegExp {
  if (frozen === 0) return /^encoder\./;
  const numbers = Array.from({ length: frozen }, (_, i) => i).join("|");
  return new RegExp(String.raw`^encoder\.(?!encoder\.layers\.(?:${numbers})\.)`);
}

/** Options of {@link settings}. */
export interface GroundingSettingsOptions {
  /** Decay of moving averages of the parameters; the base configuration of the release has 0.999. Default null: none. */
  ema?: number | null;
}

/**
 * Returns the other options of `train.fit` as in arXiv 2409.17531, section 4.1: Adam with AMSGrad, betas .9 and .98, epsilon 1e-9, no weight
 * decay, gradients clipped at 0.15. The caller disposes of the moving averages.
 *
 *     await train.fit({ model, data, loss: grounding.step(model), stages: [grounding.stage(model)], ...grounding.settings(model) });
 *
 * @throws GroundingError for an unknown option
 * @throws TrainError for a decay outside [0, 1]
 */
export function settings(
  model: SimVg,
  options: GroundingSettingsOptions = {},
): Pick<FitOptions<never>, "optimizer" | "clipNorm" | "ema"> {
  checkOptionNames("grounding.settings", options, { ema: true }, GroundingError);
  const { ema = null } = options;
  return {
    optimizer: (groups) => new AdamW(groups, { betas: [0.9, 0.98], eps: 1e-9, weightDecay: 0, amsgrad: true }),
    clipNorm: 0.15,
    ema: ema === null ? undefined : new Ema(model, ema),
  };
}
