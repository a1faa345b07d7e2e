import type { Plan } from "./plan";
import { polynomialTerms } from "../fit/regression";

/** Describes a plan's reason in one or two sentences that name the rule and its numbers. */
export function describePlan(plan: Omit<Plan, "reason">): string {
  switch (plan.phase) {
    case "stop":
      return whyStop(plan);
    case "improve":
      return whyImprove(plan);
    case "explore":
      return whyExplore(plan);
    default:
      return plan.phase satisfies never;
  }
}

type Wordless = Omit<Plan, "reason">;

function whyStop({ untrained, trained, gain, options }: Wordless): string {
  if (untrained.length === 0) return "Every encoder is trained: there is nothing left to choose.";
  if (options.budget !== null && trained.length >= options.budget) {
    const left = gain === null ? "" : ` The best of the rest is expected to add ${percent(gain)} of the range.`;
    return `The budget of ${options.budget} is spent with ${trained.length} trained.${left}`;
  }
  return (
    `After ${trained.length} trained, the most promising of the other ${untrained.length} is expected to add ` +
    `${percent(gain ?? 0)} of the range, less than the tolerance of ${percent(options.tolerance)}.`
  );
}

function whyImprove({ next, gain, trained, untrained, benchmarks, options }: Wordless): string {
  const lead =
    `${next} has the largest expected improvement of the ${untrained.length} left: ${percent(gain ?? 0)} of the range ` +
    `(tolerance ${percent(options.tolerance)}).`;
  const only = Object.values(benchmarks);
  const chances = only.flatMap((of) =>
    of.candidates.filter((one) => one.encoder === next).map((one) => one.probability),
  );
  const chance =
    chances.length === 1 && chances[0] !== null ? ` Its chance to beat the best is ${percent(chances[0])}.` : "";
  return `${lead}${chance}${caution(trained.length, options)}`;
}

/** Warns when there are fewer rows than coefficients, because the prior then decides. */
function caution(trained: number, { predictors, degree }: Plan["options"]): string {
  const coefficients = 1 + polynomialTerms(predictors, degree).length;
  return trained < coefficients ? ` With ${trained} trained, the prediction rests mostly on its assumptions.` : "";
}

function whyExplore({ next, trained, gain, options }: Wordless): string {
  const choice = `${next} is the one whose training leaves all the others best determined.`;
  if (gain !== null) {
    const state = `${trained.length} of the first ${options.explore} are trained, which are chosen for what they tell of the others.`;
    return `${state} ${choice}`;
  }
  const why =
    trained.length === 0
      ? "No encoder is trained"
      : `${trained.length} trained ${trained.length === 1 ? "encoder says" : "encoders with equal scores say"} nothing of the range of scores`;
  return `${why}, so no score can be predicted: this can only explore. ${choice}`;
}

function percent(share: number): string {
  const value = 100 * share;
  return `${value === 0 || value >= 0.1 ? value.toFixed(1) : value.toPrecision(1)} %`;
}
