import type { Module } from "../nn/module";
import type { BatchSource } from "./batches";
import type { TrainingControl } from "./control";
import type { EarlyStop } from "./early-stop";
import type { Ema } from "./ema";
import { TrainError } from "./error";
import type { Validation } from "./evaluation";
import type { Optimizer, ParameterGroup } from "./optimizer";
import type { Stage } from "./stages";
import type { LossFunction } from "./update";

export interface FitOptions<B> {
  model: Module;
  data: BatchSource<B>;
  loss: LossFunction<B>;
  stages: readonly Stage[];
  /** Made anew for each stage; default `AdamW` without weight decay but that of the groups. */
  optimizer?: (groups: readonly ParameterGroup[]) => Optimizer;
  /** Batches whose mean gradient makes one update; default 1. */
  accumulate?: number;
  /** Largest norm of all gradients together; default none. */
  clipNorm?: number;
  /** Averages that follow the model; the caller's. */
  ema?: Ema;
  /** Of the generator that dropout takes its masks from; default 0. */
  seed?: number;
  /** A safetensors file, written every so many updates (default: only then), after each stage and when stopped. */
  checkpoint?: { path: string; every?: number };
  /** Goes on where the checkpoint's file stands, if it is there; default false: the file is written over. */
  resume?: boolean;
  validation?: Validation;
  earlyStop?: EarlyStop;
  /** Aborting it does what `control.stop()` does. */
  signal?: AbortSignal;
  control?: TrainingControl;
  /** Examples in a batch, from which a rate is told; default the length of a batch that is an array. */
  examplesOf?: (batch: B) => number;
  /** A folder for TensorBoard's event files, one a training; only on the device `tensorflow`, which writes them. */
  tensorboard?: string;
}

/** @throws TrainError for options that contradict each other */
export function checkOptions<B>({
  stages,
  accumulate = 1,
  earlyStop,
  validation,
  resume,
  checkpoint,
}: FitOptions<B>): void {
  const fn = "train.fit";
  if (!stages.length) throw new TrainError(fn, "there must be a stage", 0);
  if (!Number.isInteger(accumulate) || accumulate < 1)
    throw new TrainError(fn, "accumulate must be a whole number above 0", accumulate);
  for (const { name, steps, epochs } of stages)
    if ((steps === undefined) === (epochs === undefined) || !((steps ?? epochs ?? 0) > 0))
      throw new TrainError(fn, `stage ${name} needs steps or epochs above 0, one of them`, [
        steps ?? null,
        epochs ?? null,
      ]);
  if (earlyStop && !validation) throw new TrainError(fn, "earlyStop needs a validation", earlyStop.metric);
  if (resume && !checkpoint) throw new TrainError(fn, "resume needs a checkpoint", "none");
}
