import { COLORWAY, GUIDE, cssColor, figureText, type Figure } from "../core/figure";
import type { Translate } from "../core/words";
import { curvesIn, type Chart } from "./charts";
import type { CurvePoint } from "./curve";
import type { NamedCurve, RunRecord } from "./record";
import { stageLines, stageNames, upright } from "./stage-marks";

/** The choices of a reader that change the charts. */
export interface ChartChoices {
  /** Position of the run whose stages are marked. */
  run: number;
  log: boolean;
  smooth: boolean;
  /** The update that is read out, if any. */
  cursor?: number;
}

/** All that the figures are made of. */
export interface ChartInput {
  trans: Translate;
  runs: readonly RunRecord[];
  state: ChartChoices;
  /** Pixels that the panel is wide. */
  width: number;
}

const HEIGHT = 290;
const [LEGEND_ROW, LEGEND_GAP] = [19, 11];
const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];
const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "cross", "star", "hexagon", "x"];
const GRAY = cssColor(GUIDE, 0.9);
/** Evaluations beyond which their markers would cover each other. */
const CROWD = 24;
/** Share of the curve's length over which it is smoothed. */
const SPAN = 0.03;

/** One chart of all runs. */
export function chartFigure(chart: Chart, input: ChartInput): Figure {
  const { trans, runs, state, width } = input;
  const data = runs.flatMap((run, i) => curvesIn(chart, run).flatMap((named, j) => tracesOf(input, named, run, i, j)));
  const run = runs[state.run];
  const named = data.filter(({ showlegend }) => showlegend !== false).length;
  const legend = named > 1 ? LEGEND_ROW * Math.ceil(named / 2) + LEGEND_GAP : 0;
  return {
    data,
    layout: {
      title: {
        text: figureText(titleOf(trans, chart)),
        font: { size: 14 },
        x: 0.01,
        xanchor: "left",
        y: 0.98,
        yanchor: "top",
      },
      height: HEIGHT + legend,
      margin: { t: 34, r: 12, b: 40 + legend, l: 58 },
      hovermode: "x",
      dragmode: false,
      showlegend: named > 1,
      legend: { orientation: "h", x: 0, y: 0, yref: "container", yanchor: "bottom" },
      xaxis: { title: { text: figureText(trans.__("update")), standoff: 4 }, rangemode: "tozero" },
      yaxis: { type: state.log ? "log" : "linear", exponentformat: "power", nticks: 7 },
      shapes: [...stageLines(run), ...cursorLine(state)],
      annotations: stageNames(run, { last: lastStep(data), width }),
    },
    config: {},
  };
}

function titleOf(trans: Translate, { kind, name }: Chart): string {
  switch (kind) {
    case "loss":
      return trans.__("Loss");
    case "rate":
      return trans.__("Learning rate by group");
    case "norm":
      return trans.__("Norm of the gradient");
    case "metric":
      return name;
    default:
      return kind satisfies never;
  }
}

type Trace = Record<string, unknown>;

function lastStep(data: readonly Trace[]): number {
  return data.reduce((most, { x }) => Math.max(most, (x as number[]).at(-1) ?? 0), 0);
}

/** Returns the trace of the measured values and, where smoothing is asked for, the smoothed trace over it. */
function tracesOf(input: ChartInput, named: NamedCurve, run: RunRecord, i: number, j: number): Trace[] {
  const { trans, runs, state } = input;
  const rates = named.kind === "rate";
  const color = COLORWAY[(rates && runs.length === 1 ? j : i) % COLORWAY.length];
  const name = figureText(legendName(trans, named, runs.length > 1 ? run.name || String(i + 1) : ""));
  if (named.kind === "validation") return [validationTrace(named, name, color, i)];
  const dash = DASHES[(rates ? j : i) % DASHES.length];
  const smooth = state.smooth && !rates && named.curve.buckets.length > 8;
  const measured = line(named.curve.points(), name, { color, width: smooth ? 1 : 1.8, dash: smooth ? "solid" : dash });
  if (!smooth) return [measured];
  const { buckets } = named.curve;
  const span = Math.max(3, SPAN * (buckets[buckets.length - 1].step - buckets[0].step));
  const smoothed = line(named.curve.smoothed(span), name, { color, width: 2.4, dash });
  return [{ ...measured, opacity: 0.35, showlegend: false, hoverinfo: "skip" }, smoothed];
}

/** The chart's title says what is measured: the legend, in which run and on what. */
function legendName(trans: Translate, { kind, name }: NamedCurve, run: string): string {
  const of = kind === "validation" ? trans.__("validation") : kind === "rate" ? name : run ? "" : trans.__("train");
  return [run, of].filter(Boolean).join(", ");
}

function validationTrace({ curve }: NamedCurve, name: string, color: string, i: number): Trace {
  return {
    ...line(curve.points(), name, { color, width: 1.4, dash: "dot" }),
    mode: "lines+markers",
    marker: {
      size: curve.buckets.length > CROWD ? 5 : 8,
      symbol: SYMBOLS[i % SYMBOLS.length],
      color,
      line: { width: 1, color: GRAY },
    },
  };
}

function line(points: readonly CurvePoint[], name: string, style: object): Trace {
  const steps = points.map(({ step }) => step);
  return {
    type: "scatter",
    mode: "lines",
    name,
    x: steps,
    y: points.map(({ value }) => value),
    customdata: steps,
    line: style,
  };
}

function cursorLine({ cursor }: ChartChoices): object[] {
  return cursor === undefined ? [] : [upright(cursor, "solid")];
}
