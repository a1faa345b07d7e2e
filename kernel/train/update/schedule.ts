import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { TrainError } from "../error";

/** Function from finished steps and total to the factor on the learning rates of the next update. */
export type Schedule = (step: number, total: number) => number;

/** Options of a schedule. */
export interface ScheduleOptions {
  /** Updates during which the factor grows from 0 to 1. Default 0. */
  warmupSteps?: number;
  /** Warm-up as a share of all updates, rounded up; excludes `warmupSteps`. Default: none. */
  warmupFraction?: number;
  /** Factor at the end. Default 0. */
  final?: number;
}

const NAMES: OptionNames<ScheduleOptions> = { warmupSteps: true, warmupFraction: true, final: true };

/** Returns a schedule: linear growth to 1, then `after` of the finished share of the remaining updates. */
function withWarmup(fn: string, options: ScheduleOptions, after: (p: number) => number): Schedule {
  checkOptionNames(fn, options, NAMES, TrainError);
  const { warmupSteps, warmupFraction = 0 } = options;
  if (warmupSteps !== undefined && warmupFraction !== 0)
    throw new TrainError(fn, "warm-up is given in steps or as a fraction, not both", [warmupSteps, warmupFraction]);
  if (!(warmupFraction >= 0 && warmupFraction <= 1))
    throw new TrainError(fn, "warmupFraction must lie in [0, 1]", warmupFraction);
  return (step, total) => {
    const warmup = warmupSteps ?? Math.ceil(total * warmupFraction);
    if (step < warmup) return step / warmup;
    return after(Math.min(1, (step - warmup) / Math.max(1, total - warmup)));
  };
}

/** Returns a schedule that is 1 after the warm-up. */
export const constant = (options: Omit<ScheduleOptions, "final"> = {}): Schedule =>
  withWarmup("train.constant", options, () => 1);

/** Returns a schedule that falls linearly from 1 to `final` (`get_linear_schedule_with_warmup` of transformers). */
export const linear = (options: ScheduleOptions = {}): Schedule =>
  withWarmup("train.linear", options, (p) => 1 + ((options.final ?? 0) - 1) * p);

/**
 * Returns a schedule that falls from 1 to `final` along half a cosine (`get_cosine_schedule_with_warmup` of
 * transformers; arXiv 1608.03983).
 */
export const cosine = (options: ScheduleOptions = {}): Schedule =>
  withWarmup("train.cosine", options, (p) => {
    const final = options.final ?? 0;
    return final + (1 - final) * 0.5 * (1 + Math.cos(Math.PI * p));
  });
