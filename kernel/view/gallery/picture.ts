import type { MimeBundle } from "../../display/host";
import { cssColor, LIGHT, SERIES, STILL_INK } from "../../protocol/core/figure";
import { fitText } from "../../protocol/core/text-width";
import { type GalleryPayload, readPlaces } from "../../protocol/gallery/payload";
import { drawRows, wordsOf } from "../draw/figure/rows";
import { type Drawn, label, tag } from "../draw/figure/svg";
import { fitSize, fittingStill, pictureTile } from "../draw/pictures";
import type { GalleryFeatures } from "./features";
import type { GalleryPictures } from "./pictures";
import { counted } from "../../protocol/core/words";

/** Sides of the small pictures that are tried, their number, and the size of the map of all pictures. */
const [SIDES, NEIGHBORS, MAP] = [[96, 72, 56], 6, { width: 640, height: 340 }];
const EDGE = 16;

/** The picture shown first with its nearest neighbors, above all pictures on two principal components. */
export function drawGallery(
  payload: GalleryPayload,
  features: GalleryFeatures,
  pictures: GalleryPictures,
  characters: number,
): Promise<MimeBundle> {
  return fittingStill(SIDES, characters, (side) => drawAt(payload, features, pictures, side));
}

async function drawAt(
  payload: GalleryPayload,
  features: GalleryFeatures,
  pictures: GalleryPictures,
  side: number,
): Promise<string> {
  const { current, title, count, encoder, layer, ratio } = payload;
  const near = features.nearPicture(current, NEIGHBORS);
  const words = [`picture ${current + 1}`, ...near.map(({ score }) => score.toFixed(3))];
  const tiles: Drawn[] = [];
  for (const [i, index] of [current, ...near.map((one) => one.index)].entries())
    tiles.push(await tile(pictures, index, side, words[i]));
  const shares = ratio.map((share) => `${Math.round(100 * share)} %`).join(" and ");
  const about = `${counted(count, "picture")}, ${encoder}, layer ${layer}. Nearest to ${features.paths[current]}, by cosine:`;
  const map = `All pictures on the first two principal components (${shares} of the variance); the marked one and its neighbors are larger.`;
  return drawRows([
    [wordsOf([{ text: title || "Gallery", size: 15, weight: "bold" }, { text: about }], MAP.width)],
    tiles,
    [wordsOf([{ text: map }], MAP.width)],
    [
      mapOf(
        payload,
        near.map(({ index }) => index),
      ),
    ],
  ]).svg;
}

/** A small picture with its words; an empty frame where it cannot be read. */
async function tile(pictures: GalleryPictures, index: number, side: number, caption: string): Promise<Drawn> {
  try {
    const raw = await pictures.decode(index);
    return await pictureTile(raw, fitSize(raw, side), { caption });
  } catch {
    const box = tag("rect", {
      width: side,
      height: side,
      fill: "none",
      stroke: cssColor(STILL_INK),
      "stroke-dasharray": "4 3",
    });
    const words = [label("not readable", 6, side / 2, { size: 11 }), label(fitText(caption, side, 12), 0, side + 14)];
    return { width: side, height: side + 18, parts: [box, ...words] };
  }
}

function mapOf({ places, current }: GalleryPayload, near: readonly number[]): Drawn {
  const at = readPlaces(places);
  const { width, height } = MAP;
  const marked = new Set(near);
  const dot = (index: number): string => {
    const [x, y] = [at[2 * index], at[2 * index + 1]];
    const isCurrent = index === current;
    const color = SERIES[isCurrent ? 1 : marked.has(index) ? 0 : 5];
    const place = { cx: EDGE + x * (width - 2 * EDGE), cy: height - EDGE - y * (height - 2 * EDGE) };
    const edge = isCurrent || marked.has(index) ? { stroke: cssColor(LIGHT), "stroke-width": 1.5 } : {};
    return tag("circle", { ...place, r: isCurrent ? 8 : marked.has(index) ? 6 : 3, fill: cssColor(color), ...edge });
  };
  const others = Array.from({ length: at.length / 2 }, (_, i) => i).filter((i) => i !== current && !marked.has(i));
  const frame = tag("rect", {
    x: 0.5,
    y: 0.5,
    width: width - 1,
    height: height - 1,
    fill: "none",
    stroke: cssColor(STILL_INK, 0.5),
  });
  return { width, height, parts: [frame, ...[...others, ...near, current].map(dot)] };
}

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
