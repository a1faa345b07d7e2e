import {
  colourHex,
  commonScale,
  decodeCells,
  numberText,
  type ColourMapName,
  type MatrixFrame,
  type SavedMatrices,
} from "fovea/protocol";
import type { Figure } from "../plotly";
import { plain } from "./figures";

const STOPS = 16;
const [ROW_HEIGHT, MARGINS, LEAST, MOST] = [22, 78, 130, 420];

/** The matrix as it was then: of the last evaluation up to the update that gave it. */
export function frameAt({ frames }: SavedMatrices, step: number): MatrixFrame | undefined {
  return frames.filter((frame) => frame.step <= step).at(-1);
}

/** A heat map on one scale for all evaluations, the first row on top. */
export function matrixFigure(matrix: SavedMatrices, frame: MatrixFrame, colormap: ColourMapName): Figure {
  const { title, rows, columns, axes } = matrix;
  const values = decodeCells(frame);
  const inRows = <T>(of: (value: number | null, row: number, column: number) => T): T[][] =>
    rows.map((_, row) => columns.map((_, column) => of(values[row * columns.length + column], row, column)));
  const said = inRows((value, row, column) => cellText(matrix, value, row, column));
  const [zmin, zmax] = commonScale(matrix);
  return {
    data: [
      {
        ...{ type: "heatmap", z: inRows((value) => value), zmin, zmax, colorscale: colourScale(colormap) },
        ...{ customdata: said, text: said.map((row) => row.map(plain)), hoverinfo: "text", hoverongaps: false },
        colorbar: { thickness: 10, outlinewidth: 1, nticks: 4, len: 1.1 },
      },
    ],
    layout: {
      title: { text: plain(title), font: { size: 13 }, x: 0.01, xanchor: "left", y: 0.98, yanchor: "top" },
      ...{ height: heightOf(matrix), margin: { t: 30, r: 8, b: 40, l: 60 }, hovermode: "closest", dragmode: false },
      xaxis: { ...ticks(columns, isWide(matrix) ? WIDE : NARROW), title: { text: plain(axes[1]), standoff: 4 } },
      yaxis: { ...rowTicks(rows), title: { text: plain(axes[0]), standoff: 4 }, autorange: "reversed" },
    },
    config: {},
  };
}

function cellText({ rows, columns, axes }: SavedMatrices, value: number | null, row: number, column: number): string {
  const [down, across] = axes.map((axis) => (axis ? `${axis} ` : ""));
  return `${down}${rows[row]}, ${across}${columns[column]}: ${value === null ? "–" : numberText(value)}`;
}

/** Pixels that a letter takes, and what a panel leaves for its columns. */
const LETTER = 6.5;
const [NARROW, WIDE] = [250, 690];

/** Labels of as many rows or columns as there is room for, never markup; a few long ones are turned. */
function ticks(names: readonly string[], pixels: number): object {
  const short = names.map((name) => (name.length > 22 ? `…${name.slice(-21)}` : name));
  const widest = Math.max(...short.map((name) => name.length)) * LETTER + 10;
  const fitting = Math.max(1, Math.floor(pixels / widest));
  const turned = names.length > fitting && isTurned(names);
  const every = turned ? 1 : Math.ceil(names.length / fitting);
  const places = names.map((_, i) => i).filter((i) => i % every === 0);
  const ticktext = places.map((i) => plain(short[i]));
  return { tickvals: places, ticktext, zeroline: false, tickangle: turned ? -30 : 0, showgrid: false };
}

const isTurned = (names: readonly string[]): boolean => names.length <= 8;

function rowTicks(rows: readonly string[]): object {
  const every = Math.ceil(rows.length / 16);
  const places = rows.map((_, i) => i).filter((i) => i % every === 0);
  const ticktext = places.map((i) => plain(rows[i].length > 22 ? `${rows[i].slice(0, 21)}…` : rows[i]));
  return { tickvals: places, ticktext, zeroline: false, showgrid: false };
}

/** Whether a picture takes the width of two. */
export function isWide({ rows, columns }: SavedMatrices): boolean {
  return columns.length > 24 && columns.length > 2 * rows.length;
}

function heightOf({ rows, columns, axes }: SavedMatrices): number {
  const square = axes[0] === "row" && axes[1] === "column" && columns.length > 0;
  return Math.min(MOST, Math.max(LEAST, MARGINS + (square ? 150 : rows.length * ROW_HEIGHT)));
}

function colourScale(name: ColourMapName): [number, string][] {
  return Array.from({ length: STOPS + 1 }, (_, i) => [i / STOPS, colourHex(name, i / STOPS)]);
}
