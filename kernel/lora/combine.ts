/** One adapter out of several, by PEFT's meanings of the types of a combination. */
import { Matrix, QrDecomposition, SingularValueDecomposition } from "ml-matrix";
import type { Parameter } from "../nn/parameter";
import { Prng } from "../prng";
import type { Branch } from "./branch";
import type { AdapterConfig, LoraConfig } from "./config";
import { LoraError } from "./error";
import { EmbeddingBranch } from "./embedding-branch";
import { LoraBranch } from "./lora-branch";
import type { Targets } from "./targets";
import { checkThinning, isThinning, type Thinning, thinnedSum, type ThinningOptions, weightedSum } from "./thinning";

export type Combination = "cat" | "linear" | "svd" | Thinning;

export interface CombineOptions extends ThinningOptions {
  /** Default `svd`, as in PEFT. */
  type?: Combination;
  /** Rank of `svd`; default the largest of the adapters'. */
  rank?: number;
}

/** An adapter that goes into a combination. */
export interface CombinationPart {
  name: string;
  weight: number;
  config: AdapterConfig;
  targets: Targets;
}

/** A, B and bias of a new adapter on one layer; its scaling is 1. */
type LayerValues = Map<string, Float32Array>;

interface Factors {
  a: Matrix;
  b: Matrix;
}

interface Update {
  /** Names of A and B below the layer. */
  keys: readonly [string, string];
  /** [r, in] */
  a: Matrix;
  /** [out, r] */
  b: Matrix;
  bias: Float32Array | null;
  /** The weight times the adapter's own scaling. */
  factor: number;
}

/** The configuration of the combination, with alpha = r, and its values by layer. */
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
  const { type = "svd", rank } = options;
  if (isThinning(type)) checkThinning(fn, type, options);
  const r = rankOf(fn, type, parts, layers, rank);
  const config: LoraConfig = {
    ...loras[0],
    ...{ r, loraAlpha: r, rankPattern: {}, alphaPattern: {}, useRslora: false },
    ...{ targetModules: [...updates.keys()], excludeModules: null, layersToTransform: null, layersPattern: null },
    loraBias: loras.some(({ loraBias }) => loraBias),
  };
  return { config, values: new Map([...updates].map(([path, ones]) => [path, valuesOf(path, ones, r, options)])) };
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
  const factor = weight * (branch?.scaling ?? 0);
  if (branch instanceof EmbeddingBranch) {
    const { lora_embedding_A: a, lora_embedding_B: b } = branch;
    const keys = ["lora_embedding_A", "lora_embedding_B"] as const;
    return { keys, a: await matrixOf(a), b: await matrixOf(b), bias: null, factor };
  }
  if (!(branch instanceof LoraBranch)) return null;
  const { lora_A: a, lora_B: b } = branch;
  const bias = b.bias && (await b.bias.read());
  const keys = ["lora_A.weight", "lora_B.weight"] as const;
  return { keys, a: await matrixOf(a.weight), b: await matrixOf(b.weight), bias, factor };
}

async function matrixOf(parameter: Parameter): Promise<Matrix> {
  const [rows, columns] = parameter.shape;
  return Matrix.from1DArray(rows, columns, await parameter.read());
}

/** As PEFT: the sum of the ranks, the one rank that all have, or for `svd` the largest. */
function rankOf(
  fn: string,
  type: Combination,
  parts: readonly CombinationPart[],
  layers: ReadonlyMap<string, ReadonlyMap<string, Branch>>,
  rank: number | undefined,
): number {
  const ranks = parts.map(({ name }) => [...layers.values()].flatMap((branches) => branches.get(name)?.r ?? []));
  switch (type) {
    case "cat":
      return ranks.reduce((sum, ones) => sum + Math.max(...ones), 0);
    case "linear":
    case "ties":
    case "dare_linear":
    case "dare_ties":
    case "magnitude_prune": {
      const distinct = [...new Set(ranks.flat())];
      if (distinct.length !== 1) throw new LoraError(fn, `${type} needs adapters of one rank`, distinct);
      return distinct[0];
    }
    case "svd":
      if (rank !== undefined && !(Number.isSafeInteger(rank) && rank > 0))
        throw new LoraError(fn, "rank must be a whole number of at least 1", rank);
      return rank ?? Math.max(...ranks.flat());
    default:
      throw new LoraError(
        fn,
        "type must be cat, linear, svd, ties, dare_linear, dare_ties or magnitude_prune",
        type satisfies never,
      );
  }
}

function valuesOf(path: string, updates: Update[], r: number, options: CombineOptions): LayerValues {
  const { a, b } = factorsOf(path, updates, r, options);
  const values: LayerValues = new Map([
    [updates[0].keys[0], flat(padded(a, r, a.columns))],
    [updates[0].keys[1], flat(padded(b, b.rows, r))],
  ]);
  const bias = biasOf(updates);
  if (bias) values.set("lora_B.bias", bias);
  return values;
}

function factorsOf(path: string, updates: Update[], r: number, options: CombineOptions): Factors {
  const { type = "svd", seed = 0 } = options;
  switch (type) {
    case "cat":
      return stacked(updates);
    case "svd":
      return truncated(updates, r);
    case "linear":
      return factorwise(updates, weightedSum);
    default: {
      // A stream for each layer: chance does not hang on the order in which layers were adapted.
      const random = new Prng(seed, path);
      return factorwise(updates, (factors, weights) =>
        thinnedSum(type, factors, weights, options, () => random.next()),
      );
    }
  }
}

/** Σ f_i B_i A_i as one product: A scaled and B as it is, side by side. */
function stacked(updates: Update[]): Factors {
  const rows = updates.flatMap(({ a, factor }) => a.to2DArray().map((row) => row.map((value) => value * factor)));
  const columns = updates.flatMap(({ b }) => b.transpose().to2DArray());
  return { a: new Matrix(rows), b: new Matrix(columns).transpose() };
}

/** A from ±√|f_i| and A_i, B from √|f_i| and B_i, each by themselves: with cross terms, not the sum of the updates. */
function factorwise(updates: Update[], merge: (factors: Matrix[], weights: number[]) => Matrix): Factors {
  const roots = updates.map(({ factor }) => Math.sqrt(Math.abs(factor)));
  const signed = roots.map((root, i) => (updates[i].factor >= 0 ? root : -root));
  return {
    a: merge(
      updates.map(({ a }) => a),
      signed,
    ),
    b: merge(
      updates.map(({ b }) => b),
      roots,
    ),
  };
}

/**
 * The best approximation of the sum at rank r: B = U S, A = Vᵀ. The sum has the rank of its factors, so that QR of both
 * leaves a small core to decompose.
 */
function truncated(updates: Update[], r: number): Factors {
  const { a, b } = stacked(updates);
  const left = thinQr(b);
  const right = thinQr(a.transpose());
  const core = new SingularValueDecomposition(left.r.mmul(right.r.transpose()), { autoTranspose: true });
  const kept = Math.min(r, core.diagonal.length);
  const u = core.leftSingularVectors.subMatrixColumn(range(kept));
  const v = core.rightSingularVectors.subMatrixColumn(range(kept));
  return {
    a: right.q.mmul(v).transpose(),
    b: left.q.mmul(u.mulRowVector(core.diagonal.slice(0, kept))),
  };
}

/** Q [m, k] and R [k, n] with k = min(m, n). */
function thinQr(x: Matrix): { q: Matrix; r: Matrix } {
  // The decomposition wants at least as many rows as columns; where there are fewer, the identity does.
  if (x.rows < x.columns) return { q: Matrix.eye(x.rows, x.rows), r: x };
  const { orthogonalMatrix, upperTriangularMatrix } = new QrDecomposition(x);
  return { q: orthogonalMatrix, r: upperTriangularMatrix };
}

const range = (count: number): number[] => [...Array(count).keys()];

function biasOf(updates: Update[]): Float32Array | null {
  const sum = Float64Array.from(updates[0].b.getColumn(0), () => 0);
  for (const { bias, factor } of updates) bias?.forEach((value, i) => (sum[i] += factor * value));
  return updates.some(({ bias }) => bias) ? Float32Array.from(sum) : null;
}

/** With zeros where an adapter is missing on a layer. */
function padded(x: Matrix, rows: number, columns: number): Matrix {
  const whole = Matrix.zeros(rows, columns);
  return whole.setSubMatrix(x, 0, 0);
}

function flat(x: Matrix): Float32Array {
  return Float32Array.from(x.to1DArray());
}
