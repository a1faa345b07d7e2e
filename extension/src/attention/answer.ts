import {
  argmax,
  attentionEnds,
  type AttentionPayload,
  type AttentionShape,
  rowDistance,
  rowEntropy,
  shapeOf,
  sum,
  tokensOfShape,
} from "fovea/protocol";
import { patchOf, shownQuery, type AttentionState } from "./state";
import type { RowStore } from "./store";

/** Answer of one head to the query. */
export interface HeadAnswer {
  /** Attention to every patch. */
  map: Float32Array;
  /** Upper end of its colors; the lower one is 0. */
  end: number;
  best: number;
  /** Attention to class and register tokens together. */
  prefix: number;
  entropy: number;
  /** From the query's patch, in shares of the longer side; `undefined` for a query without a place. */
  distance?: number;
}

/** All that one query shows. */
export interface AttentionAnswer {
  shape: AttentionShape;
  /** The query asked for, and the one that the rows belong to. */
  query: number;
  found: number;
  isSaved: boolean;
  heads: HeadAnswer[];
}

/** Answers a state from the rows at hand; `undefined` where there are none. */
export function answerState(
  payload: AttentionPayload,
  store: RowStore,
  state: AttentionState,
): AttentionAnswer | undefined {
  const shape = shapeOf(payload, state.layer);
  const query = shownQuery(state);
  const found = store.find(state.picture, state.layer, query);
  if (!found) return undefined;
  const tokens = tokensOfShape(shape);
  const ends = attentionEnds(found.rows, shape, state.scale);
  const patch = patchOf(shape, found.query);
  const heads = ends.map((end, head): HeadAnswer => {
    const row = found.rows.subarray(head * tokens, (head + 1) * tokens);
    const map = row.subarray(shape.prefix);
    const prefix = sum(row.subarray(0, shape.prefix));
    const away = patch === undefined ? {} : { distance: rowDistance(row, patch, shape) };
    return { map, end, best: argmax(map), prefix, entropy: rowEntropy(row), ...away };
  });
  return { shape, query, found: found.query, isSaved: found.isSaved, heads };
}
