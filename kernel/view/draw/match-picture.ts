import type { RawImage } from "../../data/image";
import { BLACK, Canvas, TEXT_HEIGHT, WHITE, textWidth, type Ink } from "./canvas";
import { colorAt, colorTable, type ColorMapName } from "../../protocol/core/color";
import { RIGHT_COLOR, WRONG_COLOR } from "../../protocol/core/figure";
import { patchCenter, type GridPlacement, type Point } from "../../protocol/core/geometry";
import { resizePicture, fitSize } from "./pictures";

/** One match to draw: two points in image pixels, and whether it is right, where that is known. */
export interface DrawnMatch {
  from: Point;
  to: Point;
  /** True position of the match. */
  truth?: Point;
  correct?: boolean;
}

export interface MatchPicture {
  images: readonly [RawImage, RawImage];
  matches: DrawnMatch[];
  /** Heat-map over the target image. */
  heat?: {
    values: ArrayLike<number>;
    placement: GridPlacement;
    range: [number, number];
    colormap: ColorMapName;
    opacity: number;
  };
  side: number;
}

const GAP = 12;
const BAR = 10;
const MARGIN = 4;
const PLAIN: Ink = [60, 120, 216];

/** The two images side by side, matches as numbered lines, the heat-map of the first query and its colour bar. */
export async function drawMatches(picture: MatchPicture): Promise<RawImage> {
  const sizes = picture.images.map((image) => fitSize(image, picture.side));
  const height = Math.max(sizes[0][1], sizes[1][1]);
  const bar = picture.heat ? GAP + BAR + MARGIN + textWidth("-0.00") : 0;
  const canvas = new Canvas(2 * MARGIN + sizes[0][0] + GAP + sizes[1][0] + bar, height + 2 * MARGIN);
  const lefts = [MARGIN, MARGIN + sizes[0][0] + GAP];
  for (const i of [0, 1]) canvas.paste(await resizePicture(picture.images[i], ...sizes[i]), lefts[i], MARGIN);
  const scales = picture.images.map((image, i) => sizes[i][0] / image.width);
  const place = (side: 0 | 1, point: Point): Point => [
    lefts[side] + point[0] * scales[side],
    MARGIN + point[1] * scales[side],
  ];
  if (picture.heat) {
    drawHeat(canvas, picture.heat, [lefts[1], MARGIN, lefts[1] + sizes[1][0], MARGIN + sizes[1][1]], scales[1]);
    drawBar(canvas, picture.heat, lefts[1] + sizes[1][0] + GAP, height);
  }
  picture.matches.forEach((match, i) => drawMatch(canvas, match, i + 1, place));
  return canvas;
}

type Heat = NonNullable<MatchPicture["heat"]>;

function drawHeat(canvas: Canvas, heat: Heat, frame: [number, number, number, number], scale: number): void {
  const [rows, columns] = heat.placement.grid;
  const [left, top] = frame;
  const edge = (fraction: number, low: number, high: number, limit: [number, number], start: number): number =>
    Math.min(limit[1], Math.max(limit[0], Math.round(start + (low + fraction * (high - low)) * scale)));
  const [x0, y0, x1, y1] = heat.placement.region;
  for (let i = 0; i < rows * columns; i++) {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const x = (at: number): number => edge(at / columns, x0, x1, [frame[0], frame[2]], left);
    const y = (at: number): number => edge(at / rows, y0, y1, [frame[1], frame[3]], top);
    const unit = (heat.values[i] - heat.range[0]) / (heat.range[1] - heat.range[0] || 1);
    canvas.fillRect(x(column), y(row), x(column + 1), y(row + 1), colorAt(heat.colormap, unit), heat.opacity);
  }
}

function drawBar(canvas: Canvas, heat: Heat, left: number, height: number): void {
  const table = colorTable(heat.colormap);
  for (let y = 0; y < height; y++) {
    const at = 3 * Math.round((1 - y / Math.max(1, height - 1)) * 255);
    canvas.fillRect(left, MARGIN + y, left + BAR, MARGIN + y + 1, [table[at], table[at + 1], table[at + 2]]);
  }
  canvas.text(heat.range[1].toFixed(2), left + BAR + MARGIN, MARGIN);
  canvas.text(heat.range[0].toFixed(2), left + BAR + MARGIN, MARGIN + height - TEXT_HEIGHT);
}

function drawMatch(
  canvas: Canvas,
  match: DrawnMatch,
  label: number,
  place: (side: 0 | 1, point: Point) => Point,
): void {
  const [from, to] = [place(0, match.from), place(1, match.to)];
  const ink = match.correct === undefined ? PLAIN : match.correct ? RIGHT_COLOR : WRONG_COLOR;
  canvas.line(from, to, WHITE, 3);
  canvas.line(from, to, ink, 1.5);
  if (match.truth && match.correct === false) drawTruth(canvas, to, place(1, match.truth));
  numbered(canvas, from, String(label));
  numbered(canvas, to, String(label), match.correct === false);
}

/** A wrong match: thin line from where it went to a ring where it should be. */
function drawTruth(canvas: Canvas, to: Point, truth: Point): void {
  canvas.line(to, truth, BLACK, 1);
  canvas.ring(truth, 4, BLACK, 3.5);
  canvas.ring(truth, 4, WHITE, 1.5);
}

/** Black on white, or white on black for a wrong match: readable without colour. */
function numbered(canvas: Canvas, at: Point, label: string, inverse = false): void {
  const radius = label.length > 1 ? 8 : 6.5;
  canvas.disc(at, radius + 1, inverse ? WHITE : BLACK);
  canvas.disc(at, radius, inverse ? BLACK : WHITE);
  canvas.text(
    label,
    Math.round(at[0] - textWidth(label) / 2),
    Math.round(at[1] - TEXT_HEIGHT / 2),
    inverse ? WHITE : BLACK,
  );
}

/** Centre of the patch in image pixels, for matches made of patches. */
export function matchOfPatches(
  placements: readonly [GridPlacement, GridPlacement],
  from: number,
  to: number,
): DrawnMatch {
  return { from: patchCenter(placements[0], from), to: patchCenter(placements[1], to) };
}
