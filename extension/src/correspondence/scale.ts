import type { Scale } from "../panes";
import type { Translate } from "../parts/translate";
import type { Answer } from "./query";
import type { ViewState } from "./state";

/** The scale of the heat-map, its needle at the value under the pointer, else at the best match. */
export function answerScale(
  trans: Translate,
  state: ViewState,
  answer: Answer | undefined,
  probed: number | undefined,
): Scale | undefined {
  if (!answer) return undefined;
  const value = probed === undefined ? answer.score : answer.values[probed];
  const { colormap, range } = answer;
  return {
    colormap,
    range,
    value,
    title: scaleTitle(trans, state),
    clipped: answer.values.some((of) => of < range[0]),
    label: probed === undefined ? trans.__("best %1", value.toFixed(2)) : trans.__("pointer %1", value.toFixed(2)),
  };
}

function scaleTitle(trans: Translate, { similarity, temperature }: ViewState): string {
  switch (similarity) {
    case "cosine":
      return trans.__("Cosine");
    case "centered":
      return trans.__("Centered cosine");
    case "softmax":
      return trans.__("Softmax, temperature %1", temperature);
    default:
      return similarity satisfies never;
  }
}
