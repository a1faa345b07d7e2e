import type { Grid } from "../core/geometry";

/** Size of the attention of one block: `[heads, tokens, tokens]`, the prefix tokens first, then the patches row by row. */
export interface AttentionShape {
  heads: number;
  /** Number of class and register tokens. */
  prefix: number;
  grid: Grid;
}

/** Numbers of one head: how widely it looks, and how far. */
export interface HeadNumbers {
  /** Entropy of a query's attention over all tokens, as a share of the largest possible: 0 is one token, 1 is all alike. */
  entropy: number;
  /** Mean distance from a patch to what it attends to among the patches, as a share of the grid's longer side. */
  distance: number;
}

export function tokensOfShape({ prefix, grid }: AttentionShape): number {
  return prefix + grid[0] * grid[1];
}

/** Number that stands for the mean over all patches as queries: one past the last token. */
export function meanQuery(shape: AttentionShape): number {
  return tokensOfShape(shape);
}

/** Entropy of a row of probabilities, in shares of `log(length)`; 0 for a row of one or of zeros. */
export function rowEntropy(row: ArrayLike<number>): number {
  let [sum, entropy] = [0, 0];
  for (let i = 0; i < row.length; i++) sum += row[i];
  if (!(sum > 0) || row.length < 2) return 0;
  for (let i = 0; i < row.length; i++) {
    const part = row[i] / sum;
    if (part > 0) entropy -= part * Math.log(part);
  }
  return entropy / Math.log(row.length);
}

/** Distance of a patch from what its row attends to, weighted by the attention among the patches; 0 where there is none. */
export function rowDistance(row: ArrayLike<number>, patch: number, { prefix, grid }: AttentionShape): number {
  const [rows, columns] = grid;
  const [y, x] = [Math.floor(patch / columns), patch % columns];
  let [sum, weight] = [0, 0];
  for (let i = 0; i < rows * columns; i++) {
    const part = row[prefix + i];
    weight += part;
    sum += part * Math.hypot(Math.floor(i / columns) - y, (i % columns) - x);
  }
  return weight > 0 ? sum / weight / Math.max(rows, columns) : 0;
}

/**
 * Means over all tokens as queries of the entropy, and over all patches as queries of the distance (the mean attention distance of
 * Dosovitskiy et al. 2021, arXiv 2010.11929, figure 7, in shares of the picture).
 *
 * @param data `[heads, tokens, tokens]`, rows sum to 1
 */
export function headNumbers(data: Float32Array, shape: AttentionShape): HeadNumbers[] {
  const tokens = tokensOfShape(shape);
  return Array.from({ length: shape.heads }, (_, head) => {
    let [entropy, distance] = [0, 0];
    for (let token = 0; token < tokens; token++) {
      const row = rowOf(data, tokens, head, token);
      entropy += rowEntropy(row);
      if (token >= shape.prefix) distance += rowDistance(row, token - shape.prefix, shape);
    }
    return { entropy: entropy / tokens, distance: distance / (tokens - shape.prefix) };
  });
}

function rowOf(data: Float32Array, tokens: number, head: number, token: number): Float32Array {
  const start = (head * tokens + token) * tokens;
  return data.subarray(start, start + tokens);
}

/** The rows of one query at every head, `[heads, tokens]`; of all patches together for {@link meanQuery}. */
export function queryRows(data: Float32Array, shape: AttentionShape, query: number): Float32Array {
  const tokens = tokensOfShape(shape);
  const out = new Float32Array(shape.heads * tokens);
  for (let head = 0; head < shape.heads; head++) {
    const row = query < tokens ? rowOf(data, tokens, head, query) : meanRow(data, shape, head);
    out.set(row, head * tokens);
  }
  return out;
}

function meanRow(data: Float32Array, shape: AttentionShape, head: number): Float32Array {
  const tokens = tokensOfShape(shape);
  const sum = new Float64Array(tokens);
  for (let token = shape.prefix; token < tokens; token++) {
    const row = rowOf(data, tokens, head, token);
    for (let i = 0; i < tokens; i++) sum[i] += row[i];
  }
  return Float32Array.from(sum, (value) => value / (tokens - shape.prefix));
}
