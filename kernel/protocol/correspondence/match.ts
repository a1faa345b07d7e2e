import { argmax, centeredRows, meanRow, row, unitRows } from "../../numeric";
import { similarityRow, type FeaturePair, type FeatureSet } from "../core/quantize";
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
  const query = row(pair.features[side], pair.channels, patch);
  return matchRow(pair, side, query, patch);
}

/**
 * One query in a set: row `at` of image `from`, a patch or a token behind the patches, against the patches of image `to`. A token is
 * nobody's nearest patch, so that its match is never mutual.
 */
export function matchIn(set: FeatureSet, from: number, to: number, at: number): MatchResult {
  return matchRow(patchPair(set, from, to), 0, row(set.features[from], set.channels, at), at);
}

function matchRow({ channels, features }: FeaturePair, side: 0 | 1, query: Float32Array, at: number): MatchResult {
  const [from, to] = side === 0 ? features : [features[1], features[0]];
  const scores = similarityRow(query, to);
  const best = argmax(scores);
  const back = argmax(similarityRow(row(to, channels, best), from));
  return { scores, best, back, mutual: back === at };
}

/** The patches of one image of a set, `[N, channels]`, without its class and register tokens. */
export function patchRows({ channels, features, prefix = 0 }: FeatureSet, image: number): Float32Array {
  return features[image].subarray(0, features[image].length - prefix * channels);
}

/** The patches of two images of a set. */
export function patchPair(set: FeatureSet, from: number, to: number): FeaturePair {
  return { channels: set.channels, features: [patchRows(set, from), patchRows(set, to)] };
}

/** A set in the space of a similarity: unit rows as they are, or centered on the mean patch of their image and made unit again. */
export function similaritySpace(set: FeatureSet, similarity: Similarity): FeatureSet {
  if (similarity !== "centered") return set;
  const { channels } = set;
  const prepare = (features: Float32Array, image: number): Float32Array =>
    unitRows(centeredRows(features, channels, meanRow(patchRows(set, image), channels)), channels);
  return { ...set, features: set.features.map(prepare) };
}
