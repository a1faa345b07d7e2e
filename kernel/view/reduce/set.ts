import { principalComponents, project } from "../../numeric/components";
import { type FeatureSet, type Int8Matrix, quantize } from "../../protocol/core/quantize";
import { joinFloats } from "../../numeric";

/** Below this the approximate matches are no longer worth showing. */
const FEWEST_DIMS = 6;
const MOST_DIMS = 64;
/** Share of the bytes that the layer shown first may take. */
const CURRENT_SHARE = 0.5;
/** Enough for a basis that only has to keep dot products (Halko et al., section 1.6), however many layers there are. */
const FEW_ITERATIONS = 3;

/**
 * Reduces the images of a set to `dims` dimensions that keep their dot products best (uncentred principal components of the stacked
 * rows), in one byte a value.
 */
export function reduceSet({ channels, features }: FeatureSet, dims: number): Int8Matrix[] {
  const stacked = joinFloats(features);
  const options = { center: false, iterations: FEW_ITERATIONS };
  const coordinates = project(stacked, principalComponents(stacked, channels, dims, options));
  let start = 0;
  return features.map((rows) => {
    const end = start + (rows.length / channels) * dims;
    const part = coordinates.subarray(start, end);
    start = end;
    return quantize(part, dims);
  });
}

export interface DimsQuery {
  /** Rows of all images together, a layer. */
  tokens: number[];
  channels: number[];
  current: number;
  /** Bytes for all layers, before base64. */
  bytes: number;
  /** Upper bound on the dimensions. Default 64. */
  most?: number;
}

/** Dimensions to save for each layer within the budget; 0: the layer is not saved. The layer shown first gets most. */
export function allocateDims(query: DimsQuery): number[] {
  const most = (i: number): number => Math.min(query.channels[i], query.tokens[i], query.most ?? MOST_DIMS);
  const alone = query.tokens.length === 1;
  const share = query.bytes * (alone ? 1 : CURRENT_SHARE);
  const first = Math.min(most(query.current), Math.floor(share / bytesPerDim(query.tokens[query.current])));
  return spread(query, first, most);
}

/** A byte a token, and the scales written as JSON numbers. */
function bytesPerDim(tokens: number): number {
  return tokens + 24;
}

function spread({ tokens, current, bytes }: DimsQuery, first: number, most: (i: number) => number): number[] {
  const dims = tokens.map((_, i) => (i === current ? first : 0));
  const others = dims.map((_, i) => i).filter((i) => i !== current);
  let left = bytes - first * bytesPerDim(tokens[current]);
  // Deep layers first: where the budget ends, early layers go without.
  for (let rest = others.length; rest > 0; rest--) {
    const i = others[rest - 1];
    const price = bytesPerDim(tokens[i]);
    const fair = Math.max(FEWEST_DIMS, Math.floor(left / rest / price));
    const fit = Math.min(most(i), fair);
    if (fit * price > left) continue;
    dims[i] = fit;
    left -= fit * price;
  }
  return dims;
}
