import { type RefinementPayload, type RefinementValues, tokenPlace } from "fovea/protocol";
import { call, cell, comment, Raw } from "../export";
import { activeToken, type RefinementState } from "./state";

/** The measures of every stage, and the token on screen. */
export function exportData(payload: RefinementPayload, values: RefinementValues, state: RefinementState): object {
  const { stages, words, measures, layers, ratio } = payload;
  const token = activeToken(state);
  const way = stages.map((stage, s) => {
    const { word, distance } = values.nearest(s, token);
    return { stage, place: values.token(s, token), nearest: words[word], distance };
  });
  return { stages, stage: stages[state.stage], measures, layers, ratio, token: { ...tokenPlace(payload, token), way } };
}

/** A cell that shows the view again at the stage on screen. */
export function exportCode({ stages, title }: RefinementPayload, state: RefinementState): string {
  const options = { title: title || undefined, stage: stages[state.stage] };
  return cell(
    ["view"],
    [
      comment("record comes from the notebook: record = await refine.record({ plan, pictures, preprocess, words })"),
      `await ${call("view.refinement", [new Raw("record")], options)}`,
    ],
  );
}
