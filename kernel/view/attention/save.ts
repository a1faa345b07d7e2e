import { meanQuery, queryRows, tokensOfShape, type AttentionShape } from "../../protocol/attention/arithmetic";
import { saveRows, type SavedRows } from "../../protocol/attention/payload";
import type { LayerAttention } from "./source";

/** Bytes of saved rows before base64: for a lattice of patches at the layer shown first, and for the queries of all layers. */
const [LATTICE_BYTES, QUERY_BYTES] = [90_000, 60_000];

/** Patches on every `step`-th row and column of the grid, as tokens; the finest lattice that fits. */
export function latticeQueries(shape: AttentionShape, bytes: number): number[] {
  const [rows, columns] = shape.grid;
  const most = Math.floor(bytes / (shape.heads * tokensOfShape(shape)));
  for (let step = 1; step <= Math.max(rows, columns); step++) {
    const along = (length: number): number[] =>
      Array.from({ length: Math.ceil(length / step) }, (_, i) => Math.min(length - 1, i * step + Math.floor(step / 2)));
    const [down, across] = [[...new Set(along(rows))], [...new Set(along(columns))]];
    if (down.length * across.length <= most)
      return down.flatMap((row) => across.map((column) => shape.prefix + row * columns + column));
  }
  return [];
}

/** Queries that every layer is saved with: the prefix tokens, and the mean over the patches. */
export function overviewQueries(shape: AttentionShape): number[] {
  return [...Array.from({ length: shape.prefix }, (_, i) => i), meanQuery(shape)];
}

/** Choice of the rows that a notebook saves, within its bytes. */
export class SavePlan {
  readonly saved: SavedRows[] = [];
  private left = QUERY_BYTES;

  /** Saves an overview of a layer where there is room; the layer shown first also gets its first query and a lattice of patches. */
  add(picture: number, layer: number, { data, shape }: LayerAttention, first?: number): void {
    const queries = new Set(this.overview(shape));
    if (first !== undefined) for (const query of [first, ...latticeQueries(shape, LATTICE_BYTES)]) queries.add(query);
    if (queries.size) this.saved.push(savedRows(picture, layer, [...queries], data, shape));
  }

  /** All queries of an overview, or its ends, or none. */
  private overview(shape: AttentionShape): number[] {
    const all = overviewQueries(shape);
    const size = shape.heads * tokensOfShape(shape);
    const found = [all, all.filter((_, i) => i === 0 || i === all.length - 1)].find(
      (some) => size * some.length <= this.left,
    );
    this.left -= size * (found?.length ?? 0);
    return found ?? [];
  }
}

function savedRows(
  picture: number,
  layer: number,
  queries: number[],
  data: Float32Array,
  shape: AttentionShape,
): SavedRows {
  const tokens = tokensOfShape(shape);
  const rows = new Float32Array(queries.length * shape.heads * tokens);
  queries.forEach((query, i) => rows.set(queryRows(data, shape, query), i * shape.heads * tokens));
  return { picture, layer, queries, ...saveRows(rows, tokens) };
}
