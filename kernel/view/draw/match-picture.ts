import type { RawImage } from "../../data/image";
import { colorHex, type ColorMapName } from "../../protocol/core/color";
import { LIGHT, RIGHT_COLOR, WRONG_COLOR, cssColor } from "../../protocol/core/figure";
import type { GridPlacement, Point } from "../../protocol/core/geometry";
import { drawMark } from "../../protocol/core/marks";
import { SvgPen } from "../../protocol/core/pen";
import type { Mark } from "../../protocol/core/scene";
import { colorBar } from "./figure/color-bar";
import { drawRows, wordsOf, type Words } from "./figure/rows";
import type { Drawn } from "./figure/still";
import { tag } from "./figure/svg";
import { pictureTile } from "./picture-tile";
import { fitSize } from "./pictures";

/** One match to draw: two points in image pixels, and whether it is right, where that is known. */
export interface DrawnMatch {
  from: Point;
  to: Point;
  /** True position of the match, and the distance within which a match counts. */
  truth?: Point;
  allowed?: number;
  correct?: boolean;
}

/** Values over the second image. */
export interface DrawnHeat {
  values: ArrayLike<number>;
  placement: GridPlacement;
  range: [number, number];
  colormap: ColorMapName;
  opacity: number;
  /** Meaning of the values, over their color bar. */
  title: string;
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
  const bar = heat ? [colorBar({ range: heat.range, colorOf: colorOf(heat), title: heat.title }, sizes[1][1])] : [];
  return drawRows([[pair, ...bar], [wordsOf(words, pair.width)]]).svg;
}

const unitOf = ({ range: [low, high] }: DrawnHeat, value: number): number => (value - low) / (high - low || 1);

function colorOf(heat: DrawnHeat): (value: number) => string {
  return (value) => colorHex(heat.colormap, unitOf(heat, value));
}

/** One rectangle a patch, cut where the grid reaches over the image. */
function heatCells(heat: DrawnHeat, [width, height]: readonly [number, number], scale: number): string[] {
  const { grid, region } = heat.placement;
  const [rows, columns] = grid;
  const edge = (at: number, low: number, high: number, most: number): number =>
    Math.min(most, Math.max(0, Math.round((low + at * (high - low)) * scale)));
  const color = colorOf(heat);
  const cells = Array.from({ length: rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const [x0, x1] = [column, column + 1].map((at) => edge(at / columns, region[0], region[2], width));
    const [y0, y1] = [row, row + 1].map((at) => edge(at / rows, region[1], region[3], height));
    return tag("rect", { x: x0, y: y0, width: x1 - x0, height: y1 - y0, fill: color(heat.values[i]) });
  });
  return [tag("g", { opacity: heat.opacity }, ...cells, "")];
}

function markParts(marks: readonly Mark[], scale: number): string[] {
  const pen = new SvgPen();
  for (const mark of marks) drawMark(pen, mark, { scale, pixel: 1 });
  return pen.elements;
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
