import { BLACK, Canvas, TEXT_HEIGHT, textWidth } from "../draw/canvas";
import { colorAt } from "../../protocol/core/color";
import { DARK, GUIDE, LIGHT, shortNames, tickText } from "../../protocol/core/figure";
import type { Point } from "../../protocol/core/geometry";
import { scatterLayout } from "../../protocol/law/layout";
import { figure, fittedSurface, lawPoints, scoreText, type LawPoint, type Surface } from "../../protocol/law/model";
import type { LawPayload } from "../../protocol/law/payload";

const SIDE = 300;
const LEFT = 46;
const TOP = 34;
const BOTTOM = 34;
const GAP = 62;
const BAR = 10;
const LINE = TEXT_HEIGHT + 5;

/** A square panel: values to pixels. */
interface Panel {
  left: number;
  x: [number, number];
  y: [number, number];
}

/** Predicted against measured, the fitted surface, and the names of the numbers: the picture of a view that cannot run. */
export function drawLaw(payload: LawPayload): Canvas {
  const [fit] = payload.fits;
  const points = lawPoints(payload, fit, payload.current);
  const surface = fittedSurface(payload, fit, payload.current);
  const columns = 3;
  const legend = Math.ceil(payload.encoders.length / columns);
  const width = LEFT + SIDE + (surface ? GAP + SIDE + BAR + 60 : 24);
  const canvas = new Canvas(width, TOP + SIDE + BOTTOM + LINE * (legend + 1));
  const of = fit.benchmarks[payload.current];
  const caption = `R2 ${figure(of.r2)} in sample, leave-one-out Q2 ${figure(of.looQ2)}, n = ${of.n}, ${of.coefficients.length} coefficients`;
  canvas.text(plain(`${payload.benchmarks[payload.current]}: ${caption}`), 8, 8);
  drawScatter(canvas, payload);
  if (surface) drawSurface(canvas, surface, points);
  drawNames(canvas, payload, columns);
  return canvas;
}

function drawScatter(canvas: Canvas, payload: LawPayload): void {
  const { leaveOneOut } = payload;
  const { points, range } = scatterLayout(payload, payload.fits[0], payload.current, leaveOneOut);
  const panel: Panel = { left: LEFT, x: range, y: range };
  drawFrame(canvas, panel, leaveOneOut ? "predicted without the encoder" : "predicted", "measured");
  canvas.line(place(panel, range[0], range[0]), place(panel, range[1], range[1]), GUIDE, 1);
  for (const { encoder, predicted, measured } of points)
    drawNumber(canvas, place(panel, predicted, measured), encoder + 1);
}

function drawSurface(canvas: Canvas, surface: Surface, points: LawPoint[]): void {
  const { x, y, z, range } = surface;
  const panel: Panel = { left: LEFT + SIDE + GAP, x: [x[0], x[x.length - 1]], y: [y[0], y[y.length - 1]] };
  const cell = SIDE / x.length;
  z.forEach((row, r) =>
    row.forEach((value, c) => {
      const [left, bottom] = [panel.left + c * cell, TOP + SIDE - r * cell];
      const ink = colorAt("viridis", (value - range[0]) / (range[1] - range[0] || 1));
      canvas.fillRect(...whole(left, bottom - cell, left + cell, bottom), ink);
    }),
  );
  drawFrame(canvas, panel, surface.axes[0], surface.axes[1]);
  drawBar(canvas, panel.left + SIDE + 8, range);
  for (const { encoder, predictors } of points)
    drawNumber(canvas, place(panel, predictors[0], predictors[1]), encoder + 1);
}

function whole(...edges: [number, number, number, number]): [number, number, number, number] {
  return edges.map(Math.round) as [number, number, number, number];
}

function drawBar(canvas: Canvas, left: number, range: [number, number]): void {
  for (let y = 0; y < SIDE; y++)
    canvas.fillRect(left, TOP + y, left + BAR, TOP + y + 1, colorAt("viridis", 1 - y / (SIDE - 1)));
  canvas.text(plain(scoreText(range[1])), left + BAR + 4, TOP);
  canvas.text(plain(scoreText(range[0])), left + BAR + 4, TOP + SIDE - TEXT_HEIGHT);
}

function drawFrame(canvas: Canvas, { left, x, y }: Panel, across: string, up: string): void {
  const [right, bottom] = [left + SIDE, TOP + SIDE];
  canvas.line([left, TOP], [left, bottom], BLACK, 1);
  canvas.line([left, bottom], [right, bottom], BLACK, 1);
  const end = plain(tickText(x[1]));
  canvas.text(plain(tickText(x[0])), left, bottom + 6);
  canvas.text(end, right - textWidth(end), bottom + 6);
  canvas.text(plain(across), Math.round(left + (SIDE - textWidth(plain(across))) / 2), bottom + 6);
  y.forEach((value, i) => {
    const text = plain(tickText(value));
    canvas.text(text, left - 4 - textWidth(text), i === 0 ? bottom - TEXT_HEIGHT : TOP);
  });
  canvas.text(plain(up), left, TOP - LINE + 2);
}

/** White with a dark ring, and its number: readable on every colour. */
function drawNumber(canvas: Canvas, at: Point, number: number): void {
  const label = String(number);
  const radius = label.length > 1 ? 8 : 6.5;
  canvas.disc(at, radius + 1, DARK);
  canvas.disc(at, radius, LIGHT);
  canvas.text(label, Math.round(at[0] - textWidth(label) / 2), Math.round(at[1] - TEXT_HEIGHT / 2));
}

function drawNames(canvas: Canvas, { encoders }: LawPayload, columns: number): void {
  const rows = Math.ceil(encoders.length / columns);
  const width = Math.floor((canvas.width - 16) / columns);
  shortNames(encoders, Math.floor(width / 6) - 5, "..").forEach((name, i) => {
    canvas.text(plain(`${i + 1} ${name}`), 8 + Math.floor(i / rows) * width, TOP + SIDE + BOTTOM + (i % rows) * LINE);
  });
}

/** The built-in font has no typographic minus or dash. */
function plain(text: string): string {
  return text.replace(/[−–]/g, "-");
}

function place(panel: Panel, x: number, y: number): Point {
  const along = (value: number, [low, high]: [number, number]): number => (value - low) / (high - low || 1);
  return [panel.left + along(x, panel.x) * SIDE, TOP + SIDE - along(y, panel.y) * SIDE];
}
