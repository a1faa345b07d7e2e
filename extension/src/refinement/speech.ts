import { numberText, type RefinementPayload, type RefinementValues, stageName, tokenPlace } from "fovea/protocol";
import { plural, type Translate } from "../parts/translate";
import { activeToken, type RefinementState } from "./state";

/** "Stage 2 fine alignment. Picture 3, row 2, column 5: nearest word red, distance 1.23, 4.56 at the start." */
export function sayToken(
  trans: Translate,
  payload: RefinementPayload,
  values: RefinementValues,
  state: RefinementState,
): string {
  const token = activeToken(state);
  const { picture, row, column } = tokenPlace(payload, token);
  const { word, distance } = values.nearest(state.stage, token);
  const where = trans.__("Picture %1, row %2, column %3", picture + 1, row + 1, column + 1);
  const near = trans.__("nearest word %1, distance %2", payload.words[word], numberText(distance));
  const kept = state.pinned ? ` ${trans.__("Kept.")}` : "";
  const stage = trans.__("Stage %1.", stageName(payload, state.stage));
  if (state.stage === 0) return `${stage} ${where}: ${near}.${kept}`;
  const start = values.nearest(0, token);
  const before = trans.__("%1, distance %2, at the start", payload.words[start.word], numberText(start.distance));
  return `${stage} ${where}: ${near}; ${before}.${kept}`;
}

/** Says how the picture is made. */
export function sayCaption(trans: Translate, { grid, words, measured, pictures }: RefinementPayload): string {
  const plane = trans.__(
    "Axes: the first two principal components of the tokens and words of all stages together; they stay as the stages pass.",
  );
  const shown =
    pictures.length < measured
      ? trans.__("%1 of %2 pictures are shown, the measures are of all", pictures.length, measured)
      : trans.__("%1 pictures", measured);
  const sizes = trans.__("%1 of %2 x %3 tokens, %4", shown, grid[0], grid[1], sayWords(trans, words.length));
  const intervals = trans.__("Nearest words and measures are those of the full space; intervals by the jackknife.");
  return `${plane} ${sizes}. ${intervals}`;
}

const sayWords = (trans: Translate, count: number): string => trans.__(plural(count, "%1 word", "%1 words"), count);

export function sayStatus(trans: Translate, { stages }: RefinementPayload): string {
  return trans.__("All %1 stages are saved in the notebook; no kernel is needed.", stages.length);
}
