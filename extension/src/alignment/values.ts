import {
  argmax,
  heatRange,
  normalizeMatrix,
  patchColumn,
  savedMatrix,
  tokenRow,
  type AlignmentPayload,
  type Normalization,
  type TokenMatrix,
} from "fovea/protocol";
import { shownPatch, shownToken, type AlignmentState } from "./state";

/** All values of a view, under the normalisation on screen. */
export class AlignmentValues {
  readonly cosines: TokenMatrix;

  constructor(payload: AlignmentPayload) {
    this.cosines = savedMatrix(payload);
  }

  /** The matrix of a state; computed once for each normalisation and temperature. */
  matrix({ normalization, temperature }: Pick<AlignmentState, "normalization" | "temperature">): TokenMatrix {
    const key = `${normalization} ${normalization === "cosine" ? "" : temperature}`;
    let matrix = this.known.get(key);
    if (!matrix) this.known.set(key, (matrix = normalizeMatrix(this.cosines, normalization, temperature)));
    return matrix;
  }

  private readonly known = new Map<string, TokenMatrix>();
}

/** All that the token and the patch on screen show. */
export interface AlignmentAnswer {
  matrix: TokenMatrix;
  token: number;
  patch: number;
  /** Values of the token on every patch, and of the patch on every token. */
  row: Float32Array;
  column: Float32Array;
  bestPatch: number;
  bestToken: number;
  value: number;
  /** One scale for rows and columns. */
  range: [min: number, max: number];
}

export function answerState(values: AlignmentValues, state: AlignmentState): AlignmentAnswer {
  const matrix = values.matrix(state);
  const [token, patch] = [shownToken(state), shownPatch(state)];
  const [row, column] = [tokenRow(matrix, token), patchColumn(matrix, patch)];
  return {
    matrix,
    token,
    patch,
    row,
    column,
    bestPatch: argmax(row),
    bestToken: argmax(column),
    value: row[patch],
    range: heatRange(kindOf(state.normalization), state.scale, matrix.values),
  };
}

function kindOf(normalization: Normalization): "cosine" | "softmax" {
  return normalization === "cosine" ? "cosine" : "softmax";
}
