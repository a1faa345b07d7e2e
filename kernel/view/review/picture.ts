import type { RawImage } from "../../data/image";
import type { MimeBundle } from "../../display/host";
import { boxMark } from "../../protocol/core/marks";
import { shortText } from "../../protocol/core/words";
import { confidenceText } from "../../protocol/core/words";
import type { ReviewPayload } from "../../protocol/review/payload";
import { drawRows, wordsOf } from "../draw/figure/rows";
import { markParts } from "../draw/overlay";
import { fitSize, fittingStill, pictureTile } from "../draw/pictures";
import type { Drawn } from "../draw/figure/svg";

/** Sides of the pictures that are tried, pictures in a row, and most of them. */
const [SIDES, COLUMNS, MOST] = [[140, 112, 84], 4, 12];

/** Draws the most doubtful predictions. */
export function drawReview(
  payload: ReviewPayload,
  images: readonly RawImage[],
  characters: number,
): Promise<MimeBundle> {
  return fittingStill(SIDES, characters, (side) => drawAt(payload, images, side));
}

async function drawAt(payload: ReviewPayload, images: readonly RawImage[], side: number): Promise<string> {
  const tiles: Drawn[] = [];
  for (const { picture, box, score, phrase, decision } of payload.items.slice(0, MOST)) {
    const image = images[picture];
    const size = fitSize(image, side);
    const mark = boxMark(decision?.box ?? box, "first", confidenceText(score), false);
    const over = markParts([mark], size[0] / image.width);
    tiles.push(await pictureTile(image, size, { caption: shortText(phrase, Math.round(side / 6)), over }));
  }
  const rows = Array.from({ length: Math.ceil(tiles.length / COLUMNS) }, (_, row) =>
    tiles.slice(row * COLUMNS, (row + 1) * COLUMNS),
  );
  const words = [{ text: payload.title || "Review", size: 15, weight: "bold" as const }, { text: summaryOf(payload) }];
  return drawRows([[wordsOf(words, COLUMNS * side)], ...rows]).svg;
}

function summaryOf({ items, doubtful, predictions, threshold }: ReviewPayload): string {
  const decided = items.filter(({ decision }) => decision).length;
  const which =
    threshold > 1
      ? `all ${predictions} predictions are doubtful`
      : `${doubtful} of ${predictions} predictions have a score below ${confidenceText(threshold)}`;
  return `${which}; ${items.length} are here, ${decided} of them decided.`;
}

/** Describes the review in words. */
export function describeReview(payload: ReviewPayload): string {
  const lines = payload.items.map(({ picture, phrase, score, decision }) => {
    const state = decision ? `, ${decision.verdict}` : "";
    return `  ${payload.pictures[picture].label}, “${phrase}”: score ${confidenceText(score)}${state}`;
  });
  return [`${payload.title || "review"}: ${summaryOf(payload)}`, `annotations: ${payload.file}`, ...lines].join("\n");
}
