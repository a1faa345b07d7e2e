import { centeredRows, unitRows } from "../../numeric";
import { checkArguments } from "../../rules/arguments";
import { LawError } from "../error";

/**
 * Returns a copy of tokens without a row (for the Law of Vision Representation, arXiv 2408.16357).
 *
 * @param tokens `[N, channels]`
 * @param channels number of channels of a token
 * @param mean row to take away, `[channels]`; default the mean of the tokens
 * @throws LawError for channels that are no whole number, or of which neither `tokens` nor `mean` is made
 */
export function centerTokens(tokens: Float32Array, channels: number, mean?: Float64Array): Float32Array {
  const where = "law.centerTokens";
  checkRows(where, tokens, channels);
  if (mean === undefined) return centeredRows(tokens, channels);
  checkArguments(where, LawError, { mean }, { mean: "list" });
  if (mean.length !== channels) throw new LawError(where, `mean must have ${channels} channels`, mean.length);
  return centeredRows(tokens, channels, mean);
}

/**
 * Returns a copy of tokens of unit length, `x / (|x| + 1e-10)` (for the Law of Vision Representation, arXiv 2408.16357); a token of
 * zeros stays.
 *
 * @param tokens `[N, channels]`
 * @param channels number of channels of a token
 * @throws LawError for channels that are no whole number, or of which `tokens` is not made
 */
export function normalizeTokens(tokens: Float32Array, channels: number): Float32Array {
  checkRows("law.normalizeTokens", tokens, channels);
  return unitRows(tokens, channels);
}

function checkRows(where: string, tokens: Float32Array, channels: number): void {
  checkArguments(where, LawError, { tokens, channels }, { tokens: "list", channels: "size" });
  if (tokens.length % channels !== 0)
    throw new LawError(where, `tokens must be whole rows of ${channels} channels`, tokens.length);
}
