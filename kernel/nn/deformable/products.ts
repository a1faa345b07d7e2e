/**
 * Sampling of deformable attention by products of matrices, on the device `native`. The shares of all samples of a head
 * are a matrix from tokens to queries; products with it take many more operations than loops over the samples, but each
 * is many times faster, on all cores.
 */
import { arrayOf, filled, multiplyInto } from "../../backend/arrays";
import type { Tensor } from "../../backend/tensor";
import { Corners, placesOf, type VisitPlace } from "./loops";
import type { SamplingSizes } from "./sizes";

/** Largest number of values in the matrix of one head. */
const MOST_VALUES = 2 ** 22;
/** Largest number of tokens for each sample of a query; with more, loops are faster. */
const MOST_TOKENS = 256;

/** Tests whether products are the faster way. */
export const suitsProducts = ({ N, S, K }: SamplingSizes): boolean => N * S <= MOST_VALUES && S <= MOST_TOKENS * K;

/** Samples of one head of a picture as a matrix [N, S]: each token's share in the sum of each query. */
class Shares {
  readonly matrix: Float32Array;
  /** Corners of the samples in the matrix. Kept, because there are several loops over them. */
  private readonly corners: readonly Corners[];
  /** Indices of the samples in the weights. */
  private readonly samples: Int32Array;

  constructor(
    private readonly sizes: SamplingSizes,
    private readonly locations: Float32Array,
    private readonly weights: Float32Array,
  ) {
    const { N, K, S } = sizes;
    this.matrix = zeros(N, S);
    this.corners = Array.from({ length: N * K }, () => new Corners());
    this.samples = new Int32Array(N * K);
  }

  /** Calls `use` for each head of every picture, with its index in [B, H]; the matrix is then that of the head. */
  eachHead(use: (head: number) => void): void {
    const { B, H } = this.sizes;
    for (let head = 0; head < B * H; head++) {
      this.place(head);
      this.fill();
      use(head);
      this.clear();
    }
  }

  private place(head: number): void {
    const { sizes, locations, samples, corners } = this;
    const { N, H, S } = sizes;
    let i = 0;
    const visit: VisitPlace = (sample, column, row, height, width, first) => {
      samples[i] = sample;
      corners[i++].place(column, row, height, width, first, 1);
    };
    const start = Math.floor(head / H) * N * H + (head % H);
    for (let n = 0; n < N; n++) placesOf(sizes, locations, { place: start + n * H, first: n * S, stride: 1 }, visit);
  }

  private fill(): void {
    const { matrix, corners, samples, weights } = this;
    for (let i = 0; i < corners.length; i++) {
      const { a, b, c, d, left, right, top, bottom } = corners[i];
      const above = weights[samples[i]] * top;
      const below = weights[samples[i]] * bottom;
      matrix[a] += above * left;
      matrix[b] += above * right;
      matrix[c] += below * left;
      matrix[d] += below * right;
    }
  }

  private clear(): void {
    const { matrix, corners } = this;
    for (let i = 0; i < corners.length; i++) {
      const { a, b, c, d } = corners[i];
      matrix[a] = matrix[b] = matrix[c] = matrix[d] = 0;
    }
  }

  /** Writes the gradients of the head's locations and weights, from those of the matrix. */
  gradients(dMatrix: Float32Array, dLocations: Float32Array, dWeights: Float32Array): void {
    const { corners, samples, weights } = this;
    for (let i = 0; i < corners.length; i++) {
      const corner = corners[i];
      const [ta, tb, tc, td] = [dMatrix[corner.a], dMatrix[corner.b], dMatrix[corner.c], dMatrix[corner.d]];
      const sample = samples[i];
      dWeights[sample] = corner.between(ta, tb, tc, td);
      dLocations[2 * sample] = weights[sample] * corner.slopeX(ta, tb, tc, td);
      dLocations[2 * sample + 1] = weights[sample] * corner.slopeY(ta, tb, tc, td);
    }
  }
}

const zeros = (rows: number, columns: number): Float32Array =>
  arrayOf(filled([rows, columns], (values) => values.fill(0)));

/** Returns a matrix of a batch of them. */
const matrixOf = (all: Float32Array, index: number, rows: number, columns: number): Float32Array =>
  all.subarray(index * rows * columns, (index + 1) * rows * columns);

/**
 * Samples by products.
 *
 * @param values [B, H, S, D]
 * @returns [B, H, N, D]
 */
export function sampleProducts(sizes: SamplingSizes, values: Tensor, locations: Tensor, weights: Tensor): Tensor {
  const { B, N, H, D, S } = sizes;
  const all = arrayOf(values);
  const shares = new Shares(sizes, arrayOf(locations), arrayOf(weights));
  return filled([B, H, N, D], (y) =>
    shares.eachHead((head) =>
      multiplyInto(matrixOf(y, head, N, D), [N, D], { a: shares.matrix, b: matrixOf(all, head, S, D) }),
    ),
  );
}

/**
 * Returns the gradients of the three inputs, in their shapes.
 *
 * @param values [B, H, S, D]
 * @param dy [B, H, N, D]
 */
export function sampleProductsBackward(
  sizes: SamplingSizes,
  values: Tensor,
  locations: Tensor,
  weights: Tensor,
  dy: Tensor,
): [values: Tensor, locations: Tensor, weights: Tensor] {
  const { N, D, S } = sizes;
  const [all, at, factors, given] = [values, locations, weights, dy].map(arrayOf);
  const dShares = zeros(N, S);
  const [dLocations, dWeights] = [locations, weights].map(({ shape }) => filled(shape, () => undefined));
  const [alongLocations, alongWeights] = [dLocations, dWeights].map(arrayOf);
  const shares = new Shares(sizes, at, factors);
  const dValues = filled(values.shape, (found) =>
    shares.eachHead((head) => {
      const ofHead = matrixOf(given, head, N, D);
      multiplyInto(matrixOf(found, head, S, D), [S, D], { a: shares.matrix, b: ofHead, transposeA: true });
      multiplyInto(dShares, [N, S], { a: ofHead, b: matrixOf(all, head, S, D), transposeB: true });
      shares.gradients(dShares, alongLocations, alongWeights);
    }),
  );
  return [dValues, dLocations, dWeights];
}
