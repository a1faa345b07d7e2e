import { counted, ENGLISH, intervalText } from "../../protocol/core/words";
import { measureName } from "../../protocol/refinement/figures";
import type { RefinementPayload } from "../../protocol/refinement/payload";

/** Describes the view in words: the content of the plane, and each measure over the stages. */
export function describeRefinement(payload: RefinementPayload): string {
  const { title, stages, measured, grid, words, measures, ratio } = payload;
  const about = `${counted(measured, "picture")} of ${grid.join(" x ")} tokens and ${counted(words.length, "word")}`;
  const shares = ratio.map((share) => `${Math.round(100 * share)} %`).join(" and ");
  return [
    `${title ? `${title}: ` : ""}refinement over ${stages.join(" → ")}; ${about}`,
    `two principal components of all stages hold ${shares} of the variance`,
    ...measures.map(({ name, values, halves }) => {
      const figures = values.map((value, s) => intervalText(value, halves[s]));
      return `  ${measureName(ENGLISH, name)}: ${figures.join(" → ")}`;
    }),
  ].join("\n");
}
