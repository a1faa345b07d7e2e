import { checkStarted } from "../../backend/tfjs";
import { Module } from "../../nn/module/module";
import type { Parameter } from "../../nn/module/parameter";
import { manualSeed, sharedRandom } from "../../nn/module/random";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { platform } from "../../platform";
import { AdamW } from "../update/adamw";
import type { BatchSource } from "../batches/batches";
import { NotFiniteError, TrainError } from "../error";
import type { Optimizer, ParameterGroup } from "../update/optimizer";
import { planStage, type StageGroup, type StagePlan } from "../update/stages";
import { exponentialRates, hasDiverged, LearningRateSweep, RunningMean, steepestFall } from "./sweep";
import { type LossFunction, update } from "../update/update";
import { isWhole } from "../../rules/rule-error";
import { patientBar } from "../../display/progress";

/** Options of {@link findLearningRate}. */
export interface FindLearningRateOptions<B> {
  /** Model to try the rates on. */
  model: Module;
  /** Batches in their order, from the first again after the last. */
  data: BatchSource<B>;
  /** Loss of a batch. */
  loss: LossFunction<B>;
  /** Groups of parameters whose rates keep their proportions; the greatest is swept. Default: all parameters at one rate. */
  groups?: readonly StageGroup[];
  /** Makes the optimizer of the sweep. Default: `AdamW` with only the groups' weight decay. */
  optimizer?: (groups: readonly ParameterGroup[]) => Optimizer;
  /** First learning rate. Default 1e-7. */
  from?: number;
  /** Last learning rate. Default 10. */
  to?: number;
  /** Number of updates at most, 3 or more. Default 100. */
  steps?: number;
  /** Weight of the past in the running mean of the losses, in [0, 1). Default 0.98. */
  smoothing?: number;
  /** Multiple of the least smoothed loss at which the sweep ends. Default 4. */
  divergence?: number;
  /** Batches whose mean gradient makes one update. Default 1. */
  accumulate?: number;
  /** Largest norm of all gradients together. Default: no limit. */
  clipNorm?: number;
  /** Seed of dropout's masks. Default 0. */
  seed?: number;
  /** Receives the number of updates so far. Default: a bar in a notebook, after two seconds. */
  onProgress?: (progress: { done: number; total: number }) => void;
  /** Signal that ends the sweep with its reason. Default: none. */
  signal?: AbortSignal;
}

const FN = "train.findLearningRate";
const NAMES: OptionNames<FindLearningRateOptions<unknown>> = {
  model: true,
  data: true,
  loss: true,
  groups: true,
  optimizer: true,
  from: true,
  to: true,
  steps: true,
  smoothing: true,
  divergence: true,
  accumulate: true,
  clipNorm: true,
  seed: true,
  onProgress: true,
  signal: true,
};

/**
 * Sweeps the learning rate from small to large, one update each, until the loss diverges (Smith, arXiv 1506.01186, section 3.3),
 * and suggests the rate at which the smoothed loss falls fastest. Model, frozen parameters and random numbers are
 * afterwards as before, to the bit; the optimizer of the sweep is thrown away.
 *
 *     const { suggestion } = await train.findLearningRate({ model, data, loss });
 *
 * @throws TrainError for bad options, such as a group's rate that is not above 0
 * @throws NotFiniteError for a loss or gradient that is not finite in the first update
 */
export async function findLearningRate<B>(options: FindLearningRateOptions<B>): Promise<LearningRateSweep> {
  checkOptionNames(FN, options as FindLearningRateOptions<unknown>, NAMES, TrainError);
  checkStarted(FN);
  checkInputs(options);
  const settings = settingsOf(options);
  const { model } = options;
  const plan = planStage(model, { name: "sweep", groups: options.groups ?? [{ parameters: /./, learningRate: 1 }] });
  const restore = await remember(model, plan.trained);
  let optimizer: Optimizer | null = null;
  try {
    for (const [name, parameter] of model.namedParameters()) parameter.trainable = plan.trained.has(name);
    model.train();
    manualSeed(options.seed ?? 0);
    optimizer = (options.optimizer ?? ((groups) => new AdamW(groups, { weightDecay: 0 })))(plan.groups);
    return await sweep(options, settings, plan, optimizer);
  } finally {
    optimizer?.dispose();
    restore();
  }
}

function checkInputs<B>({ model, data, loss, groups }: FindLearningRateOptions<B>): void {
  if (!(model instanceof Module)) throw new TrainError(FN, "model must be a module", model);
  if (typeof loss !== "function") throw new TrainError(FN, "loss must be a function", loss);
  if (typeof data !== "object" || data === null || typeof data.batch !== "function")
    throw new TrainError(FN, "data must give batches, as train.batches does", data);
  if (!isWhole(data.length)) throw new TrainError(FN, "data must have a whole number of batches above 0", data.length);
  if (groups === undefined) return;
  if (!Array.isArray(groups) || !groups.length) throw new TrainError(FN, "groups must be a list of groups", groups);
  for (const group of groups as readonly unknown[]) checkGroup(group);
}

function checkGroup(group: unknown): void {
  const { parameters, learningRate } = Object(group) as Partial<StageGroup>;
  if (typeof parameters !== "string" && !(parameters instanceof RegExp))
    throw new TrainError(FN, "a group must name its parameters by text or pattern", parameters);
  if (typeof learningRate !== "number" || !(learningRate > 0 && learningRate < Infinity))
    throw new TrainError(FN, "the learning rate of a group must be a finite number above 0", learningRate);
}

type Settings = Required<
  Pick<
    FindLearningRateOptions<unknown>,
    "from" | "to" | "steps" | "smoothing" | "divergence" | "accumulate" | "clipNorm"
  >
>;

/** Returns the settings with their defaults, checked. */
function settingsOf<B>(options: FindLearningRateOptions<B>): Settings {
  const { from = 1e-7, to = 10, steps = 100, smoothing = 0.98, divergence = 4 } = options;
  const { accumulate = 1, clipNorm = Infinity } = options;
  if (!(from > 0 && to > from && to < Infinity))
    throw new TrainError(FN, "the rates must satisfy 0 < from < to", [from, to]);
  if (!isWhole(steps, 3)) throw new TrainError(FN, "steps must be a whole number of at least 3", steps);
  if (!(smoothing >= 0 && smoothing < 1)) throw new TrainError(FN, "smoothing must lie in [0, 1)", smoothing);
  if (!(divergence > 1)) throw new TrainError(FN, "divergence must be above 1", divergence);
  if (!isWhole(accumulate)) throw new TrainError(FN, "accumulate must be a whole number above 0", accumulate);
  if (!(clipNorm > 0)) throw new TrainError(FN, "clipNorm must be above 0", clipNorm);
  return { from, to, steps, smoothing, divergence, accumulate, clipNorm };
}

/** Keeps all that a sweep changes. Returns a function that puts it back. */
async function remember(model: Module, trained: ReadonlyMap<string, Parameter>): Promise<() => void> {
  const values = new Map<Parameter, Float32Array>();
  for (const parameter of trained.values()) values.set(parameter, await parameter.read());
  const flags = [...model.namedParameters().values()].map((parameter) => [parameter, parameter.trainable] as const);
  // A module's mode is set for all below it, so those above come first.
  const modes = [...model.namedModules().values()].map((module) => [module, module.training] as const);
  const { state } = sharedRandom();
  return () => {
    for (const [parameter, kept] of values) parameter.assign(kept);
    for (const [parameter, trainable] of flags) parameter.trainable = trainable;
    for (const [module, training] of modes) module.train(training);
    sharedRandom().state = state;
  };
}

async function sweep<B>(
  { model, data, loss, onProgress = patientBar("Trying rates", "updates"), signal }: FindLearningRateOptions<B>,
  { from, to, steps, smoothing, divergence, accumulate, clipNorm }: Settings,
  plan: StagePlan,
  optimizer: Optimizer,
): Promise<LearningRateSweep> {
  const greatest = plan.groups.reduce((most, { learningRate = 1 }) => Math.max(most, learningRate), 0);
  const rates = exponentialRates(from, to, steps);
  const mean = new RunningMean(smoothing);
  const [losses, smoothed]: number[][] = [[], []];
  for (let step = 0; step < steps && !(step && hasDiverged(smoothed, divergence)); step++) {
    signal?.throwIfAborted();
    const places = Array.from({ length: accumulate }, (_, i) => step * accumulate + i);
    const batches = await Promise.all(
      places.map((place) => data.batch(Math.floor(place / data.length), place % data.length)),
    );
    const settings = { model, loss, optimizer, clipNorm, parameters: plan.trained, step: step + 1 };
    const report = await finiteOrNull(update(batches, { ...settings, rateScale: rates[step] / greatest }), step);
    if (!report) break;
    losses.push(report.loss);
    smoothed.push(mean.add(report.loss));
    onProgress({ done: step + 1, total: steps });
    await platform().turn();
  }
  const steepest = steepestFall(smoothed);
  const diverged = losses.length < steps || hasDiverged(smoothed, divergence);
  return new LearningRateSweep(
    rates.slice(0, losses.length),
    losses,
    smoothed,
    diverged,
    steepest === null ? null : rates[steepest],
  );
}

/** A loss that is not finite ends a sweep, unless the model had it before any update. */
async function finiteOrNull<T>(report: Promise<T>, step: number): Promise<T | null> {
  try {
    return await report;
  } catch (error) {
    if (step > 0 && error instanceof NotFiniteError) return null;
    throw error;
  }
}
