import { type Analysis, stemGrid, stemStride } from "../onnx";
import { EncoderError } from "./errors";

/** What a caller may say about the tokens, where the graph does not tell. */
export interface TokenOptions {
  /** Pixels between neighbouring tokens. */
  patchSize?: number;
  /** Class and register tokens before the patch tokens. */
  prefixTokens?: number;
}

/** How a model lays tokens over its input. */
export interface TokenLayout {
  /** `[rows, columns]`. */
  grid: [number, number];
  /** Pixels between neighbouring tokens, `[vertical, horizontal]`. */
  stride: [number, number];
  prefixTokens: number;
  channels: number;
}

/** More class and register tokens than any published model has. */
const MAX_PREFIX = 64;

/**
 * Where the tokens of a stream `[B, N, C]` lie: the grid from the strides between image and tokens, and what is left of N
 * are prefix tokens.
 *
 * @param dims of the stream before the first block
 * @throws EncoderError when the numbers do not fit each other
 */
export function findLayout(
  fn: string,
  analysis: Analysis,
  inputSize: [number, number],
  dims: number[],
  options: TokenOptions,
): TokenLayout {
  const [height, width] = inputSize;
  const { steps } = analysis;
  const stride: [number, number] = options.patchSize ? [options.patchSize, options.patchSize] : stemStride(steps);
  const fromStem = !options.patchSize && steps.length > 0;
  const grid: [number, number] = fromStem
    ? stemGrid(steps, height, width)
    : [Math.floor(height / stride[0]), Math.floor(width / stride[1])];
  if (dims.length !== 3) throw new EncoderError(fn, "the residual stream must be [B, N, C]", dims);
  const [, tokens, channels] = dims;
  const prefixTokens = options.prefixTokens ?? tokens - grid[0] * grid[1];
  const fits = prefixTokens >= 0 && prefixTokens <= MAX_PREFIX && prefixTokens + grid[0] * grid[1] === tokens;
  if (!fits)
    throw new EncoderError(
      fn,
      `patchSize and prefixTokens must account for ${tokens} tokens at ${height} x ${width} pixels`,
      `${grid.join(" x ")} patches and ${prefixTokens} prefix tokens`,
    );
  return { grid, stride, prefixTokens, channels };
}
