import { dotRow } from "../../numeric";

/** Features of two images in one space, ready for dot products. */
export interface FeaturePair {
  channels: number;
  features: [Float32Array, Float32Array];
}

/** `F · q`: the dot product of one row with every row of `features`. Writes into `out` if given. */
export function similarityRow(
  query: Float32Array,
  features: Float32Array,
  out: Float32Array = new Float32Array(features.length / query.length),
): Float32Array {
  dotRow(query, 0, features, query.length, out);
  return out;
}
