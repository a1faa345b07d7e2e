/** Arithmetic on rows of features, `[N, C]` row-major. */

/** Features of two images in one space, ready for dot products. */
export interface FeaturePair {
  channels: number;
  features: [Float32Array, Float32Array];
}

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
