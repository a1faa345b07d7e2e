/** One adapter out of several, by PEFT's meanings of `cat`, `linear` and `svd`. */
import { Matrix, QrDecomposition, SingularValueDecomposition } from "ml-matrix";
import type { Parameter } from "../nn/parameter";
import type { Branch } from "./branch";
import type { AdapterConfig, LoraConfig } from "./config";
import { LoraError } from "./error";
import { EmbeddingBranch } from "./embedding-branch";
import { LoraBranch } from "./lora-branch";
import type { Targets } from "./targets";

export type Combination = "cat" | "linear" | "svd";

/** An adapter that goes into a combination. */
export interface CombinationPart {
  name: string;
  weight: number;
  config: AdapterConfig;
  targets: Targets;
}

/** A, B and bias of a new adapter on one layer; its scaling is 1. */
type LayerValues = Map<string, Float32Array>;

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
  { type = "svd", rank }: { type?: Combination; rank?: number },
): Promise<{ config: AdapterConfig; values: Map<string, LayerValues> }> {
  const loras = parts.map((part) => checkPart(fn, part));
  if (!parts.length) throw new LoraError(fn, "at least one adapter is needed", "none");
  const updates = new Map<string, Update[]>();
  for (const [path, branches] of layers) {
    const found = await Promise.all(parts.map((part) => updateOf(branches.get(part.name), part.weight)));
    const present = found.filter((one) => one !== null);
    if (present.length) updates.set(path, present);
  }
  const r = rankOf(fn, type, parts, layers, rank);
  const config: LoraConfig = {
    ...loras[0],
    ...{ r, loraAlpha: r, rankPattern: {}, alphaPattern: {}, useRslora: false },
    ...{ targetModules: [...updates.keys()], excludeModules: null, layersToTransform: null, layersPattern: null },
    loraBias: loras.some(({ loraBias }) => loraBias),
  };
  return { config, values: new Map([...updates].map(([path, ones]) => [path, valuesOf(type, ones, r)])) };
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
    case "linear": {
      const distinct = [...new Set(ranks.flat())];
      if (distinct.length !== 1) throw new LoraError(fn, "linear needs adapters of one rank", distinct);
      return distinct[0];
    }
    case "svd":
      if (rank !== undefined && !(Number.isSafeInteger(rank) && rank > 0))
        throw new LoraError(fn, "rank must be a whole number of at least 1", rank);
      return rank ?? Math.max(...ranks.flat());
    default:
      throw new LoraError(fn, "type must be cat, linear or svd", type satisfies never);
  }
}

function valuesOf(type: Combination, updates: Update[], r: number): LayerValues {
  const { a, b } = type === "linear" ? linear(updates) : type === "cat" ? stacked(updates) : truncated(updates, r);
  const values: LayerValues = new Map([
    [updates[0].keys[0], flat(padded(a, r, a.columns))],
    [updates[0].keys[1], flat(padded(b, b.rows, r))],
  ]);
  const bias = biasOf(updates);
  if (bias) values.set("lora_B.bias", bias);
  return values;
}

/** Σ f_i B_i A_i as one product: A scaled and B as it is, side by side. */
function stacked(updates: Update[]): { a: Matrix; b: Matrix } {
  const rows = updates.flatMap(({ a, factor }) => a.to2DArray().map((row) => row.map((value) => value * factor)));
  const columns = updates.flatMap(({ b }) => b.transpose().to2DArray());
  return { a: new Matrix(rows), b: new Matrix(columns).transpose() };
}

/** A = Σ ±√|f_i| A_i, B = Σ √|f_i| B_i: with cross terms, not the sum of the updates. */
function linear(updates: Update[]): { a: Matrix; b: Matrix } {
  const [{ a, b }] = updates;
  const sums = { a: Matrix.zeros(a.rows, a.columns), b: Matrix.zeros(b.rows, b.columns) };
  for (const { a, b, factor } of updates) {
    const root = Math.sqrt(Math.abs(factor));
    sums.a.add(Matrix.mul(a, factor >= 0 ? root : -root));
    sums.b.add(Matrix.mul(b, root));
  }
  return sums;
}

/**
 * The best approximation of the sum at rank r: B = U S, A = Vᵀ. The sum has the rank of its factors, so that QR of both
 * leaves a small core to decompose.
 */
function truncated(updates: Update[], r: number): { a: Matrix; b: Matrix } {
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
