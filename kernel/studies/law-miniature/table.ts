import { checkArguments } from "../../rules/arguments";
import { mean } from "../../numeric";
import { benchmarkNames } from "../../tasks/answers/benchmarks";
import { type SeedMean, seedMean } from "../../tasks/seeds";
import { StudyError } from "../error";
import type { Measured } from "./predictors";
import type { LawMiniatureStudy } from "./study";
import type { ByBenchmark } from "./trainer";

/** Scores of one representation over its finished seeds, in percent. */
export interface LawMiniatureRow {
  representation: string;
  seeds: number;
  byBenchmark: Record<keyof ByBenchmark, SeedMean>;
  /** Mean over the benchmarks. */
  all: SeedMean;
}

/** Scores of each representation with a run, with 95 % intervals over trainings. */
export function summarizeLawMiniature(study: LawMiniatureStudy): LawMiniatureRow[] {
  checkArguments(
    "studies.summarizeLawMiniature",
    StudyError,
    { study },
    { study: { settings: { representations: ["object"] }, runs: ["object"] } },
  );
  const { settings, runs } = study;
  return settings.representations.flatMap(({ name }) => {
    const own = runs.filter(({ representation }) => representation === name);
    if (!own.length) return [];
    const of = (benchmark: keyof ByBenchmark) => [benchmark, seedMean(own.map(({ scores }) => scores[benchmark]))];
    return [
      {
        representation: name,
        seeds: own.length,
        byBenchmark: Object.fromEntries(benchmarkNames.map(of)) as LawMiniatureRow["byBenchmark"],
        all: seedMean(own.map(({ scores }) => mean(Object.values(scores)))),
      },
    ];
  });
}

/** Predictors that the table has beside A and C; `likelihood` has a column for each benchmark. */
export const lawMiniaturePredictors = [
  "c01",
  "confusions",
  "reciprocal",
  "likelihood",
  "cka",
  "knn",
  "gw",
  "logme",
  "parameters",
] as const;

/**
 * Writes the study as a wide table for `law.parseTable`: `encoder`, `c`, the other predictors, and `perf_<benchmark>`, `a_<benchmark>` and
 * `likelihood_<benchmark>`. Scores are means over the finished seeds, in percent.
 *
 * @throws StudyError where no seed is finished
 */
export function lawMiniatureTable(study: LawMiniatureStudy): string {
  const kinds = {
    settings: { representations: ["object"] },
    runs: [{ scores: "object" }],
    measured: [{ representation: "string", pck: "list", a: "object", likelihood: "object" }],
  } as const;
  checkArguments("studies.lawMiniatureTable", StudyError, { study }, { study: kinds });
  if (!study.measured.length)
    throw new StudyError(
      "studies.lawMiniatureTable",
      "a seed must be finished for every representation",
      study.runs.length,
    );
  const seeds = finishedSeeds(study);
  const scoreOf = (name: string, benchmark: keyof ByBenchmark): number =>
    mean(
      study.runs
        .filter(({ representation, seed }) => representation === name && seeds.includes(seed))
        .map(({ scores }) => scores[benchmark]),
    );
  const single: Record<string, (row: Measured) => number> = {
    c: ({ pck }) => pck[0],
    c01: ({ pck }) => pck[2],
    confusions: ({ confusions }) => confusions ?? NaN,
    reciprocal: ({ reciprocal }) => reciprocal ?? NaN,
    cka: ({ cka }) => cka,
    knn: ({ knn }) => knn,
    gw: ({ gw }) => gw,
    logme: ({ logme }) => logme,
    parameters: ({ parameters }) => parameters,
  };
  const header = [
    "encoder",
    ...Object.keys(single),
    ...benchmarkNames.flatMap((name) => [`perf_${name}`, `a_${name}`, `likelihood_${name}`]),
  ];
  const lines = study.measured.map((row) => [
    `"${row.representation}"`,
    ...Object.values(single).map((value) => figure(value(row))),
    ...benchmarkNames.flatMap((name) =>
      [scoreOf(row.representation, name), row.a[name], row.likelihood[name]].map(figure),
    ),
  ]);
  return [header, ...lines].map((cells) => `${cells.join(",")}\n`).join("");
}

/** Seeds with a run for every representation. */
export function finishedSeeds({ settings, runs }: Pick<LawMiniatureStudy, "settings" | "runs">): number[] {
  const seeds = [...new Set(runs.map(({ seed }) => seed))].sort((a, b) => a - b);
  return seeds.filter((seed) =>
    settings.representations.every(({ name }) => runs.some((run) => run.representation === name && run.seed === seed)),
  );
}

const figure = (value: number): string => String(Number(value.toPrecision(8)));
