import { checkArguments } from "../rules/arguments";
import { dot, mean, unitRows } from "../numeric";
import { checkOptionNames } from "../rules/option-names";
import { SimilarityError } from "./error";
import type { TokenSet } from "./token-set";
import { isWhole } from "../rules/rule-error";

/** Options of {@link mutualKnn}. */
export interface MutualKnnOptions {
  /** Number of neighbors of an image. Default 10, as in the paper. */
  k?: number;
}

/** Share of nearest neighbors that two encoders agree on. */
export interface MutualKnn {
  readonly definition: "mutual-knn";
  /** Mean over the images, 0 to 1. */
  readonly score: number;
  readonly k: number;
  /** Share per image. */
  readonly images: number[];
}

/** Result of `similarity.linearCka`. */
export interface LinearCka {
  readonly definition: "linear-cka";
  /** In [0, 1]; 1 for features that differ by a rotation and a scale. */
  readonly score: number;
}

/**
 * Returns the mutual k-nearest-neighbour alignment of two encoders: `mean_i |N_x(i) ∩ N_y(i)| / k`, where `N(i)` are
 * the `k` other images of largest cosine (Huh et al., arXiv 2405.07987). The earlier image wins a tie.
 *
 * @param x one row per image, `[images, width]`, for example mean tokens
 * @param y the same images in the same order; its width may differ
 * @throws SimilarityError when the numbers of images differ or do not exceed `k`, or for an unknown option
 */
export function mutualKnn(x: TokenSet, y: TokenSet, options: MutualKnnOptions = {}): MutualKnn {
  checkArguments("similarity.mutualKnn", SimilarityError, { x, y }, { x: { data: "list" }, y: { data: "list" } });
  checkOptionNames("similarity.mutualKnn", options, { k: true }, SimilarityError);
  const { k = 10 } = options;
  const count = checkRows("similarity.mutualKnn", x, y);
  if (!isWhole(k) || k >= count) {
    throw new SimilarityError(
      "similarity.mutualKnn",
      `k must be a whole number in 1..${count - 1}, one less than the images`,
      k,
    );
  }
  const [inX, inY] = [x, y].map((of) => neighbors(gram(unitRows(of.data, of.width), of.width), count, k));
  const images = inX.map((own, i) => own.filter((j) => inY[i].includes(j)).length / k);
  return { definition: "mutual-knn", k, score: mean(images), images };
}

/**
 * Returns the linear centred kernel alignment `|XᵀY|² / (|XᵀX| |YᵀY|)` in Frobenius norms with centred columns
 * (Kornblith et al., arXiv 1905.00414), from the `[images, images]` Gram matrices. The estimate is biased upward when
 * images are few beside channels.
 *
 * @throws SimilarityError when the numbers of images differ, or all rows of one side are equal
 */
export function linearCka(x: TokenSet, y: TokenSet): LinearCka {
  const where = "similarity.linearCka";
  checkArguments(where, SimilarityError, { x, y }, { x: { data: "list" }, y: { data: "list" } });
  const count = checkRows(where, x, y);
  const [kx, ky] = [x, y].map((of) => centerGram(gram(of.data, of.width), count));
  const [xx, yy] = [dot(kx, kx), dot(ky, ky)];
  if (!(xx > 0) || !(yy > 0))
    throw new SimilarityError(where, "features must differ between images, their variance", 0);
  return { definition: "linear-cka", score: dot(kx, ky) / Math.sqrt(xx * yy) };
}

function checkRows(where: string, x: TokenSet, y: TokenSet): number {
  const [rows, others] = [x, y].map(({ data, width }) => {
    if (isWhole(width) && data.length % width === 0) return data.length / width;
    throw new SimilarityError(where, `features must be whole rows, of width ${width}`, data.length);
  });
  if (rows !== others) throw new SimilarityError(where, `both sides must hold ${rows} images`, others);
  if (rows < 2) throw new SimilarityError(where, "at least 2 images are needed", rows);
  return rows;
}

/** Inner products of all rows, `[rows, rows]`, in float64. */
function gram(data: Float32Array, width: number): Float64Array {
  const rows = data.length / width;
  const out = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) {
    for (let j = i; j < rows; j++) {
      let sum = 0;
      for (let c = 0, a = i * width, b = j * width; c < width; c++, a++, b++) sum += data[a] * data[b];
      out[i * rows + j] = out[j * rows + i] = sum;
    }
  }
  return out;
}

/** Returns the Gram matrix of centred columns, `H K H` with `H = I - 1/n`. */
function centerGram(kernel: Float64Array, n: number): Float64Array {
  const means = Array.from({ length: n }, (_, i) => mean(kernel.subarray(i * n, (i + 1) * n)));
  const whole = mean(means);
  return kernel.map((value, at) => value - means[Math.floor(at / n)] - means[at % n] + whole);
}

function neighbors(kernel: Float64Array, n: number, k: number): number[][] {
  return Array.from({ length: n }, (_, i) => {
    const others = Array.from({ length: n }, (_unused, j) => j).filter((j) => j !== i);
    return others.sort((a, b) => kernel[i * n + b] - kernel[i * n + a] || a - b).slice(0, k);
  });
}
