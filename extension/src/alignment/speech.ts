import type { AlignmentPayload, Normalization } from "fovea/protocol";
import type { Translate } from "../parts/translate";
import type { AlignmentState } from "./state";
import type { AlignmentAnswer } from "./values";

/** A name that a list and a sentence can both use. */
export function normalizationName(trans: Translate, normalization: Normalization): string {
  switch (normalization) {
    case "cosine":
      return trans.__("Cosine");
    case "patches":
      return trans.__("Softmax over patches");
    case "tokens":
      return trans.__("Softmax over tokens");
    default:
      return normalization satisfies never;
  }
}

/** Row and column of a patch, from one. */
function place(trans: Translate, patch: number, columns: number): string {
  return trans.__("row %1, column %2", Math.floor(patch / columns) + 1, (patch % columns) + 1);
}

/** `Token 2, "bird": best patch row 3, column 4, 0.31. Patch row 3, column 4: 0.31 with this token, best token "bird", 0.31.` */
export function sayAlignment(trans: Translate, payload: AlignmentPayload, answer: AlignmentAnswer): string {
  const { labels } = payload.tokens;
  const columns = payload.placement.grid[1];
  const { token, patch, row, column, bestPatch, bestToken, value } = answer;
  const first = trans.__(
    "Token %1, “%2”: best patch %3, %4.",
    token + 1,
    labels[token],
    place(trans, bestPatch, columns),
    valueText(row[bestPatch]),
  );
  const second = trans.__(
    "Patch %1: %2 with this token, best token “%3”, %4.",
    place(trans, patch, columns),
    valueText(value),
    labels[bestToken],
    valueText(column[bestToken]),
  );
  return `${first} ${second}`;
}

/** Three digits for cosines, more for a softmax over many. */
export function valueText(value: number): string {
  const text = Math.abs(value) >= 0.0995 || value === 0 ? value.toFixed(3) : String(Number(value.toPrecision(2)));
  return text.replace("-", "−");
}

/** Explains what is computed, and what it must not be taken for. */
export function sayCaption(trans: Translate, payload: AlignmentPayload, state: AlignmentState): string {
  const [rows, columns] = payload.placement.grid;
  const kind = payload.tokens.image ? trans.__("reference tokens") : trans.__("text tokens");
  const count = payload.tokens.labels.length;
  const means = trans.__(
    "Mean over patches of the best cosine with any token: %1; over tokens with any patch: %2.",
    ...payload.best.map((value) => value.toFixed(3).replace("-", "−")),
  );
  return `${sayNormalization(trans, state, rows * columns, count, kind)} ${means}`;
}

function sayNormalization(
  trans: Translate,
  { normalization, temperature }: AlignmentState,
  patches: number,
  tokens: number,
  kind: string,
): string {
  switch (normalization) {
    case "cosine":
      return trans.__("Cosine between %1 image patches and %2 %3: not a model's attention.", patches, tokens, kind);
    case "patches":
      return trans.__(
        "Softmax over the %1 patches of the cosine with each of %2 %3, temperature %4: a token's values sum to one. Not a model's attention.",
        patches,
        tokens,
        kind,
        temperature,
      );
    case "tokens":
      return trans.__(
        "Softmax over the %2 %3 of the cosine with each of %1 patches, temperature %4: a patch's values sum to one. Not a model's attention.",
        patches,
        tokens,
        kind,
        temperature,
      );
    default:
      return normalization satisfies never;
  }
}

/** Says how exact the values are. */
export function sayPrecision(trans: Translate, payload: AlignmentPayload): string {
  const { reduced, channels } = payload;
  if (!reduced) return trans.__("Saved in the notebook: every cosine, 8 bits each. No kernel is needed.");
  return trans.__(
    "Approximate: %1 of %2 dimensions, 8 bits, saved in the notebook. The means are of the full features.",
    reduced[0].dims,
    channels,
  );
}
