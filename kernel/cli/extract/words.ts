/** Values of the options of `fovea extract`. */
import type { FeatureLevel } from "../../features";

/**
 * Returns levels, null for all; `undefined` for an absent option.
 *
 * @throws Error for another text
 */
export function indicesOf(text: string | undefined): FeatureLevel[] | null | undefined {
  if (text === undefined) return undefined;
  if (text === "all") return null;
  const indices = text.split(",").map((part) => levelOf(part.trim()));
  if (indices.some((index) => index !== "stem" && !Number.isInteger(index)))
    throw new Error(`extract: --indices must be all, or whole numbers and stem, received ${JSON.stringify(text)}`);
  return indices;
}

const levelOf = (text: string): FeatureLevel => (text === "stem" ? "stem" : text === "" ? NaN : Number(text));

/**
 * Returns a whole number of at least `least`; `undefined` for an absent option.
 *
 * @throws Error for another text
 */
export function countOf(name: string, text: string | undefined, least = 1): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text) && Number(text) >= least) return Number(text);
  throw new Error(`extract: --${name} must be a whole number of at least ${least}, received ${JSON.stringify(text)}`);
}

/** Returns a pooling as the library takes it: a number where it is one. */
export const poolOf = (text: string | undefined): string | number | undefined =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : text;
