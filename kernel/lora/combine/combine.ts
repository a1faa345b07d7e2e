/** Combination of several adapters into one, with PEFT's combination types. */
import { most } from "../../numeric";
import { platform } from "../../platform";
import { Matrix } from "ml-matrix";
import type { Parameter } from "../../nn/module/parameter";
import { Prng } from "../../numeric/prng";
import type { Branch } from "../branches/branch";
import type { AdapterConfig, LoraConfig } from "../config";
import { clamped, type Factors, nearestFactors, nearestProduct } from "./decompose";
import { LoraError } from "../error";
import { flat } from "./flat";
import { EmbeddingBranch } from "../branches/embedding-branch";
import { LoraBranch } from "../branches/lora-branch";
import type { Targets } from "../targets";
import { thinnedSum, weightedSum } from "./thinning";
import { checkThinning, type Thinning, THINNINGS, type ThinningOptions } from "./thinning-options";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";

/** Type of a combination, under PEFT's names. */
export type Combination = "cat" | "linear" | "svd" | Thinning | `${Thinning}_svd`;

/** Options of combining adapters. */
export interface CombineOptions extends ThinningOptions {
  /** Type of the combination. Default `svd`, as in PEFT. */
  type?: Combination;
  /** Rank of `svd` and of the types ending in `_svd` (PEFT's `svd_rank`). Default: the largest rank of the adapters. */
  rank?: number;
  /**
   * Quantile, above 0.5 and up to 1, for the same types: values of both factors are clipped to it and its negative
   * (PEFT's `svd_clamp`). Default: no clipping. PEFT's result depends on the signs of the singular vectors; here the
   * largest value of each left vector is positive.
   */
  clamp?: number;
}

const TYPES = ["cat", "linear", "svd", ...THINNINGS, ...THINNINGS.map((one) => `${one}_svd` as const)];

/** One adapter of a combination. */
export interface CombinationPart {
  name: string;
  weight: number;
  config: AdapterConfig;
  targets: Targets;
}

/** Values A, B and bias of a new adapter on one layer; the scaling is 1. */
type LayerValues = Map<string, Float32Array>;

interface Update {
  /** Names of A and B below the layer. */
  keys: readonly [string, string];
  /** [r, in] */
  a: Matrix;
  /** [out, r] */
  b: Matrix;
  bias: Float32Array | null;
  weight: number;
  /** Scaling of the adapter. */
  scaling: number;
  /** Weight times scaling. */
  factor: number;
}

/** Returns the configuration of the combination, with alpha = r, and its values by layer. */
export async function combined(
  fn: string,
  parts: readonly CombinationPart[],
  layers: ReadonlyMap<string, ReadonlyMap<string, Branch>>,
  options: CombineOptions,
): Promise<{ config: AdapterConfig; values: Map<string, LayerValues> }> {
  const loras = parts.map((part) => checkPart(fn, part));
  if (!parts.length) throw new LoraError(fn, "at least one adapter is needed", "none");
  const updates = new Map<string, Update[]>();
  for (const [path, branches] of layers) {
    const found = await Promise.all(parts.map((part) => updateOf(branches.get(part.name), part.weight)));
    const present = found.filter((one) => one !== null);
    if (present.length) updates.set(path, present);
  }
  checkOptions(fn, options);
  const r = rankOf(fn, parts, layers, options);
  const config: LoraConfig = {
    ...loras[0],
    r,
    loraAlpha: r,
    rankPattern: {},
    alphaPattern: {},
    useRslora: false,
    targetModules: [...updates.keys()],
    excludeModules: null,
    layersToTransform: null,
    layersPattern: null,
    loraBias: loras.some(({ loraBias }) => loraBias),
  };
  const values = new Map<string, LayerValues>();
  for (const [path, ones] of updates) {
    values.set(path, valuesOf(path, ones, r, options));
    // Decomposing a large layer takes seconds; give interrupts a chance in between.
    await platform().turn();
  }
  return { config, values };
}

const NAMES: OptionNames<CombineOptions> = {
  type: true,
  rank: true,
  clamp: true,
  density: true,
  majoritySign: true,
  seed: true,
};

function checkOptions(fn: string, options: CombineOptions): void {
  checkOptionNames(fn, options, NAMES, LoraError);
  const { type = "svd", rank, clamp } = options;
  if (!TYPES.includes(type)) throw new LoraError(fn, `type must be one of ${TYPES.join(", ")}`, type);
  const thinning = thinningOf(type);
  if (thinning) checkThinning(fn, type, options);
  if (!isDecomposed(type)) return;
  if (rank !== undefined && !(Number.isSafeInteger(rank) && rank > 0))
    throw new LoraError(fn, "rank must be a whole number of at least 1", rank);
  if (clamp !== undefined && !(clamp > 0.5 && clamp <= 1))
    throw new LoraError(fn, "clamp must be above 0.5 and at most 1", clamp);
}

const isDecomposed = (type: Combination): boolean => type.endsWith("svd");

/** Returns the thinning of a type, if any. */
function thinningOf(type: Combination): Thinning | undefined {
  return THINNINGS.find((one) => type === one || type === `${one}_svd`);
}

function checkPart(fn: string, { name, weight, config, targets }: CombinationPart): LoraConfig {
  if (!Number.isFinite(weight)) throw new LoraError(fn, `the weight of ${name} must be finite`, weight);
  if (config.peftType !== "LORA" || config.useDora)
    throw new LoraError(fn, "only plain LoRA adapters combine: others are no sum of updates", name);
  if (targets.saved.length)
    throw new LoraError(fn, "adapters with copies of whole modules (modulesToSave) do not combine", name);
  return config;
}

async function updateOf(branch: Branch | undefined, weight: number): Promise<Update | null> {
  const scaling = branch?.scaling ?? 0;
  const factors = { weight, scaling, factor: weight * scaling };
  if (branch instanceof EmbeddingBranch) {
    const { lora_embedding_A: a, lora_embedding_B: b } = branch;
    const keys = ["lora_embedding_A", "lora_embedding_B"] as const;
    return { keys, a: await matrixOf(a), b: await matrixOf(b), bias: null, ...factors };
  }
  if (!(branch instanceof LoraBranch)) return null;
  const { lora_A: a, lora_B: b } = branch;
  const bias = b.bias && (await b.bias.read());
  const keys = ["lora_A.weight", "lora_B.weight"] as const;
  return { keys, a: await matrixOf(a.weight), b: await matrixOf(b.weight), bias, ...factors };
}

async function matrixOf(parameter: Parameter): Promise<Matrix> {
  const [rows, columns] = parameter.shape;
  return Matrix.from1DArray(rows, columns, await parameter.read());
}

/** Returns the rank as PEFT does: the sum of the ranks, the option `rank` or the largest, or the common rank. */
function rankOf(
  fn: string,
  parts: readonly CombinationPart[],
  layers: ReadonlyMap<string, ReadonlyMap<string, Branch>>,
  { type = "svd", rank }: CombineOptions,
): number {
  const ranks = parts.map(({ name }) => [...layers.values()].flatMap((branches) => branches.get(name)?.r ?? []));
  if (type === "cat") return ranks.reduce((sum, ones) => sum + most(ones), 0);
  if (isDecomposed(type)) return rank ?? most(ranks.flat());
  const distinct = [...new Set(ranks.flat())];
  if (distinct.length !== 1) throw new LoraError(fn, `${type} needs adapters of one rank`, distinct);
  return distinct[0];
}

function valuesOf(path: string, updates: Update[], r: number, options: CombineOptions): LayerValues {
  const { a, b } = factorsOf(path, updates, r, options);
  const values: LayerValues = new Map([
    [updates[0].keys[0], Float32Array.from(flat(padded(a, r, a.columns)))],
    [updates[0].keys[1], Float32Array.from(flat(padded(b, b.rows, r)))],
  ]);
  const bias = biasOf(updates);
  if (bias) values.set("lora_B.bias", bias);
  return values;
}

function factorsOf(path: string, updates: Update[], r: number, options: CombineOptions): Factors {
  const { type = "svd", seed = 0, clamp } = options;
  if (type === "cat") return stacked(updates);
  if (type === "linear") return factorwise(updates, weightedSum);
  const thinning = thinningOf(type);
  // One random stream per layer, so that the order of adapting layers does not matter.
  const random = new Prng(seed, path);
  const merge: Merge = (all, weights) =>
    thinning ? thinnedSum(thinning, all, weights, options, () => random.next()) : weightedSum(all, weights);
  if (!isDecomposed(type)) return factorwise(updates, merge);
  const nearest = thinning ? nearestProduct(sumOfWhole(updates, merge), r) : nearestFactors(stacked(updates), r);
  return clamp === undefined ? nearest : clamped(nearest, clamp);
}

/** Merges matrices of one shape, given by their values, by weights. */
type Merge = (all: Float64Array[], weights: number[]) => Float64Array;

/** Merges the whole updates [out, in] by their weights, each with its scaling. */
function sumOfWhole(updates: Update[], merge: Merge): Matrix {
  const [{ a, b }] = updates;
  const sum = merge(
    updates.map(wholeUpdate),
    updates.map(({ weight }) => weight),
  );
  return Matrix.from1DArray(b.rows, a.columns, sum);
}

/** Returns the values of scaling · B A. ml-matrix's product, which copies a column for each of its sums, takes ten times as long at a small rank. */
function wholeUpdate({ a, b, scaling }: Update): Float64Array {
  const whole = new Float64Array(b.rows * a.columns);
  const rows = flat(a);
  for (let out = 0; out < b.rows; out++) {
    const row = whole.subarray(out * a.columns, (out + 1) * a.columns);
    for (let k = 0; k < a.rows; k++) addScaled(row, b.get(out, k) * scaling, rows, k * a.columns);
  }
  return whole;
}

function addScaled(sums: Float64Array, factor: number, values: Float64Array, from: number): void {
  for (let i = 0; i < sums.length; i++) sums[i] += factor * values[from + i];
}

/** Writes Σ f_i B_i A_i as one product: scaled A and unscaled B, concatenated. */
function stacked(updates: Update[]): Factors {
  const rows = updates.flatMap(({ a, factor }) => a.to2DArray().map((row) => row.map((value) => value * factor)));
  const columns = updates.flatMap(({ b }) => b.transpose().to2DArray());
  return { a: new Matrix(rows), b: new Matrix(columns).transpose() };
}

/**
 * Combines A from ±√|f_i| and A_i, and B from √|f_i| and B_i, separately. Cross terms make this differ from the sum of
 * the updates.
 */
function factorwise(updates: Update[], merge: Merge): Factors {
  const roots = updates.map(({ factor }) => Math.sqrt(Math.abs(factor)));
  const signed = roots.map((root, i) => (updates[i].factor >= 0 ? root : -root));
  const merged = (all: Matrix[], weights: number[]): Matrix =>
    Matrix.from1DArray(all[0].rows, all[0].columns, merge(all.map(flat), weights));
  return {
    a: merged(
      updates.map(({ a }) => a),
      signed,
    ),
    b: merged(
      updates.map(({ b }) => b),
      roots,
    ),
  };
}

function biasOf(updates: Update[]): Float32Array | null {
  const sum = Float64Array.from(updates[0].b.getColumn(0), () => 0);
  for (const { bias, factor } of updates) bias?.forEach((value, i) => (sum[i] += factor * value));
  return updates.some(({ bias }) => bias) ? Float32Array.from(sum) : null;
}

/** Pads with zeros where an adapter is absent from a layer. */
function padded(x: Matrix, rows: number, columns: number): Matrix {
  const whole = Matrix.zeros(rows, columns);
  return whole.setSubMatrix(x, 0, 0);
}
