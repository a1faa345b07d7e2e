import { tokenRow, type AlignmentPayload } from "fovea/protocol";
import { call, Raw } from "../export";
import type { AlignmentState } from "./state";
import type { AlignmentAnswer } from "./values";

/** The values on screen: those of the token, and of the patch, under the chosen normalisation. */
export function exportData(payload: AlignmentPayload, state: AlignmentState, answer: AlignmentAnswer): object {
  const { labels } = payload.tokens;
  const { normalization, temperature } = state;
  const matrix = labels.map((_, t) => [...tokenRow(answer.matrix, t)].map((value) => Number(value.toPrecision(6))));
  return {
    encoder: payload.encoder,
    values: { normalization, ...(normalization === "cosine" ? {} : { temperature }) },
    approximate: payload.reduced !== undefined,
    grid: payload.placement.grid,
    ...{ token: state.token, patch: state.patch, best: payload.best, tokens: labels, matrix },
  };
}

/** `view.alignment(…)` with the choices on screen. The features are those of the notebook, under the names of the documentation. */
export function exportCode(payload: AlignmentPayload, state: AlignmentState): string {
  const tokens = payload.tokens.image ? "{ image: reference, map }" : "{ labels, data }";
  return `await ${call("view.alignment", [new Raw(`{ image, patches, tokens: ${tokens} }`)], {
    title: payload.title || undefined,
    encoder: payload.encoder || undefined,
    token: state.token,
    normalization: state.normalization,
    temperature: state.normalization === "cosine" ? undefined : state.temperature,
    ...{ scale: state.scale, colormap: state.colormap, opacity: state.opacity },
  })}`;
}
