import type { RawImage } from "../../data/image";
import { LIGHT, RIGHT_COLOR, WRONG_COLOR, cssColor } from "../../protocol/core/figure";
import type { Point } from "../../protocol/core/geometry";
import type { Mark } from "../../protocol/core/scene";
import { colorBar } from "./figure/color-bar";
import { drawRows, wordsOf, type Words } from "./figure/rows";
import { type Drawn, tag } from "./figure/svg";
import { heatCells, heatColor, markParts, type DrawnHeat } from "./overlay";
import { fitSize, pictureTile } from "./pictures";

/** One match to draw: two points in image pixels, and whether it is right, where that is known. */
export interface DrawnMatch {
  from: Point;
  to: Point;
  /** True position of the match, and the distance within which a match counts. */
  truth?: Point;
  allowed?: number;
  correct?: boolean;
}

export interface MatchPicture {
  images: readonly [RawImage, RawImage];
  captions?: readonly [string, string];
  matches: readonly DrawnMatch[];
  /** Marks on the first and on the second image, as the live view has them. */
  firstMarks?: readonly Mark[];
  marks?: readonly Mark[];
  heat?: DrawnHeat;
  side: number;
  words?: readonly Words[];
}

/** Pixels between the two pictures. */
const GAP = 12;
/** Opacity of the lines between pictures: they cross what they explain. */
const LINE_OPACITY = 0.85;
const NEUTRAL = "rgb(60, 120, 216)";

/**
 * The two images side by side with the marks of the live view, a line for every match, the heat-map of the first query and its color
 * bar: SVG.
 */
export async function drawMatches(picture: MatchPicture): Promise<string> {
  const { images, captions, matches, heat, firstMarks = [], marks = [], side, words = [] } = picture;
  const sizes = images.map((image) => fitSize(image, side));
  const scales = images.map((image, i) => sizes[i][0] / image.width);
  const cells = heat ? heatCells(heat, sizes[1], scales[1]) : [];
  const first = await pictureTile(images[0], sizes[0], { caption: captions?.[0] });
  const second = await pictureTile(images[1], sizes[1], { caption: captions?.[1], over: cells });
  const left = sizes[0][0] + GAP;
  const parts = [
    ...first.parts,
    ...markParts(firstMarks, scales[0]),
    tag("g", { transform: `translate(${left} 0)` }, ...second.parts, ...markParts(marks, scales[1]), ""),
    ...matches.flatMap((match, i) => matchParts(match, i + 1, scales, left)),
  ];
  const pair: Drawn = { width: left + sizes[1][0], height: Math.max(first.height, second.height), parts };
  const bar = heat ? [colorBar({ range: heat.range, colorOf: heatColor(heat), title: heat.title }, sizes[1][1])] : [];
  return drawRows([[pair, ...bar], [wordsOf(words, pair.width)]]).svg;
}

/** A match: a line from picture to picture, its number at both ends, and where it is wrong the true place. */
function matchParts(match: DrawnMatch, number: number, scales: readonly number[], left: number): string[] {
  const [from, to] = [match.from, match.to].map((point, i) => point.map((value) => value * scales[i]));
  const ends = { x1: from[0], y1: from[1], x2: left + to[0], y2: to[1] };
  const color = match.correct === undefined ? NEUTRAL : cssColor(match.correct ? RIGHT_COLOR : WRONG_COLOR);
  const dash = match.correct === false ? "7 4" : undefined;
  const pin = (at: Point): Mark => ({ kind: "pin", at, number, selected: false });
  const { truth, allowed = 0 } = match;
  const wrong: Mark[] =
    truth && match.correct === false
      ? [{ kind: "truth", at: truth, from: match.to, radius: allowed, correct: false }]
      : [];
  return [
    tag("line", { ...ends, stroke: cssColor(LIGHT), "stroke-width": 3, opacity: LINE_OPACITY }),
    tag("line", { ...ends, stroke: color, "stroke-width": 1.6, "stroke-dasharray": dash, opacity: LINE_OPACITY }),
    ...markParts([pin(match.from)], scales[0]),
    tag("g", { transform: `translate(${left} 0)` }, ...markParts([...wrong, pin(match.to)], scales[1])),
  ];
}
