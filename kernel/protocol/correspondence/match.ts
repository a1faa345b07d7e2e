import { argmax, centeredRows, row, unitRows } from "../../numeric";
import { similarityRow, type FeaturePair } from "../core/quantize";
import type { Similarity } from "../core/scale";

/**
 * The arithmetic of a correspondence query. The kernel uses it for the fallback picture and its text, the viewer for every
 * hover, so that both say the same. All features are `[N, C]`, row-major.
 */

export interface MatchResult {
  /** Similarity of the query with every patch of the other image. */
  scores: Float32Array;
  /** The best patch of the other image. */
  best: number;
  /** The best patch of that one, back in the query's image. */
  back: number;
  /** Best and query are each other's nearest neighbours. */
  mutual: boolean;
}

/** One query: patch `patch` of image `side` against the other image, and back. */
export function matchPatch(pair: FeaturePair, side: 0 | 1, patch: number): MatchResult {
  const from = pair.features[side];
  const to = pair.features[side === 0 ? 1 : 0];
  const scores = similarityRow(row(from, pair.channels, patch), to);
  const best = argmax(scores);
  const back = argmax(similarityRow(row(to, pair.channels, best), from));
  return { scores, best, back, mutual: back === patch };
}

/** The pair in the space of a similarity: unit rows as they are, or centred and made unit again. */
export function similaritySpace(pair: FeaturePair, similarity: Similarity): FeaturePair {
  if (similarity !== "centered") return pair;
  const prepare = (features: Float32Array): Float32Array =>
    unitRows(centeredRows(features, pair.channels), pair.channels);
  return { channels: pair.channels, features: [prepare(pair.features[0]), prepare(pair.features[1])] };
}
