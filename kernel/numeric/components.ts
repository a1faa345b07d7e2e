import { isWhole, RuleError } from "../rules/rule-error";
import { symmetricEigen } from "./eigen";
import { dot, meanRow } from "./rows";

export interface ComponentsOptions {
  /** Take the mean row away first: PCA. Without it: the best rank-k approximation of the dot products. Default true. */
  center?: boolean;
  /** Stop when the kept eigenvalues change by less than this, relatively. Default 1e-9. */
  tolerance?: number;
  /** Upper bound on iterations. Default 300. */
  iterations?: number;
}

/** Leading principal components of a `[N, C]` matrix. */
export interface Components {
  /** `components[k]` is a unit vector of length C; its largest entry by magnitude is positive. */
  components: Float32Array[];
  /** The mean row, zeros without centring. */
  mean: Float32Array;
  /** Variance along each component, `sum / (N - 1)` as in scikit-learn. */
  variance: number[];
  /** Share of the total variance. */
  ratio: number[];
}

/** Columns beyond those asked for: subspace iteration converges with the gap behind the last one. */
const OVERSAMPLING = 8;

/**
 * The `count` leading principal components of `[N, C]` by subspace iteration on `X^T X` with a Rayleigh-Ritz step (Halko,
 * Martinsson, Tropp 2011, algorithm 4.4; iterated until the values stand still). Never forms the C x C matrix.
 * @throws RuleError when `count` is not in `1..min(N, C)`.
 */
export function principalComponents(
  data: Float32Array,
  channels: number,
  count: number,
  options: ComponentsOptions = {},
): Components {
  const rows = data.length / channels;
  checkCount(rows, channels, count);
  const mean = options.center === false ? new Float32Array(channels) : Float32Array.from(meanRow(data, channels));
  const x = shifted(data, mean);
  const { basis, values } = iterateSubspace(x, channels, count, options);
  const total = dot(x, x);
  return {
    components: basis.map(fixSign),
    mean,
    variance: values.map((value) => value / Math.max(1, rows - 1)),
    ratio: values.map((value) => (total > 0 ? value / total : 0)),
  };
}

/** Coordinates `[N, K]` of every row of `[N, C]` in the components. */
export function project(data: Float32Array, components: Components): Float32Array {
  const { mean } = components;
  const [channels, dims] = [mean.length, components.components.length];
  const x = shifted(data, mean);
  const out = new Float32Array((x.length / channels) * dims);
  for (let i = 0; i < out.length; i++)
    out[i] = dot(x, components.components[i % dims], Math.floor(i / dims) * channels);
  return out;
}

function checkCount(rows: number, channels: number, count: number): void {
  if (!Number.isInteger(rows)) throw new RuleError("principalComponents", `data must hold rows of ${channels}`, rows);
  const most = Math.min(rows, channels);
  if (!(isWhole(count) && count <= most))
    throw new RuleError("principalComponents", `count must be an integer in 1..${most}`, count);
}

/** Steps between two looks at whether the values stand still: the look costs as much as a step. */
const LOOK_EVERY = 5;

function iterateSubspace(
  x: Float64Array,
  channels: number,
  count: number,
  { tolerance = 1e-9, iterations = 300 }: ComponentsOptions,
): { basis: Float64Array[]; values: number[] } {
  const width = Math.min(count + OVERSAMPLING, channels);
  let basis = orthonormal(startBasis(width, channels));
  let values: number[] = [];
  for (let step = 1; step <= iterations; step++) {
    basis = orthonormal(multiplyGram(x, basis));
    if (step % LOOK_EVERY !== 0) continue;
    const next = ritz(x, basis);
    const top = next.values[0];
    basis = next.basis;
    if (next.values.slice(0, count).every((value, i) => close(value, values[i], top, tolerance))) break;
    values = next.values;
  }
  const last = ritz(x, basis);
  return { basis: last.basis.slice(0, count), values: last.values.slice(0, count).map((value) => Math.max(0, value)) };
}

function close(value: number, before: number | undefined, top: number, tolerance: number): boolean {
  return before !== undefined && Math.abs(value - before) <= tolerance * top;
}

/** Rotates a basis to the eigenvectors of `X^T X` restricted to it. */
function ritz(x: Float64Array, basis: Float64Array[]): { basis: Float64Array[]; values: number[] } {
  const images = basis.map((vector) => timesX(x, vector));
  const small = basis.flatMap((_, i) => basis.map((__, j) => dot(images[i], images[j])));
  const eigen = symmetricEigen(small, basis.length);
  return { values: eigen.values, basis: eigen.vectors.map((weights) => combine(basis, weights)) };
}

function combine(basis: Float64Array[], weights: Float64Array): Float64Array {
  const out = new Float64Array(basis[0].length);
  basis.forEach((vector, k) => addScaled(out, vector, 0, weights[k]));
  return out;
}

function timesX(x: Float64Array, vector: Float64Array): Float64Array {
  const out = new Float64Array(x.length / vector.length);
  for (let n = 0; n < out.length; n++) out[n] = dot(x, vector, n * vector.length);
  return out;
}

function multiplyGram(x: Float64Array, basis: Float64Array[]): Float64Array[] {
  return basis.map((vector) => {
    const image = timesX(x, vector);
    const out = new Float64Array(vector.length);
    for (let n = 0; n < image.length; n++) addScaled(out, x, n * vector.length, image[n]);
    return out;
  });
}

/** Modified Gram-Schmidt, twice, which is as good as Householder; a vector that vanishes stays zero. */
function orthonormal(vectors: Float64Array[]): Float64Array[] {
  const done: Float64Array[] = [];
  for (const vector of vectors) {
    for (let pass = 0; pass < 2; pass++) for (const other of done) addScaled(vector, other, 0, -dot(vector, other));
    const norm = Math.sqrt(dot(vector, vector));
    done.push(norm > 1e-150 ? vector.map((value) => value / norm) : vector.fill(0));
  }
  return done;
}

/** A fixed start, so that the same features give the same picture: a linear congruential generator. */
function startBasis(width: number, channels: number): Float64Array[] {
  let state = 12345;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1;
  return Array.from({ length: width }, () => Float64Array.from({ length: channels }, next));
}

function shifted(data: Float32Array, mean: Float32Array): Float64Array {
  const out = new Float64Array(data.length);
  for (let i = 0; i < out.length; i++) out[i] = data[i] - mean[i % mean.length];
  return out;
}

function addScaled(out: Float64Array, vector: Float64Array, offset: number, scale: number): void {
  for (let i = 0; i < out.length; i++) out[i] += scale * vector[offset + i];
}

function fixSign(vector: Float64Array): Float32Array {
  const top = vector.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
  return Float32Array.from(vector, (value) => (top < 0 ? -value : value));
}
