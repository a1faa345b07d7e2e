import { DARK, LIGHT, cssColor, figureText } from "../core/figure";
import type { Point } from "../core/geometry";
import { figure, type LawPoint } from "./model";
import { neighborsOf, spreadMarkers, type PanelScale } from "./spread";
import type { LawPayload } from "./payload";

/** The choices of a reader that change the panels. */
export interface LawChoices {
  benchmark: number;
  /** Predictions of fits that have not seen the encoder. */
  leaveOneOut: boolean;
  residuals: boolean;
  /** Encoder that is selected, and the one that is pointed at. */
  selected?: number;
  active?: number;
}

/** A point with its place in a panel. */
export interface PlacedPoint {
  encoder: number;
  x: number;
  y: number;
  /** Text shown under the pointer. */
  text: string;
}

/** Diameter of a numbered marker, and of one without a number, in pixels. */
const [NUMBERED, SMALL] = [18, 8];

/** Points with the names of those that lie under the same marker in their texts. */
export function withNeighbors(points: readonly PlacedPoint[], scale: PanelScale, isSmall = false): PlacedPoint[] {
  const near = neighborsOf(
    points.map(({ x, y }) => [x, y] as const),
    scale,
    isSmall ? SMALL : NUMBERED,
  );
  return points.map((point, i) => ({
    ...point,
    text: [point, ...near[i].map((j) => points[j])].map(({ text }) => text).join("\n"),
  }));
}

const LIGHT_CSS = cssColor(LIGHT);
const DARK_CSS = cssColor(DARK);

/**
 * Encoders as numbered markers that do not cover each other: one that lies on another stands aside, with a line to its place. A trace
 * each: plotly draws the texts of a trace over all of its markers, and a number must not shine through the marker that covers it.
 */
export function numberedTraces(
  points: readonly PlacedPoint[],
  state: LawChoices,
  scale: PanelScale,
): Record<string, unknown>[] {
  const named = withNeighbors(points, scale);
  const places = spreadMarkers(
    points.map(({ x, y }) => [x, y] as const),
    scale,
    NUMBERED,
  );
  const moved = named.map((point, i) => ({ ...point, x: places[i][0], y: places[i][1] }));
  const leaders = points.flatMap(({ x, y }, i) =>
    moved[i].x === x && moved[i].y === y ? [] : [{ x, y, to: places[i] }],
  );
  return [...leaderTraces(leaders), ...onTop(moved, state).map((point) => encoderTrace([point], state))];
}

/** Lines from the exact places, with a dot there, to the markers that stand aside; in two tones, to be seen on any ground. */
function leaderTraces(leaders: readonly { x: number; y: number; to: Point }[]): Record<string, unknown>[] {
  if (!leaders.length) return [];
  const line = {
    type: "scatter",
    mode: "lines",
    x: leaders.flatMap(({ x, to }) => [x, to[0], null]),
    y: leaders.flatMap(({ y, to }) => [y, to[1], null]),
    hoverinfo: "skip",
    showlegend: false,
    cliponaxis: false,
  };
  const dots = { x: leaders.map(({ x }) => x), y: leaders.map(({ y }) => y), mode: "markers" };
  const marker = { size: 6, color: DARK_CSS, opacity: 1, line: { color: LIGHT_CSS, width: 1.2 } };
  return [
    { ...line, line: { color: LIGHT_CSS, width: 3.2 } },
    { ...line, line: { color: DARK_CSS, width: 1.2 } },
    { ...line, ...dots, marker },
  ];
}

/** The selected and the active encoder last, so that they lie on top. */
function onTop(points: readonly PlacedPoint[], state: LawChoices): PlacedPoint[] {
  const { active } = state;
  const rank = ({ encoder }: PlacedPoint): number => (encoder === active ? 2 : encoder === state.selected ? 1 : 0);
  return [...points].sort((a, b) => rank(a) - rank(b));
}

/** Encoders as two-tone markers, dark on light: discs; the selected one is a square in the reverse, the active one is larger. */
export function encoderTrace(
  points: readonly PlacedPoint[],
  state: LawChoices,
  small = false,
): Record<string, unknown> {
  const { active } = state;
  const ordered = onTop(points, state);
  const chosen = ordered.map(({ encoder }) => encoder === state.selected);
  const size = (point: PlacedPoint): number =>
    (small ? SMALL : NUMBERED) + (point.encoder === active ? (small ? 5 : 7) : 0);
  return {
    type: "scatter",
    mode: small ? "markers" : "markers+text",
    x: ordered.map(({ x }) => x),
    y: ordered.map(({ y }) => y),
    customdata: ordered.map(({ encoder }) => encoder),
    text: ordered.map(({ encoder }) => String(encoder + 1)),
    textposition: "middle center",
    textfont: { size: 10, color: chosen.map((is) => (is ? LIGHT_CSS : DARK_CSS)) },
    hovertext: ordered.map(({ text }) => text.split("\n").map(figureText).join("<br>")),
    hoverinfo: "text",
    showlegend: false,
    cliponaxis: false,
    marker: {
      size: ordered.map((point, i) => size(point) + (chosen[i] ? 3 : 0)),
      symbol: chosen.map((is) => (is ? "square" : "circle")),
      color: chosen.map((is) => (is ? DARK_CSS : LIGHT_CSS)),
      opacity: 1,
      line: {
        color: chosen.map((is) => (is ? LIGHT_CSS : DARK_CSS)),
        width: ordered.map(({ encoder }) => (encoder === active ? 3 : 1.5)),
      },
    },
  };
}

/** Returns the prediction that the switch selects: in sample, or of the fit without the encoder. */
export function shownPrediction(point: LawPoint, state: LawChoices): number | null {
  return state.leaveOneOut ? point.leftOut : point.predicted;
}

export function facetTitle(payload: LawPayload, benchmark: number, value: number | null, state: LawChoices): string {
  const name = figureText(payload.benchmarks[benchmark]);
  const text = `${name} · ${state.leaveOneOut ? "Q²" : "R²"} ${figure(value)}`;
  return benchmark === state.benchmark ? `<b>${text}</b>` : text;
}
