import { base64Decode, base64Encode } from "../core/base64";
import { argmax, least, mean, most, row, softmax } from "../../numeric";
import { dequantize, similarityRow } from "../core/quantize";
import type { AlignmentPayload, Normalization, SavedCosines } from "./payload";

/** A `[tokens, patches]` matrix, row-major. */
export interface TokenMatrix {
  tokens: number;
  patches: number;
  values: Float32Array;
}

/** All dot products of unit rows: cosines. */
export function cosineMatrix(tokens: Float32Array, patches: Float32Array, channels: number): TokenMatrix {
  const [rows, columns] = [tokens.length / channels, patches.length / channels];
  const values = new Float32Array(rows * columns);
  for (let t = 0; t < rows; t++)
    similarityRow(row(tokens, channels, t), patches, values.subarray(t * columns, (t + 1) * columns));
  return { tokens: rows, patches: columns, values };
}

export function tokenRow({ patches, values }: TokenMatrix, token: number): Float32Array {
  return values.subarray(token * patches, (token + 1) * patches);
}

export function patchColumn({ tokens, patches, values }: TokenMatrix, patch: number): Float32Array {
  return Float32Array.from({ length: tokens }, (_, t) => values[t * patches + patch]);
}

/** The matrix under a normalisation. Softmax over patches makes rows sum to one, over tokens columns. */
export function normalizeMatrix(matrix: TokenMatrix, how: Normalization, temperature: number): TokenMatrix {
  switch (how) {
    case "cosine":
      return matrix;
    case "patches":
      return byRows(matrix, temperature);
    case "tokens":
      return byColumns(matrix, temperature);
    default:
      return how satisfies never;
  }
}

function byRows(matrix: TokenMatrix, temperature: number): TokenMatrix {
  const values = new Float32Array(matrix.values.length);
  for (let t = 0; t < matrix.tokens; t++) values.set(softmax(tokenRow(matrix, t), temperature), t * matrix.patches);
  return { ...matrix, values };
}

function byColumns(matrix: TokenMatrix, temperature: number): TokenMatrix {
  const values = new Float32Array(matrix.values.length);
  for (let p = 0; p < matrix.patches; p++)
    softmax(patchColumn(matrix, p), temperature).forEach((value, t) => (values[t * matrix.patches + p] = value));
  return { ...matrix, values };
}

/**
 * Means of the best cosine. Over patches with any token: the A score of the Law paper where patches are the target's tokens and
 * `tokens` the reference's (arXiv 2408.16357). Over tokens with any patch: the other direction.
 */
export function bestMeans(matrix: TokenMatrix): [patches: number, tokens: number] {
  const best = (values: Float32Array): number => values[argmax(values)];
  const meanOf = (length: number, at: (i: number) => number): number => mean(Array.from({ length }, (_, i) => at(i)));
  return [
    meanOf(matrix.patches, (p) => best(patchColumn(matrix, p))),
    meanOf(matrix.tokens, (t) => best(tokenRow(matrix, t))),
  ];
}

/** One byte a value, from the smallest to the largest of each token. */
export function saveCosines(matrix: TokenMatrix): SavedCosines {
  const bytes = new Uint8Array(matrix.values.length);
  const [low, high]: [number[], number[]] = [[], []];
  for (let t = 0; t < matrix.tokens; t++) {
    const values = tokenRow(matrix, t);
    const [min, max] = [least(values), most(values)];
    values.forEach(
      (value, p) => (bytes[t * matrix.patches + p] = Math.round(((value - min) / (max - min || 1)) * 255)),
    );
    low.push(Number(min.toPrecision(6)));
    high.push(Number(max.toPrecision(6)));
  }
  return { low, high, data: base64Encode(bytes) };
}

/** The cosines of a view, from the bytes or from reduced features. */
export function savedMatrix(payload: AlignmentPayload): TokenMatrix {
  const tokens = payload.tokens.labels.length;
  const patches = payload.placement.grid[0] * payload.placement.grid[1];
  const { cosines, reduced } = payload;
  if (reduced) return cosineMatrix(dequantize(reduced[1]), dequantize(reduced[0]), reduced[0].dims);
  if (!cosines) return { tokens, patches, values: new Float32Array(tokens * patches) };
  const bytes = base64Decode(cosines.data);
  const values = Float32Array.from(bytes, (byte, i) => {
    const t = Math.floor(i / patches);
    return cosines.low[t] + (byte / 255) * (cosines.high[t] - cosines.low[t]);
  });
  return { tokens, patches, values };
}
