/** Pooling of a picture's tokens before they are stored. */
import type { Encoder } from "../encoders/encoder";
import type { FeatureMap } from "../encoders/feature-map";
import { meanRow } from "../numeric";
import { FeatureError } from "./error";
import { levelName } from "./levels";
import type { Pool } from "./run-identity";

/** Pooling as it is asked for: {@link Pool}, or the number of cells in rows and columns. */
export type PoolOption = Pool | `${number}x${number}`;

const RULE = "pool must be a whole number of at least 1, mean, cls, or cells as 4x4";

/**
 * Returns the pooling of an encoder's layers.
 *
 * @throws FeatureError for a pooling that the grid of a layer cannot have
 */
export function poolOf(fn: string, encoder: Encoder, layers: readonly number[], option: PoolOption = 1): Pool {
  if (option === "mean") return option;
  if (option === "cls") {
    if (encoder.info.prefixTokens > 0) return option;
    throw new FeatureError(fn, `${encoder.name} has no class token, pool must not be cls`, option);
  }
  const grids = layers.map((layer) => encoder.gridOf(Math.max(0, layer)));
  const pool = typeof option === "number" ? option : sideOf(fn, option, grids);
  if (!Number.isInteger(pool) || pool < 1) throw new FeatureError(fn, RULE, option);
  grids.forEach(([rows, columns], i) => {
    if (rows % pool || columns % pool)
      throw new FeatureError(
        fn,
        `pool must divide the grid ${rows} x ${columns} of layer ${levelName(layers[i])}`,
        pool,
      );
  });
  return pool;
}

/** Returns the side of the cells, which are squares of the same size at each layer. */
function sideOf(fn: string, option: string, grids: readonly (readonly [rows: number, columns: number])[]): number {
  const [, rows, columns] = (/^([1-9]\d*)x([1-9]\d*)$/.exec(String(option)) ?? []).map(Number);
  if (!rows) throw new FeatureError(fn, RULE, option);
  const side = grids[0][0] / rows;
  if (Number.isInteger(side) && grids.every((grid) => grid[0] === side * rows && grid[1] === side * columns))
    return side;
  const held = grids.map((grid) => grid.join(" x ")).join(", ");
  throw new FeatureError(fn, `cells of pool must be squares of whole tokens, layers have ${held}`, option);
}

/** Returns a pooling in words. */
export const poolWords = (pool: Pool): string =>
  typeof pool === "number" ? `mean of ${pool} x ${pool} tokens` : pool === "cls" ? "class token" : "mean of all tokens";

/** Returns one image's tokens, `[N, C]` row-major, as they are stored. @param map `NLC` */
export function pooledTokens(map: FeatureMap, index: number, pool: Pool): Float32Array {
  if (pool === 1) return map.tokens(index);
  if (pool === "cls") return classToken(map, index);
  if (pool === "mean") return Float32Array.from(meanRow(map.tokens(index), map.channels));
  const [rows, columns] = map.grid;
  return pooled(map.tokens(index), [rows / pool, columns / pool], pool);
}

function classToken({ prefixTokens, layer, channels }: FeatureMap, index: number): Float32Array {
  if (!prefixTokens) throw new FeatureError("features.extract", `${levelName(layer)} has no class token`, "cls");
  const start = index * prefixTokens.dims[1] * channels;
  return prefixTokens.data.subarray(start, start + channels);
}

/**
 * Means over squares of neighboring tokens.
 *
 * @param tokens [rows · pool · columns · pool, channels]
 * @param grid rows and columns of the result
 * @returns [rows · columns, channels]
 */
export function pooled(
  tokens: Float32Array,
  [rows, columns]: readonly [rows: number, columns: number],
  pool: number,
): Float32Array {
  const channels = tokens.length / (rows * columns * pool ** 2);
  const result = new Float32Array(rows * columns * channels);
  for (let from = 0; from < tokens.length / channels; from++) {
    const [row, column] = [Math.floor(from / (columns * pool)), from % (columns * pool)];
    const to = Math.floor(row / pool) * columns + Math.floor(column / pool);
    for (let c = 0; c < channels; c++) result[to * channels + c] += tokens[from * channels + c] / pool ** 2;
  }
  return result;
}
