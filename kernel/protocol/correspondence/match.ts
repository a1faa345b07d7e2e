/**
 * The arithmetic of a correspondence query. The kernel uses it for the fallback picture and its text, the viewer for every
 * hover, so that both say the same. All features are `[N, C]`, row-major.
 */

/** What the heat-map shows: `cosine` is raw, `centered` is the cosine after the image's mean token is taken away. */
export type Similarity = "cosine" | "centered" | "softmax";
export const SIMILARITIES: readonly Similarity[] = ["cosine", "centered", "softmax"];

const EPSILON = 1e-10;

/** A copy with rows of unit length, `x / (|x| + 1e-10)`: a zero row stays zero. */
export function unitRows(features: Float32Array, channels: number): Float32Array {
  const out = new Float32Array(features.length);
  for (let start = 0; start < features.length; start += channels) {
    let sum = 0;
    for (let c = start; c < start + channels; c++) sum += features[c] * features[c];
    const scale = 1 / (Math.sqrt(sum) + EPSILON);
    for (let c = start; c < start + channels; c++) out[c] = features[c] * scale;
  }
  return out;
}

/** A copy without the mean row of the image. */
export function centeredRows(features: Float32Array, channels: number): Float32Array {
  const count = features.length / channels;
  const mean = new Float64Array(channels);
  for (let i = 0; i < features.length; i++) mean[i % channels] += features[i] / count;
  return features.map((value, i) => value - mean[i % channels]);
}

/** `F · q`: the dot product of one row with every row of `features`. Writes into `out` if given. */
export function similarityRow(
  query: Float32Array,
  features: Float32Array,
  out: Float32Array = new Float32Array(features.length / query.length),
): Float32Array {
  const channels = query.length;
  for (let n = 0, at = 0; n < out.length; n++) {
    let dot = 0;
    for (let c = 0; c < channels; c++) dot += query[c] * features[at++];
    out[n] = dot;
  }
  return out;
}

/** `softmax(values / temperature)`, computed without overflow. */
export function softmax(values: Float32Array, temperature: number): Float32Array {
  const top = values[argmax(values)];
  const out = values.map((value) => Math.exp((value - top) / temperature));
  const sum = out.reduce((total, value) => total + value, 0);
  return out.map((value) => value / sum);
}

/** Index of the first largest value; `NaN` never wins. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best] || Number.isNaN(values[best])) best = i;
  return best;
}

/** Indices of the `count` largest values, best first. */
export function topIndices(values: ArrayLike<number>, count: number): number[] {
  const order = Array.from(values, (_, index) => index).sort((a, b) => values[b] - values[a]);
  return order.slice(0, count);
}

export function row(features: Float32Array, channels: number, index: number): Float32Array {
  return features.subarray(index * channels, (index + 1) * channels);
}

/** Features of two images in one space, ready for dot products. */
export interface FeaturePair {
  channels: number;
  features: [Float32Array, Float32Array];
}

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
