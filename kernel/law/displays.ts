/** Displays of the law's results in a notebook. */
import { most } from "../numeric";
import { describe, type DisplayBundle, tabulate } from "../display/describe";
import type { CScore } from "./pck/c-score";
import type { PckSummary } from "./pck/summary";
import type { TableFit } from "./fit/regression";
import type { ScoreTable } from "./fit/table";
import type { Plan } from "./plan/plan";
import type { PlanReplay } from "./plan/plan-replay";
import type { PolicyResult } from "./plan/policy";
import type { AScore } from "./predictors/a-score";
import type { CaptionScore } from "./predictors/caption-score";
import { counted } from "../protocol/core/words";

/** Formats a number; `-` where there is none. */
const fixed = (value: number | null, digits: number) => (value === null ? "-" : value.toFixed(digits));
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** Shows the scores, one encoder a line. */
export function showTable({ rows, encoders, benchmarks, predictors, source, omitted = [] }: ScoreTable): DisplayBundle {
  const scores = new Map(rows.map((row) => [JSON.stringify([row.encoder, row.benchmark]), row.score]));
  const scoreOf = (encoder: string, benchmark: string): string => {
    const score = scores.get(JSON.stringify([encoder, benchmark])) ?? null;
    return score === null ? "-" : String(Number(score.toPrecision(5)));
  };
  const from = source === undefined ? "" : ` (${source})`;
  const left = omitted.length ? `; left out, without predictors: ${omitted.join(", ")}` : "";
  return tabulate(
    `Scores of ${counted(encoders.length, "encoder")} on ${counted(benchmarks.length, "benchmark")}${from}, with ${predictors.join(", ")} in rows[i].predictors${left}`,
    ["encoder", ...benchmarks],
    encoders.map((encoder) => [encoder, ...benchmarks.map((benchmark) => scoreOf(encoder, benchmark))]),
  );
}

/** Shows the quality of each benchmark's fit, then the means of the groups. */
export function showFit({ benchmarks, groups, options }: TableFit): DisplayBundle {
  const rows = Object.entries(benchmarks).map(([name, { n, r2, adjustedR2, looQ2, residualError }]) => [
    name,
    String(n),
    ...[r2, adjustedR2, looQ2, residualError].map((value) => fixed(value, 4)),
  ]);
  const means = Object.entries(groups).map(([name, { r2, adjustedR2, looQ2 }]) => [
    `mean, ${name}`,
    "",
    ...[r2, adjustedR2, looQ2].map((value) => fixed(value, 4)),
    "",
  ]);
  const columns = ["benchmark", "n", "R²", "adjusted R²", "leave-one-out Q²", "residual error"];
  return tabulate(`Fit of 1 + ${options.terms.join(" + ")}`, columns, rows.concat(means));
}

/** Shows one line a threshold. */
export function showPck(title: string, pck: PckSummary): DisplayBundle {
  const { alphas, perPair, perPoint, perCategory, interval, pairs, keypoints, skipped } = pck;
  const left = skipped > 0 ? `, ${skipped} skipped` : "";
  return tabulate(
    `${title}: PCK in percent over ${counted(pairs, "pair")}, ${counted(keypoints, "keypoint")}${left}`,
    ["alpha", "per pair", "95 % interval", "per point", "per category"],
    alphas.map((alpha, a) => [
      String(alpha),
      fixed(perPair[a], 1),
      `${fixed(interval[a][0], 1)} to ${fixed(interval[a][1], 1)}`,
      fixed(perPoint[a], 1),
      fixed(perCategory[a], 1),
    ]),
  );
}

/** Shows the score over all pairs; parts by flag or category are in the result. */
export const showCScore = (score: CScore): DisplayBundle => showPck("C score", score);

/** Shows one line a layer, at the first threshold. */
export function showLayers(layers: readonly { layer: number; summary: CScore }[]): DisplayBundle {
  const rows = layers.map(({ layer, summary: { perPair, interval } }) => [
    String(layer),
    fixed(perPair[0], 1),
    `${fixed(interval[0][0], 1)} to ${fixed(interval[0][1], 1)}`,
  ]);
  const title = `C score by layer over ${counted(layers[0]?.summary.pairs ?? 0, "pair")}`;
  return tabulate(title, ["layer", `PCK@${layers[0]?.summary.alphas[0]} per pair, %`, "95 % interval"], rows);
}

/** Shows the score and its part of each reference. */
export function showAScore({ score, direction, references, images }: AScore): DisplayBundle {
  const count = Object.values(images)[0].length;
  return describe(`A score over ${counted(count, "image")}, cosine, ${direction}`, [
    ["mean", fixed(score, 4)],
    ...Object.entries(references).map(([name, value]): [string, string] => [`against ${name}`, fixed(value, 4)]),
  ]);
}

/** Shows the mean log-probability of a caption's token. */
export function showCaptionScore({ score, model, images, tokens }: CaptionScore): DisplayBundle {
  return describe(`A score over ${counted(images.length, "image")}, by captions`, [
    ["mean log-probability of a token", fixed(score, 4)],
    ["language model", model],
    ["tokens", String(tokens.reduce((sum, count) => sum + count, 0))],
  ]);
}

/** Shows the draws that a strategy needs, and its share of hits with half of the encoders trained. */
export function showPolicy({ overall, options, benchmarks }: PolicyResult): DisplayBundle {
  const title = `Policy over ${counted(Object.keys(benchmarks).length, "benchmark")}, ${counted(options.trials, "trial")}`;
  const size = Math.max(0, most(Object.values(overall).map(({ fixedBudget }) => fixedBudget.length)));
  const half = Math.ceil(size / 2);
  return tabulate(
    title,
    [
      "strategy",
      `draws until the best is in the top ${options.top}`,
      `best in the top ${options.top} after ${half} of ${size}`,
    ],
    Object.entries(overall).map(([strategy, { meanDraws, fixedBudget }]) => [
      strategy,
      fixed(meanDraws, 1),
      percent(fixedBudget[half - 1] ?? 0),
    ]),
  );
}

/** Shows the next step, its reason and what each benchmark knows. */
export function showPlan({ next, phase, reason, trained, untrained, benchmarks }: Plan): DisplayBundle {
  return describe(next === null ? "Plan: stop" : `Plan: train ${next}`, [
    ["phase", phase],
    ["reason", reason],
    ["trained", trained.join(", ") || "-"],
    ["untrained", untrained.join(", ") || "-"],
    ...Object.entries(benchmarks).map(([name, { best }]): [string, string] => [
      `best on ${name}`,
      best ? `${best.encoder}, ${Number(best.score.toPrecision(5))}` : "-",
    ]),
  ]);
}

/** Shows each benchmark's trainings, hits and regret. */
export function showPlanReplay({ benchmarks, overall }: PlanReplay): DisplayBundle {
  const rows = Object.entries({ ...benchmarks, mean: overall }).map(([name, { meanTrained, found, meanRegret }]) => [
    name,
    fixed(meanTrained, 1),
    percent(found),
    percent(meanRegret),
  ]);
  return tabulate("Planner replayed", ["benchmark", "trainings", "best found", "regret, of the range"], rows);
}
