import { BLACK, Canvas, TEXT_HEIGHT, textWidth, WHITE, type Ink } from "../draw/canvas";
import { colorAt } from "../../protocol/core/color";
import { GUIDE, SERIES } from "../../protocol/core/figure";
import type { Point } from "../../protocol/core/geometry";
import { chartsOf, type Chart, curvesIn } from "../../protocol/training/charts";
import type { CurvePoint } from "../../protocol/training/curve";
import { commonScale, decodeCells, type SavedMatrices } from "../../protocol/training/matrix";
import type { NamedCurve, RunRecord } from "../../protocol/training/record";
import { numberText, placeText, STATE_WORDS } from "../../protocol/training/words";

const WIDTH = 760;
const PANEL: Size = { width: 300, height: 180 };
const LEFT = 58;
const GAP = 66;
const LINE = TEXT_HEIGHT + 5;
const INKS: readonly Ink[] = [...SERIES, [17, 17, 17], [120, 120, 120]];
const MATRIX_HEIGHT = 130;

interface Size {
  width: number;
  height: number;
}

/** A panel: values to pixels. */
interface Panel extends Size {
  left: number;
  top: number;
  x: [number, number];
  y: [number, number];
}

/** State, loss and first metric, and the first pictures, for places where the viewer cannot run. */
export function drawTraining(title: string, runs: readonly RunRecord[]): Canvas {
  const matrices = runs.flatMap((run) => run.matrices).slice(0, 2);
  const header = LINE * (runs.length + 1) + 16;
  const canvas = new Canvas(WIDTH, header + PANEL.height + 34 + (matrices.length ? MATRIX_HEIGHT + 2 * LINE : 0));
  canvas.text(plain(title || "Training"), 8, 8);
  runs.forEach((run, i) => {
    canvas.text(plain(runLine(run)), runs.length > 1 ? 24 : 8, 8 + LINE * (i + 1));
    if (runs.length > 1) canvas.fillRect(8, 10 + LINE * (i + 1), 20, 14 + LINE * (i + 1), INKS[i]);
  });
  const charts = chartsOf(runs);
  [charts[0], charts[1]].forEach((chart, i) => {
    drawChart(canvas, chart, runs, { left: LEFT + i * (PANEL.width + GAP), top: header + LINE });
  });
  matrices.forEach((matrix, i) => {
    drawMatrix(canvas, matrix, LEFT + i * (PANEL.width + GAP), header + PANEL.height + 46);
  });
  return canvas;
}

function runLine(run: RunRecord): string {
  const { name, state, progress } = run;
  return `${name ? `${name}: ` : ""}${STATE_WORDS[state]}${progress ? `, ${placeText(run, progress)}` : ""}`;
}

function drawChart(canvas: Canvas, chart: Chart, runs: readonly RunRecord[], at: { left: number; top: number }): void {
  const curves = runs.flatMap((run, i) => curvesIn(chart, run).map((one) => ({ ...one, ink: INKS[i] })));
  const points = curves.flatMap(({ curve }) => curve.points());
  const panel: Panel = {
    ...PANEL,
    ...at,
    x: ends(points.map(({ step }) => step)),
    y: ends(points.map(({ value }) => value)),
  };
  const measured = curves.some(({ kind }) => kind === "validation");
  drawFrame(canvas, panel, measured ? `${chart.name} (line: train, dots: validation)` : chart.name);
  for (const { kind, curve, ink } of curves) drawCurve(canvas, panel, curve.points(), kind, ink);
}

function drawCurve(canvas: Canvas, panel: Panel, points: CurvePoint[], kind: NamedCurve["kind"], ink: Ink): void {
  const placed = points.map(({ step, value }) => place(panel, step, value));
  if (kind === "validation") return placed.forEach((point) => drawDot(canvas, point, ink));
  placed.slice(1).forEach((point, i) => canvas.line(placed[i], point, ink, 1.4));
}

/** Draws a dot with a ring, so that it is seen on a line of the same colour. */
function drawDot(canvas: Canvas, at: Point, ink: Ink): void {
  canvas.disc(at, 5, BLACK);
  canvas.disc(at, 4, WHITE);
  canvas.disc(at, 2.8, ink);
}

function drawFrame(canvas: Canvas, panel: Panel, title: string): void {
  const { left, top, width, height, x, y } = panel;
  const [right, bottom] = [left + width, top + height];
  canvas.line([left, top], [left, bottom], GUIDE, 1);
  canvas.line([left, bottom], [right, bottom], GUIDE, 1);
  canvas.text(plain(title), left, top - LINE + 2);
  const end = plain(numberText(x[1]));
  canvas.text(plain(numberText(x[0])), left, bottom + 6);
  canvas.text("update", Math.round(left + (width - textWidth("update")) / 2), bottom + 6);
  canvas.text(end, right - textWidth(end), bottom + 6);
  y.forEach((value, i) => {
    const text = plain(numberText(value));
    canvas.text(text, left - 4 - textWidth(text), i === 0 ? bottom - TEXT_HEIGHT : top);
  });
}

function drawMatrix(canvas: Canvas, matrix: SavedMatrices, left: number, top: number): void {
  const { rows, columns, frames, title } = matrix;
  const [min, max] = commonScale(matrix);
  const values = decodeCells(frames[frames.length - 1]);
  canvas.text(plain(`${title}, ${numberText(min)} to ${numberText(max)}`).slice(0, 60), left, top - LINE + 2);
  const [width, height] = [PANEL.width / columns.length, (MATRIX_HEIGHT - LINE) / rows.length];
  values.forEach((value, i) => {
    if (value === null) return;
    const [row, column] = [Math.floor(i / columns.length), i % columns.length];
    const edges = [left + column * width, top + row * height, left + (column + 1) * width, top + (row + 1) * height];
    const [x, y, right, bottom] = edges.map(Math.round);
    canvas.fillRect(x, y, right, bottom, colorAt("viridis", (value - min) / (max - min || 1)));
  });
  if (height < LINE) return;
  rows.forEach((name, row) => {
    const text = plain(name).slice(0, 8);
    canvas.text(text, left - 4 - textWidth(text), Math.round(top + (row + 0.5) * height - TEXT_HEIGHT / 2), BLACK);
  });
}

function place({ left, top, width, height, x, y }: Panel, step: number, value: number): Point {
  const along = (of: number, [low, high]: [number, number]): number => (of - low) / (high - low || 1);
  return [left + along(step, x) * width, top + height - along(value, y) * height];
}

function ends(values: number[]): [number, number] {
  if (!values.length) return [0, 1];
  return values.reduce<[number, number]>(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  );
}

/** The built-in font has no typographic minus or dash. */
function plain(text: string): string {
  return text.replace(/[−–]/g, "-");
}
