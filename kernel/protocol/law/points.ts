import { DARK, LIGHT, cssColor, figureText } from "../core/figure";
import { figure, type LawPoint } from "./model";
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

const LIGHT_CSS = cssColor(LIGHT);
const DARK_CSS = cssColor(DARK);

/**
 * Encoders as numbered markers, a trace each: plotly draws the texts of a trace over all of its markers, and a number must not shine
 * through the marker that covers it.
 */
export function numberedTraces(points: readonly PlacedPoint[], state: LawChoices): Record<string, unknown>[] {
  return onTop(points, state).map((point) => encoderTrace([point], state));
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
  const size = (point: PlacedPoint): number => (small ? 8 : 18) + (point.encoder === active ? (small ? 5 : 7) : 0);
  return {
    type: "scatter",
    mode: small ? "markers" : "markers+text",
    x: ordered.map(({ x }) => x),
    y: ordered.map(({ y }) => y),
    customdata: ordered.map(({ encoder }) => encoder),
    text: ordered.map(({ encoder }) => String(encoder + 1)),
    textposition: "middle center",
    textfont: { size: 10, color: chosen.map((is) => (is ? LIGHT_CSS : DARK_CSS)) },
    hovertext: ordered.map(({ text }) => figureText(text)),
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
