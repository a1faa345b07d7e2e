import { Module } from "../../nn/module/module";
import type { BatchSource } from "../batches/batches";
import type { TrainingControl } from "../runs/control";
import type { EarlyStop } from "./early-stop";
import type { Ema } from "../update/ema";
import { TrainError } from "../error";
import type { Validation } from "./evaluation";
import type { Optimizer, ParameterGroup } from "../update/optimizer";
import type { Stage } from "../update/stages";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { checkSeed } from "../../numeric/prng";
import type { RunLog } from "../runs/journal";
import type { LossFunction } from "../update/update";
import { isWhole } from "../../rules/rule-error";

/** Options of {@link fit}. */
export interface FitOptions<B> {
  /** Model to train. */
  model: Module;
  /** Batches, as a source or an array. */
  data: BatchSource<B>;
  /** Loss of a batch. */
  loss: LossFunction<B>;
  /** Stages in order. */
  stages: readonly Stage[];
  /** Makes each stage's optimizer. Default: `AdamW` with only the groups' weight decay. */
  optimizer?: (groups: readonly ParameterGroup[]) => Optimizer;
  /** Batches whose mean gradient makes one update. Default 1. */
  accumulate?: number;
  /** Largest norm of all gradients together. Default: no limit. */
  clipNorm?: number;
  /** Moving averages to update; the caller owns them. Default: none. */
  ema?: Ema;
  /**
   * Modules whose intermediate values are computed again for the gradient, in place of kept: less memory for about a third
   * more time (Chen et al., arXiv 1604.06174). `true` is every module of a list, such as `blocks.0` to `blocks.11`; a
   * pattern names modules. Results are the same. Default false.
   */
  recompute?: boolean | RegExp;
  /** Seed of dropout's masks. Default 0. */
  seed?: number;
  /**
   * Safetensors file written every so many updates (default: not between stages), after each stage and at a stop.
   * Default: none.
   */
  checkpoint?: { path: string; every?: number };
  /** Resume from the checkpoint's file if it exists. Default false: the file is overwritten. */
  resume?: boolean;
  /** Evaluation during training. Default: none. */
  validation?: Validation;
  /** Early end of each stage. Default: none. */
  earlyStop?: EarlyStop;
  /** Signal that stops the training as `control.stop()` does. Default: none. */
  signal?: AbortSignal;
  /** Control of the training. Default: none. */
  control?: TrainingControl;
  /**
   * Shows a bar in the running cell of a notebook once the training has taken 2 s, unless there is a `control`, whose view tells more.
   * Default true.
   */
  progress?: boolean;
  /** Returns the examples in a batch, for the reported rate. Default: the length of a batch that is an array. */
  examplesOf?: (batch: B) => number;
  /** Record of the run that {@link runs} reads and compares across sessions. Default: none. */
  log?: RunLog;
  /** Folder of TensorBoard's event files, a new one for each training, on every device. Default: none. */
  tensorboard?: string;
}

const NAMES: OptionNames<FitOptions<unknown>> = {
  model: true,
  data: true,
  loss: true,
  stages: true,
  optimizer: true,
  accumulate: true,
  clipNorm: true,
  ema: true,
  recompute: true,
  seed: true,
  checkpoint: true,
  resume: true,
  validation: true,
  earlyStop: true,
  signal: true,
  control: true,
  progress: true,
  examplesOf: true,
  log: true,
  tensorboard: true,
};

/**
 * Checks options.
 *
 * @throws TrainError for an unknown option, and for options that contradict each other
 */
export function checkOptions<B>(options: FitOptions<B>): void {
  const fn = "train.fit";
  checkOptionNames(fn, options, NAMES, TrainError);
  const { model, data, loss, stages, accumulate = 1, seed = 0 } = options;
  const { earlyStop, validation, resume, checkpoint } = options;
  if (!(model instanceof Module)) throw new TrainError(fn, "model must be an nn.Module", model);
  if (typeof loss !== "function") throw new TrainError(fn, "loss must be a function of a batch", loss);
  if (typeof data?.length !== "number") throw new TrainError(fn, "data must be batches: a source or an array", data);
  if (!Array.isArray(stages)) throw new TrainError(fn, "stages must be a list", stages);
  if (!stages.length) throw new TrainError(fn, "there must be a stage", 0);
  if (!isWhole(accumulate)) throw new TrainError(fn, "accumulate must be a whole number above 0", accumulate);
  checkSeed(fn, seed, TrainError);
  for (const { name, steps, epochs } of stages)
    if ((steps === undefined) === (epochs === undefined) || !((steps ?? epochs ?? 0) > 0))
      throw new TrainError(fn, `stage ${name} needs steps or epochs above 0, one of them`, [
        steps ?? null,
        epochs ?? null,
      ]);
  if (earlyStop && !validation) throw new TrainError(fn, "earlyStop needs a validation", earlyStop.metric);
  if (resume && !checkpoint) throw new TrainError(fn, "resume needs a checkpoint", "none");
}
