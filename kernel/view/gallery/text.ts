import { counted } from "../../protocol/core/words";
import type { GalleryPayload } from "../../protocol/gallery/payload";
import type { GalleryFeatures } from "./features";

const MOST_LINES = 10;

/** Describes the view in words: the pictures, and the neighbors of the one shown first. */
export function describeGallery(payload: GalleryPayload, features: GalleryFeatures): string {
  const { title, encoder, layer, count, total, ratio, skipped, skippedCount, current } = payload;
  const { paths } = features;
  const left = total > count ? ` of ${total}` : "";
  const shares = ratio.map((share) => `${Math.round(100 * share)} %`).join(" and ");
  const near = features.nearPicture(current, MOST_LINES);
  return [
    `${title ? `${title}: ` : ""}gallery of ${counted(count, "picture")}${left}, ${encoder}, layer ${layer}; two principal components hold ${shares} of the variance`,
    ...(skippedCount
      ? [
          `${counted(skippedCount, "picture")} without features: ${skipped[0].path} (${skipped[0].reason})${skippedCount > 1 ? " …" : ""}`,
        ]
      : []),
    `nearest to ${paths[current]}, by cosine of mean features:`,
    ...near.map(({ index, score }) => `  ${paths[index]}: ${score.toFixed(3)}`),
  ].join("\n");
}
