/**
 * Sampling of deformable attention by loops over plain memory. Operations of tfjs write every sample out, four times
 * and `features` wide; where tensors lie in this process's memory, an accumulating loop is many times faster.
 */
import type { SamplingSizes } from "./sizes";

/**
 * Corners of the pixel square around one place: a (upper left), b (upper right), c (lower left) and d (lower right).
 * Plain fields, because they are filled for every sample.
 */
class Corners {
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

  /**
   * Computes the corners of a place.
   *
   * @param first start of the grid's first token
   * @param stride values from one token to the next
   */
  place(column: number, row: number, height: number, width: number, first: number, stride: number): void {
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
}

type Visit = (sample: number, output: number, corners: Corners, height: number, width: number) => void;

/** Calls `visit` for each sample with its index in `weights`, its index in the output [B, N, H, D], and its corners. */
function eachSample(sizes: SamplingSizes, locations: Float32Array, visit: Visit): void {
  const { B, N, H, D, S, points, sizes: grids } = sizes;
  const corners = new Corners();
  let sample = 0;
  for (let place = 0; place < B * N * H; place++) {
    let first = (Math.floor(place / (N * H)) * S * H + (place % H)) * D;
    for (const [height, width] of grids) {
      for (let p = 0; p < points; p++, sample++) {
        // Single precision, as in all other computations.
        const column = Math.fround(Math.fround(locations[2 * sample] * width) - 0.5);
        const row = Math.fround(Math.fround(locations[2 * sample + 1] * height) - 0.5);
        corners.place(column, row, height, width, first, H * D);
        visit(sample, place * D, corners, height, width);
      }
      first += height * width * H * D;
    }
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
  eachSample(sizes, locations, (sample, output, corners, height, width) => {
    const { a, b, c, d, left, right, top, bottom, inLeft, inRight, inTop, inBottom } = corners;
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
    dWeights[sample] = top * (left * ta + right * tb) + bottom * (left * tc + right * td);
    const alongRow = top * (inRight * tb - inLeft * ta) + bottom * (inRight * td - inLeft * tc);
    const alongColumn = left * (inBottom * tc - inTop * ta) + right * (inBottom * td - inTop * tb);
    dLocations[2 * sample] = weight * width * alongRow;
    dLocations[2 * sample + 1] = weight * height * alongColumn;
  });
  return [dValues, dLocations, dWeights];
}
