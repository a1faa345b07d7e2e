/** Settings of thinning, apart from its matrices, whose declarations every first cell of a notebook would read. */
import { LoraError } from "../error";

/** Kind of thinning. */
export type Thinning = (typeof THINNINGS)[number];

export const THINNINGS = ["ties", "dare_linear", "dare_ties", "magnitude_prune"] as const;

/** Options of thinning. */
export interface ThinningOptions {
  /**
   * Share of values kept, above 0 and up to 1, in each factor, or in each whole update for types ending in `_svd`.
   * Required by all types of `ties`, `dare_linear`, `dare_ties` and `magnitude_prune`. Default: none.
   */
  density?: number;
  /**
   * Election of a place's sign by `ties` and `dare_ties`, also with `_svd`: by the sum of the values or by the count of
   * their signs. Default `total`.
   */
  majoritySign?: "total" | "frequency";
  /** Seed of the `dare` types, which drop values at random. Default 0. */
  seed?: number;
}

/**
 * Checks the settings of a thinning.
 *
 * @throws LoraError for a setting out of its range
 */
export function checkThinning(fn: string, type: string, { density, majoritySign, seed = 0 }: ThinningOptions): void {
  if (!(density !== undefined && density > 0 && density <= 1))
    throw new LoraError(fn, `density of ${type} must be above 0 and at most 1`, density);
  if (majoritySign !== undefined && majoritySign !== "total" && majoritySign !== "frequency")
    throw new LoraError(fn, "majoritySign must be total or frequency", majoritySign);
  if (!(Number.isSafeInteger(seed) && seed >= 0))
    throw new LoraError(fn, "seed must be a whole number of at least 0", seed);
}
