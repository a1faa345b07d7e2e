import { ENGLISH } from "../../protocol/core/words";
import {
  type RefinementFigureInput,
  refinementLayers,
  refinementMeasures,
  refinementPlane,
} from "../../protocol/refinement/figures";
import { type RefinementPayload, RefinementValues } from "../../protocol/refinement/payload";
import { drawRows, figureOf, wordsOf } from "../draw/figure/rows";

/** Pixels of a plane, of which two stand beside each other, and of the figures below. */
const [PLANE, WIDE] = [420, 856];

/** The plane before training and at the stage shown first, the measures and the layers: the live figures of a view that cannot run. */
export function drawRefinement(payload: RefinementPayload): string {
  const { current, title } = payload;
  const values = new RefinementValues(payload);
  const inputAt = (stage: number): RefinementFigureInput => {
    const choices = { stage, picture: 0, token: 0, named: false };
    return { trans: ENGLISH, payload, values, choices };
  };
  const stages = current === 0 ? [0] : [0, current];
  const planes = stages.map((stage) => figureOf(refinementPlane(inputAt(stage)), PLANE));
  const below = [refinementMeasures(inputAt(current), WIDE), refinementLayers(inputAt(current))];
  const heading = { text: title || "Refinement", size: 15, weight: "bold" as const };
  const words =
    "Tokens of the first picture are dark; the ring is its first token, with its way through the stages and its nearest word (dotted).";
  return drawRows([
    [wordsOf([heading, { text: words }], WIDE)],
    planes,
    ...below.map((figure) => (figure ? [figureOf(figure, WIDE)] : [])),
  ]).svg;
}
