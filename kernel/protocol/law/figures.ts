import type { ColorMapName } from "../core/color";
import { colorScale, cssColor, type Figure, figureText, GUIDE, padded } from "../core/figure";
import type { Translate } from "../core/words";
import { extent, fittedSurface, type LawPoint, lawPoints, scoreText } from "./model";
import type { LawPayload, SavedFit } from "./payload";
import {
  encoderTrace,
  facetTitle,
  type LawChoices,
  numberedTraces,
  type PlacedPoint,
  shownPrediction,
  withNeighbors,
} from "./points";
import type { PanelScale } from "./spread";

/** All that the three figures are made of. */
export interface LawFigureInput {
  trans: Translate;
  payload: LawPayload;
  fit: SavedFit;
  state: LawChoices;
  /** Colour map of the fitted surface. */
  colormap: ColorMapName;
  /** Pixels that a panel is wide. Default 460. */
  width?: number;
}

const DEFAULT_WIDTH = 460;
/** Pixels beside the fitted surface that its color bar takes. */
const BAR_ROOM = 70;

const MARGIN = { t: 34, r: 12, b: 48, l: 58 };
const PANEL_HEIGHT = 380;
const FACET_HEIGHT = 190;
/** Pixels of a facet's own height: the rest is between the rows. */
const FACET_PIXELS = 140;
const GRAY = cssColor(GUIDE, 0.9);

/** Predicted against measured with the diagonal; residuals on request. */
export function scatterFigure({ trans, payload, fit, state, width = DEFAULT_WIDTH }: LawFigureInput): Figure {
  const layout = scatterLayout(payload, fit, state.benchmark, state.leaveOneOut);
  const { range } = layout;
  const points = layout.points.map((point): PlacedPoint => {
    const text = sayPoint(trans, payload, point, point.predicted);
    return { encoder: point.encoder, x: point.predicted, y: point.measured, text };
  });
  const name = payload.benchmarks[state.benchmark];
  const across = state.leaveOneOut ? trans.__("predicted without the encoder") : trans.__("predicted");
  const lines = state.residuals ? [residualLines(points)] : [];
  return {
    data: [...lines, ...numberedTraces(points, state, panelScale(width, range, range))],
    layout: {
      ...frame(trans.__("%1: predicted and measured", figureText(name)), PANEL_HEIGHT),
      xaxis: { title: { text: figureText(across) }, range },
      yaxis: { title: { text: figureText(trans.__("measured")) }, range },
      shapes: [diagonal("x", "y", range)],
    },
    config: {},
  };
}

/** The scale of a panel so wide, whose axes have these ranges. */
function panelScale(width: number, x: readonly [number, number], y: readonly [number, number]): PanelScale {
  return { width: Math.max(80, width - MARGIN.l - MARGIN.r), height: PANEL_HEIGHT - MARGIN.t - MARGIN.b, x, y };
}

/** A predictor in words: the law's two scores have names, others are called as the table calls them. */
export function predictorName(trans: Translate, name: string): string {
  const known: Record<string, string | undefined> = { a: trans.__("A score"), c: trans.__("C score") };
  return known[name] ?? name;
}

/** Both scores with their names, in the units of the benchmark. */
function sayPoint(
  trans: Translate,
  payload: LawPayload,
  { encoder, measured }: Pick<LawPoint, "encoder" | "measured">,
  predicted: number,
): string {
  const name = payload.encoders[encoder];
  return trans.__("%1: measured score %2, predicted score %3", name, scoreText(measured), scoreText(predicted));
}

function frame(title: string, height: number): Record<string, unknown> {
  return {
    title: { text: title, font: { size: 14 }, x: 0.01, xanchor: "left", y: 0.98, yanchor: "top" },
    height,
    margin: MARGIN,
    hovermode: "closest",
    dragmode: false,
    showlegend: false,
  };
}

function residualLines(points: readonly PlacedPoint[]): Record<string, unknown> {
  return {
    type: "scatter",
    mode: "lines",
    x: points.flatMap(({ x }) => [x, x, null]),
    y: points.flatMap(({ x, y }) => [y, x, null]),
    line: { color: GRAY, width: 2, dash: "dot" },
    hoverinfo: "skip",
  };
}

function diagonal(x: string, y: string, [from, to]: readonly [number, number]): Record<string, unknown> {
  return {
    type: "line",
    xref: x,
    yref: y,
    layer: "below",
    x0: from,
    y0: from,
    x1: to,
    y1: to,
    line: { color: GRAY, width: 1.5 },
  };
}

/** The fitted surface over the first two predictors, and where the encoders lie; `undefined` with a single predictor. */
export function planeFigure(input: LawFigureInput): Figure | undefined {
  const { trans, payload, fit, state, colormap, width = DEFAULT_WIDTH } = input;
  const surface = fittedSurface(payload, fit, state.benchmark);
  if (!surface) return undefined;
  const [across, up] = surface.axes.map((name) => predictorName(trans, name));
  const points = lawPoints(payload, fit, state.benchmark).map((point): PlacedPoint => {
    const [x, y] = point.predictors;
    return { encoder: point.encoder, x, y, text: sayPlace(input, point, [across, up]) };
  });
  const [low, high] = surface.range;
  const scale = panelScale(width - BAR_ROOM, ends(surface.x), ends(surface.y));
  return {
    data: [
      {
        type: "heatmap",
        x: surface.x,
        y: surface.y,
        z: surface.z,
        zmin: low,
        zmax: high,
        colorscale: colorScale(colormap),
        hoverinfo: "skip",
        colorbar: {
          thickness: 12,
          outlinewidth: 1,
          ticks: "outside",
          title: { text: figureText(trans.__("predicted")) },
        },
      },
      ...numberedTraces(points, state, scale),
    ],
    layout: {
      ...frame(trans.__("Fitted surface over %1 and %2", figureText(across), figureText(up)), PANEL_HEIGHT),
      xaxis: { title: { text: figureText(across) }, range: ends(surface.x), showgrid: false, zeroline: false },
      yaxis: { title: { text: figureText(up) }, range: ends(surface.y), showgrid: false, zeroline: false },
    },
    config: {},
  };
}

/** "CLIP336: A score 0.788, C score 15.66; predicted score 64.51". */
function sayPlace(
  { trans, payload }: LawFigureInput,
  { encoder, predictors, predicted }: LawPoint,
  [across, up]: readonly string[],
): string {
  const place = `${across} ${scoreText(predictors[0])}, ${up} ${scoreText(predictors[1])}`;
  return trans.__("%1: %2; predicted score %3", payload.encoders[encoder], place, scoreText(predicted));
}

function ends(values: readonly number[]): [number, number] {
  return [values[0], values[values.length - 1]];
}

/** All benchmarks side by side, scores from 0 (lowest measured) to 1 (highest), on common axes. */
export function facetsFigure(input: LawFigureInput, width: number): Figure | undefined {
  const { trans, payload, fit, state } = input;
  const count = payload.benchmarks.length;
  if (count < 2) return undefined;
  const columns = Math.min(count, Math.max(2, Math.floor(width / 210)), 4);
  const rows = Math.ceil(count / columns);
  const facets = payload.benchmarks.map((_, benchmark) => facetPoints(input, benchmark));
  const range = padded(extent(facets.flatMap((points) => points.flatMap(({ x, y }) => [x, y]))));
  const facet = (width * (1 - GAP_X * (columns - 1))) / columns;
  const title = state.leaveOneOut
    ? trans.__("All benchmarks, predicted without the encoder (across) and measured (up)")
    : trans.__("All benchmarks, predicted (across) and measured (up)");
  return {
    data: facets.map((points, i) => ({
      ...encoderTrace(
        withNeighbors(points, { width: facet, height: FACET_PIXELS, x: range, y: range }, true),
        state,
        true,
      ),
      ...axesOf(i),
    })),
    layout: {
      ...frame(title, 60 + rows * FACET_HEIGHT),
      margin: { t: 64, r: 12, b: 32, l: 40 },
      shapes: facets.map((_, i) => diagonal(axisName("x", i), axisName("y", i), range)),
      annotations: facets.map((_, i) => facetLabel(input, i, fit)),
      ...Object.fromEntries(facets.flatMap((_, i) => facetAxes(i, rows, columns, range))),
    },
    config: {},
  };
}

function facetPoints({ trans, payload, fit, state }: LawFigureInput, benchmark: number): PlacedPoint[] {
  const points = lawPoints(payload, fit, benchmark);
  const [low, high] = extent(points.flatMap(({ measured }) => (measured === null ? [] : [measured])));
  const unit = (value: number): number => (value - low) / (high - low || 1);
  return points.flatMap((point): PlacedPoint[] => {
    const predicted = shownPrediction(point, state);
    if (predicted === null || point.measured === null) return [];
    const text = sayPoint(trans, payload, point, predicted);
    return [{ encoder: point.encoder, x: unit(predicted), y: unit(point.measured), text }];
  });
}

function axisName(letter: "x" | "y", i: number): string {
  return i === 0 ? letter : `${letter}${i + 1}`;
}

function axesOf(i: number): Record<string, string> {
  return { xaxis: axisName("x", i), yaxis: axisName("y", i) };
}

const GAP_X = 0.05;
const GAP_Y = 0.2;

function facetAxes(i: number, rows: number, columns: number, range: [number, number]): [string, object][] {
  const [row, column] = [Math.floor(i / columns), i % columns];
  const [width, height] = [(1 - GAP_X * (columns - 1)) / columns, (1 - GAP_Y * (rows - 1)) / rows];
  const left = column * (width + GAP_X);
  const top = 1 - row * (height + GAP_Y);
  const shared = { range, tickvals: [0, 0.5, 1], zeroline: false, automargin: false };
  const name = (letter: "x" | "y"): string => `${letter}axis${i === 0 ? "" : i + 1}`;
  return [
    [name("x"), { ...shared, domain: [left, left + width], anchor: axisName("y", i) }],
    [
      name("y"),
      { ...shared, domain: [Math.max(0, top - height), top], anchor: axisName("x", i), showticklabels: column === 0 },
    ],
  ];
}

function facetLabel({ payload, state }: LawFigureInput, i: number, fit: SavedFit): object {
  const { r2, looQ2 } = fit.benchmarks[i];
  return {
    text: facetTitle(payload, i, state.leaveOneOut ? looQ2 : r2, state),
    xref: `${axisName("x", i)} domain`,
    yref: `${axisName("y", i)} domain`,
    x: 0,
    y: 1,
    xanchor: "left",
    yanchor: "bottom",
    showarrow: false,
    font: { size: 12 },
  };
}

/** An encoder's place in the panel of predicted and measured scores. */
export interface ScatterPoint {
  encoder: number;
  predicted: number;
  measured: number;
}

/** The panel of predicted and measured scores: both axes have the same range. */
export interface Scatter {
  points: ScatterPoint[];
  range: [number, number];
}

/** The points that have both scores. With `leaveOneOut`, predictions are those of fits without the encoder. */
export function scatterLayout(payload: LawPayload, fit: SavedFit, benchmark: number, leaveOneOut: boolean): Scatter {
  const points = lawPoints(payload, fit, benchmark).flatMap((point): ScatterPoint[] => {
    const predicted = leaveOneOut ? point.leftOut : point.predicted;
    const { encoder, measured } = point;
    return predicted === null || measured === null ? [] : [{ encoder, predicted, measured }];
  });
  return { points, range: padded(extent(points.flatMap(({ predicted, measured }) => [predicted, measured]))) };
}
