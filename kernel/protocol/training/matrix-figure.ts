import { clamp, most } from "../../numeric";
import type { ColorMapName } from "../core/color";
import { colorScale, figureText, type Figure } from "../core/figure";
import { numberText, shortText } from "../core/words";
import { commonScale, decodeCells, type MatrixFrame, type SavedMatrices } from "./matrix";
import { isMap, labelsWidth, LEFT, LETTER, MOST_LETTERS, RIGHT } from "./matrix-layout";

const [ROW_HEIGHT, LEAST, MOST] = [22, 130, 420];
/** Pixels above and below the cells. */
const UPRIGHT = 70;

/** The matrix as it was then: of the last evaluation up to the update that gave it. */
export function frameAt({ frames }: SavedMatrices, step: number): MatrixFrame | undefined {
  return frames.filter((frame) => frame.step <= step).at(-1);
}

/** Style of a drawn matrix: its colours, and the width of its panel in pixels. */
export interface MatrixStyle {
  colormap: ColorMapName;
  width: number;
}

/** A heat map on one scale for all evaluations, the first row on top; cells over a grid of patches are square. */
export function matrixFigure(matrix: SavedMatrices, frame: MatrixFrame, { colormap, width }: MatrixStyle): Figure {
  const height = heightOf(matrix, width);
  const { rows, columns, axes, title } = matrix;
  const square = isMap(matrix) ? { scaleanchor: "x", constrain: "domain" } : {};
  const xaxis = { ...ticks(columns, width - labelsWidth(matrix) - RIGHT), title: axisTitle(axes[1]) };
  return {
    data: [{ ...heatmap(matrix, frame, colormap), colorbar: colorBar(height) }],
    layout: {
      title: panelTitle(title, width),
      height,
      margin: { t: 30, r: 8, b: 40, l: LEFT },
      hovermode: "closest",
      dragmode: false,
      xaxis: { ...xaxis, constrain: "domain" },
      yaxis: { ...rowTicks(rows), title: axisTitle(axes[0]), autorange: "reversed", ...square },
    },
    config: {},
  };
}

function heatmap(matrix: SavedMatrices, frame: MatrixFrame, colormap: ColorMapName): Figure["data"][number] {
  const { rows, columns } = matrix;
  const values = decodeCells(frame);
  const inRows = <T>(of: (value: number | null, row: number, column: number) => T): T[][] =>
    rows.map((_, row) => columns.map((_, column) => of(values[row * columns.length + column], row, column)));
  const said = inRows((value, row, column) => cellText(matrix, value, row, column));
  const [zmin, zmax] = commonScale(matrix);
  return {
    type: "heatmap",
    z: inRows((value) => value),
    zmin,
    zmax,
    colorscale: colorScale(colormap),
    customdata: said,
    text: said.map((row) => row.map(figureText)),
    hoverinfo: "text",
    hoverongaps: false,
  };
}

const colorBar = (height: number): object => ({
  thickness: 10,
  outlinewidth: 1,
  nticks: height > LEAST ? 5 : 3,
  len: 1.1,
});

const axisTitle = (text: string): object => ({ text: figureText(text), standoff: 4 });

const panelTitle = (title: string, width: number): object => ({
  text: figureText(shortText(title, Math.floor(width / 7))),
  font: { size: 13 },
  x: 0.01,
  xanchor: "left",
  y: 0.98,
  yanchor: "top",
});

function cellText({ rows, columns, axes }: SavedMatrices, value: number | null, row: number, column: number): string {
  const [down, across] = axes.map((axis) => (axis ? `${axis} ` : ""));
  return `${down}${rows[row]}, ${across}${columns[column]}: ${value === null ? "–" : numberText(value)}`;
}

/** Labels of as many rows or columns as there is room for, never markup; a few long ones are turned. */
function ticks(names: readonly string[], pixels: number): object {
  const short = names.map((name) => shortText(name, MOST_LETTERS));
  const widest = most(short.map((name) => name.length)) * LETTER + 10;
  const fitting = Math.max(1, Math.floor(pixels / widest));
  const turned = names.length > fitting && isTurned(names);
  const every = turned ? 1 : Math.ceil(names.length / fitting);
  const places = names.map((_, i) => i).filter((i) => i % every === 0);
  const ticktext = places.map((i) => figureText(short[i]));
  return { tickvals: places, ticktext, zeroline: false, tickangle: turned ? -30 : 0, showgrid: false };
}

const isTurned = (names: readonly string[]): boolean => names.length <= 8;

function rowTicks(rows: readonly string[]): object {
  const every = Math.ceil(rows.length / 16);
  const places = rows.map((_, i) => i).filter((i) => i % every === 0);
  const ticktext = places.map((i) => figureText(shortText(rows[i], MOST_LETTERS)));
  return { tickvals: places, ticktext, zeroline: false, showgrid: false };
}

function heightOf(matrix: SavedMatrices, width: number): number {
  const { rows, columns } = matrix;
  const row = isMap(matrix) ? (width - LEFT - RIGHT) / columns.length : ROW_HEIGHT;
  return Math.round(clamp(UPRIGHT + rows.length * row, LEAST, MOST));
}
