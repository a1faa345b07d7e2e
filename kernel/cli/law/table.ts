/** Commands `fovea law fit | policy | plan`, which work on a table of scores. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { isTight } from "../../protocol/law/model";
import { tightWarning } from "../../view/law/text";
import * as law from "../../law";
import {
  type BenchmarkFit,
  type Plan,
  type PlanCandidate,
  type PolicyResult,
  type ScoreTable,
  type Strategy,
  type TableFit,
} from "../../law";
import { numberOf, print } from "../arguments";
import { counted } from "../../protocol/core/words";

const TABLE_OPTIONS = {
  table: { type: "string" },
  c: { type: "string" },
  extra: { type: "string", multiple: true },
  measured: { type: "string" },
  source: { type: "string" },
  "encoder-column": { type: "string" },
  benchmarks: { type: "string" },
  degree: { type: "string" },
  json: { type: "boolean" },
} as const satisfies ParseArgsConfig["options"];

/** Options of a table on the command line. */
interface TableValues {
  c?: string;
  extra?: string[];
  measured?: string;
  source?: string;
  "encoder-column"?: string;
  benchmarks?: string;
}

const OF_SCORES = ["measured", "source", "encoder-column", "benchmarks"] as const;

/** Reads the table of `--table FILE.csv`, with predictors of `--measured` where it holds scores alone, or the published one. */
function tableOf(file: string | undefined, values: TableValues): ScoreTable {
  const { c, extra, measured, source, benchmarks, "encoder-column": encoder } = values;
  const stray = OF_SCORES.find((name) => values[name] !== undefined);
  if (stray && (file === undefined || measured === undefined || source === undefined))
    throw new Error(`law: --${stray} needs --table SCORES, --measured FILE.csv and --source TEXT`);
  if (file === undefined) return law.publishedTable({ c, extra });
  const text = readFileSync(file, "utf8");
  if (measured === undefined || source === undefined) return law.parseTable(text, { c, extra });
  const columns = { encoder, benchmarks: benchmarks?.split(",") };
  return law.parseScores(text, { measured: readFileSync(measured, "utf8"), source, c, extra, ...columns });
}

/** Says where scores come from that somebody else published, and which of their encoders are not in the table. */
function sourceLines({ source, omitted = [] }: ScoreTable): string[] {
  const left = omitted.length ? [`left out, without predictors: ${omitted.join(", ")}`] : [];
  return source === undefined ? [] : [`scores: ${source}`, ...left];
}

function degreeOf(text: string | undefined): 1 | 2 | undefined {
  if (text === undefined) return undefined;
  if (text === "1" || text === "2") return Number(text) as 1 | 2;
  throw new Error(`law: --degree must be 1 or 2, received ${text}`);
}

/** Reads `published` or the tables of `--table FILE.csv`, named by their files, into one. */
function tablesOf({ table = [], ...values }: TableValues & { table?: string[] }): Record<string, ScoreTable> {
  if (!table.length) return { published: tableOf(undefined, values) };
  const named = table.map((file): [string, ScoreTable] => {
    if (file === "published") return [file, law.publishedTable({ c: values.c, extra: values.extra })];
    return [basename(file).replace(/\.\w+$/, ""), tableOf(file, values)];
  });
  const twice = named.find(([name], i) => named.findIndex(([other]) => other === name) !== i);
  if (twice) throw new Error(`law fit: tables must have different names, received ${twice[0]} twice`);
  return Object.fromEntries(named);
}

/**
 * Runs `fovea law fit`.
 *
 * @throws Error for arguments that the usage does not allow
 */
export function fit(args: string[]): void {
  const { values } = parseArgs({
    args,
    options: {
      ...TABLE_OPTIONS,
      table: { type: "string", multiple: true },
      predictors: { type: "string" },
      terms: { type: "string" },
      normalize: { type: "string" },
      ridge: { type: "string" },
    },
  });
  const { normalize = "minmax" } = values;
  if (normalize !== "minmax" && normalize !== "none") {
    throw new Error(`law fit: --normalize must be minmax or none, received ${normalize}`);
  }
  const options = {
    degree: degreeOf(values.degree),
    predictors: values.predictors?.split(","),
    terms: values.terms?.split(","),
    ridge: numberOf("ridge", values.ridge),
  };
  const tables = tablesOf(values);
  const names = Object.keys(tables);
  const result = law.fit(names.length > 1 ? law.joinTables(tables) : tables[names[0]], { ...options, normalize });
  const sources = Object.values(tables).flatMap(sourceLines);
  if (names.length === 1) return print(values.json, result, () => [...sources, ...fitLines(result)]);
  const transfers = names.flatMap((from) =>
    names
      .filter((to) => to !== from)
      .map((to) => ({ from, to, benchmarks: law.transfer(tables[from], tables[to], options) })),
  );
  print(values.json, { ...result, transfers }, () => [
    ...sources,
    ...fitLines(result),
    ...transfers.flatMap(transferLines),
  ]);
}

/** Writes how the fits of one table predict another: means over the pairs of benchmarks. */
function transferLines({ from, to, benchmarks }: { from: string; to: string; benchmarks: law.Transfer[] }): string[] {
  const mean = (values: number[]): string => (values.reduce((sum, one) => sum + one, 0) / values.length).toFixed(3);
  const known = benchmarks.flatMap(({ spearman }) => spearman ?? []);
  const hits = benchmarks.filter(({ bestInTop3 }) => bestInTop3).length;
  return [
    "",
    `${from} predicts ${to}, ${counted(benchmarks.length, "pair of benchmarks", "pairs of benchmarks")}: mean R2 ${mean(benchmarks.map(({ r2 }) => r2))}, ` +
      `mean rank correlation ${known.length ? mean(known) : "-"}, best in the top 3 in ${hits}`,
  ];
}

function fitLines({ options, benchmarks, groups }: TableFit): string[] {
  const figure = (value: number | null) => (value === null ? "-" : value.toFixed(4)).padStart(9);
  const line = (name: string, of: { r2: number; adjustedR2: number | null; looQ2: number | null }) =>
    `${name.padEnd(20)}${figure(of.r2)}${figure(of.adjustedR2)}${figure(of.looQ2)}`;
  return [
    `terms: 1, ${options.terms.join(", ")}; normalize: ${options.normalize}; ridge: ${options.ridge}`,
    `${"".padEnd(20)}${["R2", "adj. R2", "LOO Q2"].map((name) => name.padStart(9)).join("")}`,
    ...Object.entries(benchmarks).map(([name, of]) => line(name, of)),
    ...Object.entries(groups).map(([name, of]) => line(`mean of ${name}`, of)),
    "",
    ...Object.entries(benchmarks).flatMap(([name, of]) => coefficientLines(name, of)),
  ];
}

function coefficientLines(name: string, of: BenchmarkFit): string[] {
  const terms = ["1", ...of.terms].map((term, i) => `${of.coefficients[i].toFixed(4)} ${term}`);
  const lines = [`${name}: n = ${of.n}, ${counted(of.coefficients.length, "coefficient")}: ${terms.join(", ")}`];
  return isTight(of) ? [...lines, `Warning, ${name}: ${tightWarning(of)}`] : lines;
}

/** Runs `fovea law policy`. */
export function policy(args: string[]): void {
  const { values } = parseArgs({
    args,
    options: { ...TABLE_OPTIONS, trials: { type: "string" }, seed: { type: "string" }, strategies: { type: "string" } },
  });
  const table = tableOf(values.table, values);
  const result = law.policy(table, {
    degree: degreeOf(values.degree),
    trials: numberOf("trials", values.trials),
    seed: numberOf("seed", values.seed),
    strategies: values.strategies?.split(",") as Strategy[] | undefined,
  });
  print(values.json, result, () => [...sourceLines(table), ...policyLines(result)]);
}

function policyLines({ options, overall }: PolicyResult): string[] {
  const shares = (values: number[]) => values.map((value) => value.toFixed(2)).join(" ");
  return [
    `${options.trials} trials, seed ${options.seed}; share of trials that found the best encoder by n = 1, 2, ... trained`,
    ...Object.entries(overall).flatMap(([name, of]) => [
      `${name.padEnd(12)} anytime ${shares(of.anytime)}   mean draws ${of.meanDraws.toFixed(2)}`,
      `${"".padEnd(12)} budget  ${shares(of.fixedBudget)}`,
    ]),
  ];
}

/**
 * Runs `fovea law plan`.
 *
 * @throws Error for arguments that the usage does not allow
 */
export function plan(args: string[]): void {
  const number = { type: "string" } as const;
  const { values } = parseArgs({
    args,
    options: {
      ...TABLE_OPTIONS,
      benchmark: number,
      predictors: number,
      noise: number,
      range: number,
      level: number,
      tolerance: number,
      explore: number,
      budget: number,
    },
  });
  const range = values.range?.split(",").map((text) => numberOf("range", text) as number);
  if (range && range.length !== 2) throw new Error(`law plan: --range must be WORST,BEST, received ${values.range}`);
  const given = {
    benchmark: values.benchmark,
    predictors: values.predictors?.split(","),
    degree: degreeOf(values.degree),
    noise: numberOf("noise", values.noise),
    range: range && ([range[0], range[1]] as const),
    level: numberOf("level", values.level),
    tolerance: numberOf("tolerance", values.tolerance),
    explore: numberOf("explore", values.explore),
    budget: numberOf("budget", values.budget),
  };
  const named = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const table = tableOf(values.table, values);
  const result = law.plan(table, named);
  print(values.json, result, () => [...sourceLines(table), ...planLines(result)]);
}

function planLines({ phase, next, reason, benchmarks, options }: Plan): string[] {
  const header = ["", "score", "predicted", `${100 * options.level} % interval`, "P(best)", "gain"];
  return [
    next === null ? phase : `${phase}: train ${next} next`,
    reason,
    ...Object.entries(benchmarks).flatMap(([name, { candidates }]) => [
      "",
      `${name.padEnd(24)}${header.map((text, i) => (i === 0 ? "" : text.padStart(i === 3 ? 20 : 10))).join("")}`,
      ...candidates.map((one) => planLine(one)),
    ]),
  ];
}

function planLine({ encoder, score, predicted, low, high, probability, improvement }: PlanCandidate): string {
  const figure = (value: number | null) => (value === null ? "-" : value.toPrecision(4));
  const range = low === null ? "-" : `${figure(low)} to ${figure(high)}`;
  const cells = [score, predicted].map((value) => figure(value).padStart(10)).join("");
  const chances = [probability, improvement].map((value) => (value === null ? "-" : value.toFixed(3)).padStart(10));
  return `${encoder.padEnd(24)}${cells}${range.padStart(20)}${chances.join("")}`;
}
