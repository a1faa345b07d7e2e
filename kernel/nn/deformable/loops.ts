/**
 * Sampling of deformable attention by loops over plain memory. Operations of tfjs write every sample out, four times
 * and `features` wide; where tensors lie in this process's memory, an accumulating loop is many times faster.
 */
import type { SamplingSizes } from "./sizes";

/**
 * Corners of the pixel square around one place: a (upper left), b (upper right), c (lower left) and d (lower right).
 * Plain fields, because they are filled for every sample.
 */
export class Corners {
  /** Start of a corner's features in the values; any valid index for a corner outside the grid. */
  a = 0;
  b = 0;
  c = 0;
  d = 0;
  /** Shares of the columns and rows; 0 outside the grid. */
  left = 0;
  right = 0;
  top = 0;
  bottom = 0;
  /** Magnitude of the shares' derivatives: 1, or 0 for a column or row outside the grid. */
  inLeft = 0;
  inRight = 0;
  inTop = 0;
  inBottom = 0;
  /** Size of the grid. */
  height = 0;
  width = 0;

  /**
   * Computes the corners of a place.
   *
   * @param first start of the grid's first token
   * @param stride values from one token to the next
   */
  place(column: number, row: number, height: number, width: number, first: number, stride: number): void {
    this.height = height;
    this.width = width;
    const x = Math.floor(column);
    const y = Math.floor(row);
    this.inLeft = x >= 0 && x < width ? 1 : 0;
    this.inRight = x >= -1 && x < width - 1 ? 1 : 0;
    this.inTop = y >= 0 && y < height ? 1 : 0;
    this.inBottom = y >= -1 && y < height - 1 ? 1 : 0;
    this.right = (column - x) * this.inRight;
    this.left = (x + 1 - column) * this.inLeft;
    this.bottom = (row - y) * this.inBottom;
    this.top = (y + 1 - row) * this.inTop;
    const upper = first + (this.inTop ? y : 0) * width * stride;
    const lower = first + (this.inBottom ? y + 1 : 0) * width * stride;
    const near = (this.inLeft ? x : 0) * stride;
    const far = (this.inRight ? x + 1 : 0) * stride;
    this.a = upper + near;
    this.b = upper + far;
    this.c = lower + near;
    this.d = lower + far;
  }

  /** Returns the value of the place from the values at the corners. */
  between(a: number, b: number, c: number, d: number): number {
    return this.top * (this.left * a + this.right * b) + this.bottom * (this.left * c + this.right * d);
  }

  /** Returns the derivative of {@link between} in the location's x. */
  slopeX(a: number, b: number, c: number, d: number): number {
    const { top, bottom, inLeft, inRight, width } = this;
    return width * (top * (inRight * b - inLeft * a) + bottom * (inRight * d - inLeft * c));
  }

  /** Returns the derivative of {@link between} in the location's y. */
  slopeY(a: number, b: number, c: number, d: number): number {
    const { left, right, inTop, inBottom, height } = this;
    return height * (left * (inBottom * c - inTop * a) + right * (inBottom * d - inTop * b));
  }
}

/** Takes a place with the index of its sample in `weights`, and the arguments of {@link Corners.place} up to `first`. */
export type VisitPlace = (
  sample: number,
  column: number,
  row: number,
  height: number,
  width: number,
  first: number,
) => void;

/**
 * Calls `visit` for each place that a query and head sample.
 *
 * @param place index of the query and head in [B, N, H]
 * @param first start of the first token in the values
 * @param stride values from one token to the next
 */
export function placesOf(
  { K, points, sizes }: SamplingSizes,
  locations: Float32Array,
  { place, first, stride }: { place: number; first: number; stride: number },
  visit: VisitPlace,
): void {
  let sample = place * K;
  for (const [height, width] of sizes) {
    for (let p = 0; p < points; p++, sample++) {
      // Single precision, as in all other computations.
      const column = Math.fround(Math.fround(locations[2 * sample] * width) - 0.5);
      const row = Math.fround(Math.fround(locations[2 * sample + 1] * height) - 0.5);
      visit(sample, column, row, height, width, first);
    }
    first += height * width * stride;
  }
}

/** Calls `visit` for each sample with its index in `weights`, its index in the output [B, N, H, D], and its corners. */
function eachSample(
  sizes: SamplingSizes,
  locations: Float32Array,
  visit: (sample: number, output: number, corners: Corners) => void,
): void {
  const { B, N, H, D, S } = sizes;
  const corners = new Corners();
  const stride = H * D;
  let output = 0;
  const visitPlace: VisitPlace = (sample, column, row, height, width, first) => {
    corners.place(column, row, height, width, first, stride);
    visit(sample, output, corners);
  };
  for (let place = 0; place < B * N * H; place++, output += D) {
    const first = (Math.floor(place / (N * H)) * S * H + (place % H)) * D;
    placesOf(sizes, locations, { place, first, stride }, visitPlace);
  }
}

/**
 * Samples by loops.
 *
 * @returns [B, N, H, D]
 */
export function sampleLoops(
  sizes: SamplingSizes,
  values: Float32Array,
  locations: Float32Array,
  weights: Float32Array,
): Float32Array {
  const { B, N, H, D } = sizes;
  const y = new Float32Array(B * N * H * D);
  eachSample(sizes, locations, (sample, output, { a, b, c, d, left, right, top, bottom }) => {
    const above = weights[sample] * top;
    const below = weights[sample] * bottom;
    const fa = above * left;
    const fb = above * right;
    const fc = below * left;
    const fd = below * right;
    for (let i = 0; i < D; i++)
      y[output + i] += fa * values[a + i] + fb * values[b + i] + fc * values[c + i] + fd * values[d + i];
  });
  return y;
}

/** Returns the gradients of the three inputs, in their shapes, from the output's gradient. */
export function sampleLoopsBackward(
  sizes: SamplingSizes,
  values: Float32Array,
  locations: Float32Array,
  weights: Float32Array,
  dy: Float32Array,
): [values: Float32Array, locations: Float32Array, weights: Float32Array] {
  const { D } = sizes;
  const dValues = new Float32Array(values.length);
  const dLocations = new Float32Array(locations.length);
  const dWeights = new Float32Array(weights.length);
  eachSample(sizes, locations, (sample, output, corners) => {
    const { a, b, c, d, left, right, top, bottom } = corners;
    const weight = weights[sample];
    const fa = weight * top * left;
    const fb = weight * top * right;
    const fc = weight * bottom * left;
    const fd = weight * bottom * right;
    // Inner products of dy with the values at each corner.
    let ta = 0;
    let tb = 0;
    let tc = 0;
    let td = 0;
    for (let i = 0; i < D; i++) {
      const g = dy[output + i];
      ta += g * values[a + i];
      tb += g * values[b + i];
      tc += g * values[c + i];
      td += g * values[d + i];
      dValues[a + i] += fa * g;
      dValues[b + i] += fb * g;
      dValues[c + i] += fc * g;
      dValues[d + i] += fd * g;
    }
    dWeights[sample] = corners.between(ta, tb, tc, td);
    dLocations[2 * sample] = weight * corners.slopeX(ta, tb, tc, td);
    dLocations[2 * sample + 1] = weight * corners.slopeY(ta, tb, tc, td);
  });
  return [dValues, dLocations, dWeights];
}
