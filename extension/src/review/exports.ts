import type { ReviewPayload } from "fovea/protocol";
import { call, cell, comment, Raw } from "../export";
import { type ReviewState, shownBox } from "./state";

/** Every prediction with its decision. */
export function exportData(payload: ReviewPayload, state: ReviewState): object {
  const { file, threshold, doubtful, predictions, items, pictures } = payload;
  return {
    file,
    threshold,
    doubtful,
    predictions,
    items: items.map(({ picture, phrase, score, box }, at) => ({
      picture: pictures[picture].label,
      phrase,
      score,
      predicted: box,
      shown: shownBox(payload, state, at),
      verdict: state.decisions[at]?.verdict ?? null,
      saved: state.decisions[at]?.box ?? null,
    })),
  };
}

/** A cell that opens the review again, and reads the annotations. */
export function exportCode({ file, title, threshold }: ReviewPayload): string {
  const shown = call("view.review", [new Raw("predictions")], {
    confidence: threshold > 1 ? new Raw("confidence") : threshold,
    file,
    images: new Raw("images"),
    title: title || undefined,
  });
  return cell(
    ["data", "view"],
    [
      comment(
        "predictions and images come from the notebook: the samples of grounding.evaluate, the folder of the pictures",
      ),
      `const { expressions } = ${call("data.refer.read", [file], {})}; // what was decided so far`,
      `await ${shown}`,
    ],
  );
}
