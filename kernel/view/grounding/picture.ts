import type { RawImage } from "../../data/image";
import type { MimeBundle } from "../../display/host";
import type { Box } from "../../protocol/core/geometry";
import { boxMark } from "../../protocol/core/marks";
import type { Mark } from "../../protocol/core/scene";
import { bestBox, predictedBoxes, truthOverlap } from "../../protocol/grounding/arithmetic";
import type { GroundingAnswer, GroundingBox, GroundingPayload } from "../../protocol/grounding/payload";
import { drawRows, wordsOf } from "../draw/figure/rows";
import { markParts } from "../draw/overlay";
import { fitSize, fittingStill, pictureTile } from "../draw/pictures";

/** Longest sides of the picture that are tried. */
const SIDES = [420, 320, 240];

/** Draws the answer shown first: the picture with the boxes of both branches, and the truth where it is known. */
export function drawGrounding(payload: GroundingPayload, image: RawImage, characters: number): Promise<MimeBundle> {
  return fittingStill(SIDES, characters, (side) => drawAt(payload, image, side));
}

async function drawAt(payload: GroundingPayload, image: RawImage, side: number): Promise<string> {
  const answer = payload.saved[payload.current];
  const size = fitSize(image, side);
  const picture = await pictureTile(image, size, { over: markParts(marksOf(payload, answer), size[0] / image.width) });
  const words = [
    { text: payload.title || "Visual grounding", size: 15, weight: "bold" as const },
    { text: `“${answer.phrase}”` },
    { text: "solid: token branch; dashed: decoder branch; dotted: truth" },
  ];
  return drawRows([[wordsOf(words, Math.max(side, 300))], [picture]]).svg;
}

function marksOf({ branches, threshold }: GroundingPayload, { boxes, truth }: GroundingAnswer): Mark[] {
  const known = (truth ?? []).map((box) => boxMark(box, "truth", "", false));
  const found = branches.flatMap((branch) =>
    predictedBoxes(boxes[branch] ?? [], threshold).map(({ box, score }) =>
      boxMark(box, branch === "token" ? "first" : "second", `${branch} ${score.toFixed(2)}`, false),
    ),
  );
  return [...known, ...found];
}

/** Describes the answers in words. */
export function describeGrounding(payload: GroundingPayload): string {
  const { title, model, saved, branches, pictures } = payload;
  const lines = saved.map(
    (answer) =>
      `  ${pictures[answer.picture].label}, “${answer.phrase}”: ` +
      branches.map((branch) => `${branch} ${boxesText(payload, answer.boxes[branch] ?? [], answer.truth)}`).join("; "),
  );
  return [`${title ? `${title}: ` : ""}visual grounding by ${model}`, ...lines].join("\n");
}

function boxesText({ threshold }: GroundingPayload, boxes: readonly GroundingBox[], truth?: readonly Box[]): string {
  const shown = predictedBoxes(boxes, threshold);
  if (!shown.length) return `none above ${threshold} (best ${bestBox(boxes).score.toFixed(2)})`;
  return shown
    .map(({ box, score }) => {
      const overlap = truthOverlap(box, truth);
      const known = overlap === undefined ? "" : `, IoU ${overlap.toFixed(2)}`;
      return `[${box.map((edge) => Math.round(edge)).join(", ")}] score ${score.toFixed(2)}${known}`;
    })
    .join(", ");
}
