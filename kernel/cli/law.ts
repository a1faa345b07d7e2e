/** `fovea law fit | policy | plan | c-score | a-score`. */
import { readFileSync } from "node:fs";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { data, type SpairPair } from "../data";
import { type Encoder, encoders } from "../encoders";
import {
  type AScore,
  law,
  type PckSummary,
  type Plan,
  type PlanCandidate,
  type PolicyResult,
  type ScoreTable,
  type Strategy,
  type TableFit,
  type TokenSet,
} from "../law";
import { readSafetensors } from "../nn";
import { joinNegatives } from "./arguments";

const COMMANDS: Record<string, (args: string[]) => void | Promise<void>> = {
  fit,
  policy,
  plan,
  "c-score": cScore,
  "a-score": aScore,
};

export async function main([name = "", ...args]: string[]): Promise<void> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command)
    throw new Error(
      `law: the command must be one of ${Object.keys(COMMANDS).join(", ")}, received ${JSON.stringify(name)}`,
    );
  await command(args);
}

const TABLE_OPTIONS = {
  table: { type: "string" },
  c: { type: "string" },
  extra: { type: "string", multiple: true },
  degree: { type: "string" },
  json: { type: "boolean" },
} as const satisfies ParseArgsConfig["options"];

/** The table of `--table FILE.csv`; without it the published one. */
function tableOf(values: { table?: string; c?: string; extra?: string[] }): ScoreTable {
  const options = { c: values.c, extra: values.extra };
  return values.table === undefined ? law.published(options) : law.table(readFileSync(values.table, "utf8"), options);
}

function degreeOf(text: string | undefined): 1 | 2 | undefined {
  if (text === undefined) return undefined;
  if (text === "1" || text === "2") return Number(text) as 1 | 2;
  throw new Error(`law: --degree must be 1 or 2, received ${text}`);
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new Error(`law: --${name} must be a number, received ${JSON.stringify(text)}`);
}

function fit(args: string[]): void {
  const { values } = parseArgs({
    args,
    options: {
      ...TABLE_OPTIONS,
      predictors: { type: "string" },
      terms: { type: "string" },
      normalise: { type: "string" },
      ridge: { type: "string" },
    },
  });
  const { normalise = "minmax" } = values;
  if (normalise !== "minmax" && normalise !== "none") {
    throw new Error(`law fit: --normalise must be minmax or none, received ${normalise}`);
  }
  const result = law.fit(tableOf(values), {
    degree: degreeOf(values.degree),
    predictors: values.predictors?.split(","),
    terms: values.terms?.split(","),
    ridge: numberOf("ridge", values.ridge),
    normalise,
  });
  print(values.json, result, () => fitLines(result));
}

function fitLines({ options, benchmarks, groups }: TableFit): string[] {
  const figure = (value: number | null) => (value === null ? "-" : value.toFixed(4)).padStart(9);
  const line = (name: string, of: { r2: number; adjustedR2: number | null; looQ2: number | null }) =>
    `${name.padEnd(20)}${figure(of.r2)}${figure(of.adjustedR2)}${figure(of.looQ2)}`;
  return [
    `terms: 1, ${options.terms.join(", ")}; normalise: ${options.normalise}; ridge: ${options.ridge}`,
    `${"".padEnd(20)}${["R2", "adj. R2", "LOO Q2"].map((name) => name.padStart(9)).join("")}`,
    ...Object.entries(benchmarks).map(([name, of]) => line(name, of)),
    ...Object.entries(groups).map(([name, of]) => line(`mean of ${name}`, of)),
  ];
}

function policy(args: string[]): void {
  const { values } = parseArgs({
    args,
    options: { ...TABLE_OPTIONS, trials: { type: "string" }, seed: { type: "string" }, strategies: { type: "string" } },
  });
  const result = law.policy(tableOf(values), {
    degree: degreeOf(values.degree),
    trials: numberOf("trials", values.trials),
    seed: numberOf("seed", values.seed),
    strategies: values.strategies?.split(",") as Strategy[] | undefined,
  });
  print(values.json, result, () => policyLines(result));
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

function plan(args: string[]): void {
  const number = { type: "string" } as const;
  const { values } = parseArgs({
    args,
    options: {
      ...TABLE_OPTIONS,
      ...{ benchmark: number, predictors: number, noise: number, range: number, level: number },
      ...{ tolerance: number, explore: number, budget: number },
    },
  });
  const range = values.range?.split(",").map((text) => numberOf("range", text) as number);
  if (range && range.length !== 2) throw new Error(`law plan: --range must be WORST,BEST, received ${values.range}`);
  const given = {
    ...{ benchmark: values.benchmark, predictors: values.predictors?.split(","), degree: degreeOf(values.degree) },
    ...{ noise: numberOf("noise", values.noise), range: range && ([range[0], range[1]] as const) },
    ...{ level: numberOf("level", values.level), tolerance: numberOf("tolerance", values.tolerance) },
    ...{ explore: numberOf("explore", values.explore), budget: numberOf("budget", values.budget) },
  };
  const named = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const result = law.plan(tableOf(values), named);
  print(values.json, result, () => planLines(result));
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

async function cScore(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args: joinNegatives(args),
    options: {
      spair: { type: "string" },
      encoder: { type: "string" },
      split: { type: "string", default: "test" },
      limit: { type: "string" },
      layers: { type: "string", default: "-2" },
      center: { type: "boolean" },
      alphas: { type: "string" },
      match: { type: "string" },
      geometry: { type: "string" },
      normalise: { type: "string" },
      json: { type: "boolean" },
    },
  });
  const { spair, encoder: name } = values;
  if (!spair || !name) throw new Error("law c-score: --spair DIR and --encoder E are needed");
  const split = oneOf("split", values.split, ["trn", "val", "test"]);
  const geometry = oneOf("geometry", values.geometry ?? "letterbox", GEOMETRIES);
  const { pairs } = data.spair.read(spair, { split, limit: numberOf("limit", values.limit) });
  const half = oneOf("normalise", values.normalise ?? "model", ["model", "half"]) === "half";
  const encoder = await prepared(name, geometry, half, pairs.every(isSquare));
  try {
    const score = await law.cScore(encoder, pairs, {
      layers: numbersOf("layers", values.layers),
      alphas: values.alphas === undefined ? undefined : numbersOf("alphas", values.alphas),
      match: oneOf("match", values.match ?? "soft", ["soft", "argmax"]),
      ...{ geometry, center: values.center, onProgress: progress },
    });
    print(values.json, score, () => scoreLines(score));
  } finally {
    await encoder.dispose();
  }
}

const GEOMETRIES = ["letterbox", "stretch", "stretch-image", "encoder"] as const;
type Geometry = (typeof GEOMETRIES)[number];

const isSquare = ({ source, target }: SpairPair): boolean =>
  source.size[0] === source.size[1] && target.size[0] === target.size[1];

/** The encoder, loaded once more where its own preparation of pictures is not what was asked for. */
async function prepared(name: string, geometry: Geometry, half: boolean, square: boolean): Promise<Encoder> {
  const encoder = await encoders.load(name);
  const { preprocess: own } = encoder.info;
  const wanted = geometry === "letterbox" ? "letterbox" : "stretch";
  const fits =
    geometry === "encoder" || (own.resize === wanted && own.align === "center") || (square && own.resize === "stretch");
  if (fits && !half) return encoder;
  await encoder.dispose();
  const lie = fits ? {} : ({ resize: wanted, resizeTo: own.inputSize, align: "center" } as const);
  const levels = half ? { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } : {};
  return encoders.load(name, { preprocess: { ...own, ...lie, ...levels } });
}

function numbersOf(name: string, text: string): number[] {
  return text.split(",").map((part) => numberOf(name, part) as number);
}

function oneOf<const T extends string>(name: string, value: string, legal: readonly T[]): T {
  const found = legal.find((one) => one === value);
  if (found !== undefined) return found;
  throw new Error(`law: --${name} must be one of ${legal.join(", ")}, received ${JSON.stringify(value)}`);
}

async function aScore(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      targets: { type: "string" },
      reference: { type: "string", multiple: true, default: [] },
      direction: { type: "string", default: "target-to-reference" },
      json: { type: "boolean" },
    },
  });
  const { targets, reference } = values;
  if (!targets || reference.length === 0) {
    throw new Error("law a-score: --targets FILE.safetensors and --reference NAME=FILE.safetensors are needed");
  }
  const direction = oneOf("direction", values.direction, ["target-to-reference", "reference-to-target"]);
  const own = await tokensOf(targets);
  const references: Record<string, TokenSet[]> = {};
  for (const text of reference) {
    const at = text.indexOf("=");
    if (at < 1)
      throw new Error(`law a-score: --reference must be NAME=FILE.safetensors, received ${JSON.stringify(text)}`);
    references[text.slice(0, at)] = inOrder(await tokensOf(text.slice(at + 1)), [...own.keys()], text.slice(at + 1));
  }
  const score = law.aScore([...own.values()], references, { direction });
  print(values.json, { ...score, imageNames: [...own.keys()] }, () => aScoreLines(score, own.size));
}

/** One tensor an image, `[tokens, width]`, float32. */
async function tokensOf(file: string): Promise<Map<string, TokenSet>> {
  const { tensors } = await readSafetensors(file);
  const entries = [...tensors]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { dtype, shape, data }]) => {
      if (dtype !== "F32" || shape.length !== 2 || !(data instanceof Float32Array)) {
        const rule = `${file}: tensor ${name} must be F32 [tokens, width]`;
        throw new Error(`law a-score: ${rule}, received ${dtype} [${shape.join(", ")}]`);
      }
      return [name, { data, width: shape[1] }] as const;
    });
  return new Map(entries);
}

function inOrder(tokens: Map<string, TokenSet>, names: string[], file: string): TokenSet[] {
  return names.map((name) => {
    const of = tokens.get(name);
    if (of) return of;
    throw new Error(`law a-score: ${file} must hold a tensor for every target image, received none named ${name}`);
  });
}

function aScoreLines({ definition, direction, score, references }: AScore, images: number): string[] {
  return [
    `A = ${score.toFixed(4)} (${definition}, ${direction}, ${images} images)`,
    ...Object.entries(references).map(([name, value]) => `${name.padEnd(24)}${value.toFixed(4)}`),
  ];
}

function progress(done: number, total: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${total} images${done === total ? "\n" : ""}`);
}

function scoreLines({
  alphas,
  perPair,
  perPoint,
  perCategory,
  interval,
  pairs,
  keypoints,
  skipped,
}: PckSummary): string[] {
  return [
    `${pairs} pairs, ${keypoints} keypoints, ${skipped} pairs skipped`,
    ...alphas.map((alpha, i) => {
      const range = interval[i].map((end) => end.toFixed(2)).join(" to ");
      const others = `per point ${perPoint[i].toFixed(2)}, per category ${perCategory[i].toFixed(2)}`;
      return `PCK@${alpha}: ${perPair[i].toFixed(2)} (95 % ${range}), ${others}`;
    }),
  ];
}

function print(json: boolean | undefined, value: unknown, lines: () => string[]): void {
  process.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : `${lines().join("\n")}\n`);
}
