import type { NormParameters } from "../onnx/norms";

/**
 * Normalises every token in place over its channels: `y = (x - mean) / √(var + ε) · scale + bias`, with sums in double
 * precision; `rms` has neither mean nor bias.
 *
 * @param tokens `[…, C]` row-major
 */
export function applyNorm(tokens: Float32Array, channels: number, norm: NormParameters): void {
  for (let start = 0; start < tokens.length; start += channels)
    normToken(tokens.subarray(start, start + channels), norm);
}

function normToken(token: Float32Array, { kind, epsilon, scale, bias }: NormParameters): void {
  const mean = kind === "layer" ? sum(token, (x) => x) / token.length : 0;
  const variance = sum(token, (x) => (x - mean) * (x - mean)) / token.length;
  const factor = 1 / Math.sqrt(variance + epsilon);
  for (let c = 0; c < token.length; c++)
    token[c] = (token[c] - mean) * factor * (scale ? scale[c] : 1) + (bias ? bias[c] : 0);
}

function sum(values: Float32Array, of: (x: number) => number): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += of(values[i]);
  return total;
}
