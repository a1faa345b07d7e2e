import type { Analysis } from "../onnx/inspect";
import { stemGrid, stemStride } from "../onnx/stem";
import { EncoderError } from "./errors";

/** Token layout, for graphs that do not determine it. */
export interface TokenOptions {
  /** Pixels between neighbouring tokens. Default: derived from the graph. */
  patchSize?: number;
  /** Number of class and register tokens before the patch tokens. Default: derived from the graph. */
  prefixTokens?: number;
}

/** Layout of one layer's tokens over the model's input. */
export interface TokenLayout {
  /** Grid size, `[rows, columns]`. */
  grid: [number, number];
  /** Pixels between neighbouring tokens, `[vertical, horizontal]`. */
  stride: [number, number];
  /** Number of class and register tokens before the patch tokens. */
  prefixTokens: number;
  channels: number;
  /** True for a stream `[B, C, H, W]`, false for `[B, N, C]` or `[B, H, W, C]`. */
  channelsFirst: boolean;
}

/** Limit of class and register tokens, above every published model. */
const MAX_PREFIX = 64;

/** Most times that the stages of a hierarchical model halve the grid. */
const MAX_HALVINGS = 6;

/**
 * Returns the grid of the first tokens and their stride, from the windows between image and tokens or from `patchSize`.
 */
export function baseGrid(
  { steps }: Analysis,
  [height, width]: [number, number],
  patchSize: number | undefined,
): Pick<TokenLayout, "grid" | "stride"> {
  if (!patchSize && steps.length) return { grid: stemGrid(steps, height, width), stride: stemStride(steps) };
  const stride = patchSize ?? 1;
  return { grid: [Math.floor(height / stride), Math.floor(width / stride)], stride: [stride, stride] };
}

/**
 * Finds the layout of a stream of shape `dims`: the base grid, or that grid halved some times. The rest of N in
 * `[B, N, C]` are prefix tokens.
 *
 * @throws EncoderError when the numbers do not fit each other
 */
export function findLayout(
  fn: string,
  dims: readonly number[],
  base: Pick<TokenLayout, "grid" | "stride">,
  options: TokenOptions & { channelsFirst: boolean },
): TokenLayout {
  for (let k = 0; k <= MAX_HALVINGS; k++) {
    const scale = 2 ** k;
    const grid: [number, number] = [Math.ceil(base.grid[0] / scale), Math.ceil(base.grid[1] / scale)];
    const fit = dims.length === 4 ? fitImage(dims, grid, options.channelsFirst) : fitTokens(dims, grid, k, options);
    if (fit) return { ...fit, grid, stride: [base.stride[0] * scale, base.stride[1] * scale] };
  }
  const prefix = options.prefixTokens === undefined ? "" : ` and ${options.prefixTokens} prefix tokens`;
  const rule = `patchSize and prefixTokens must account for a stream of [${dims.join(", ")}]`;
  throw new EncoderError(fn, rule, `${base.grid.join(" x ")} patches${prefix}`);
}

type Fit = Pick<TokenLayout, "prefixTokens" | "channels" | "channelsFirst">;

/** Chooses `[B, H, W, C]` or `[B, C, H, W]` by the grid; where both fit, the order of the kind of network. */
function fitImage(dims: readonly number[], [rows, columns]: [number, number], preferFirst: boolean): Fit | null {
  const first = dims[2] === rows && dims[3] === columns;
  const last = dims[1] === rows && dims[2] === columns;
  if (!first && !last) return null;
  const channelsFirst = first && (preferFirst || !last);
  return { prefixTokens: 0, channels: channelsFirst ? dims[1] : dims[3], channelsFirst };
}

function fitTokens(
  dims: readonly number[],
  [rows, columns]: [number, number],
  halvings: number,
  options: TokenOptions,
): Fit | null {
  if (dims.length !== 3) return null;
  const prefixTokens = dims[1] - rows * columns;
  const known = options.prefixTokens === undefined || options.prefixTokens === prefixTokens;
  // A halved grid would leave room for any number of prefix tokens, but hierarchical models have none.
  const legal = halvings ? prefixTokens === 0 : prefixTokens >= 0 && prefixTokens <= MAX_PREFIX;
  return known && legal ? { prefixTokens, channels: dims[2], channelsFirst: false } : null;
}
