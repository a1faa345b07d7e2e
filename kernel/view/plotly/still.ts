import { least, most } from "../../numeric/extremes";
import { colorHex } from "../../protocol/core/color";
import { axisOptions, makeAxis, type Axis } from "./axis";
import { label, line, tag, widthOf } from "./svg";
import {
  drawBars,
  drawHeatmap,
  drawScatter,
  errorBounds,
  heatmapRange,
  readTrace,
  type Plane,
  type Trace,
} from "./traces";
import { numberOf, textOf, titleText, withoutTags, type Coordinate, type PlotlyObject } from "./values";

const INK = "#2a2a2a";
const GRID = "#e3e3e3";
const LEGEND_ROW = 18;
const BAR_WIDTH = 70;

interface Frame {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/**
 * Draws a figure as SVG: scatter, bar and heat-map traces with axes, ticks, title and legend. The figure names the parts
 * that cannot be drawn.
 */
export function stillFigure(data: readonly PlotlyObject[], layout: PlotlyObject): string {
  const traces = data.map(readTrace);
  const known = traces.filter(isDrawn);
  const notes = missing(data, traces, layout);
  const frame = makeFrame(known, layout, notes.length);
  const plane = makePlane(known, layout, frame);
  const clip = tag(
    "clipPath",
    { id: "plot" },
    tag("rect", { x: frame.left, y: frame.top, width: frame.right - frame.left, height: frame.bottom - frame.top }),
  );
  const parts = [
    tag("rect", { width: frame.width, height: frame.height, fill: "#fff" }),
    tag("defs", {}, clip),
    ...(known.length ? drawAxes(plane, frame) : []),
    tag("g", { "clip-path": "url(#plot)" }, ...drawTraces(known, plane), ""),
    ...drawTitle(layout, frame),
    ...drawLegend(known, layout, frame),
    ...notes.map((note, i) =>
      label(note, frame.left, frame.height - 8 - LEGEND_ROW * (notes.length - 1 - i), { size: 11, fill: "#8a3b00" }),
    ),
  ];
  const attributes = {
    xmlns: "http://www.w3.org/2000/svg",
    width: frame.width,
    height: frame.height,
    viewBox: `0 0 ${frame.width} ${frame.height}`,
  };
  return tag("svg", { ...attributes, "font-family": "Helvetica, Arial, sans-serif", fill: INK, role: "img" }, ...parts);
}

function isDrawn(trace: Trace | undefined): trace is Trace {
  return trace !== undefined && trace.options.visible !== false;
}

/** An honest list of what the still figure leaves out. */
function missing(data: readonly PlotlyObject[], traces: (Trace | undefined)[], layout: PlotlyObject): string[] {
  const types = data.filter((_, i) => !traces[i]).map((trace) => textOf(trace.type) ?? "unnamed");
  const extras = ["shapes", "annotations", "images"].filter((key) => isFilled(layout[key]));
  const panels = data.some((trace) => trace.xaxis !== undefined && trace.xaxis !== "x") ? ["further subplots"] : [];
  const stacked =
    layout.barmode === "stack" || layout.barmode === "relative" ? ["stacked bars (shown side by side)"] : [];
  const thinned = traces.flatMap((trace) =>
    trace && trace.count > trace.x.length
      ? [`all but ${trace.x.length} of the ${trace.count} points of ${trace.name}`]
      : [],
  );
  const left = [...thinned, ...new Set(types.map((type) => `${type} traces`)), ...extras, ...panels, ...stacked];
  return left.length
    ? [`Not drawn in this still picture: ${left.join(", ")}. Open the notebook for the full figure.`]
    : [];
}

function isFilled(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

function makeFrame(traces: Trace[], layout: PlotlyObject, notes: number): Frame {
  const width = clamp(numberOf(layout.width) ?? 700, 200, 2000);
  const height = clamp(numberOf(layout.height) ?? 420, 150, 2000);
  const labels = longestLabel(traces);
  const legend = hasLegend(traces, layout) ? 34 + most(traces.map((trace) => widthOf(trace.name))) : 0;
  const bar = traces.some((trace) => trace.kind === "heatmap") ? BAR_WIDTH : 0;
  return {
    width,
    height,
    left: Math.min(width * 0.45, 30 + labels + (titleText(axisOptions(layout, "yaxis").title) ? 20 : 0)),
    right: width - 20 - Math.min(width * 0.4, Math.max(legend, bar)),
    top: titleText(layout.title) ? 46 : 20,
    bottom: height - 54 - notes * LEGEND_ROW,
  };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

function longestLabel(traces: Trace[]): number {
  const names = traces.flatMap((trace) => trace.y).map((value) => (typeof value === "string" ? widthOf(value) : 0));
  return Math.max(24, most(names));
}

function makePlane(traces: Trace[], layout: PlotlyObject, frame: Frame): Plane {
  const bars = (horizontal: boolean): boolean =>
    traces.some((trace) => trace.kind === "bar" && trace.horizontal === horizontal);
  const heat = traces.length > 0 && traces.every((trace) => trace.kind === "heatmap");
  const padding = heat ? 0 : 0.06;
  const x: Axis = makeAxis({
    options: axisOptions(layout, "xaxis"),
    values: extent(traces, "x", heat),
    includeZero: bars(true),
    padding,
    from: frame.left,
    to: frame.right,
    spacing: 80,
  });
  const options = axisOptions(layout, "yaxis");
  const turned = options.autorange === "reversed";
  const [from, to] = turned ? [frame.top, frame.bottom] : [frame.bottom, frame.top];
  return {
    x,
    y: makeAxis({
      options,
      values: extent(traces, "y", heat),
      includeZero: bars(false),
      padding,
      from,
      to,
      spacing: 50,
    }),
  };
}

/** Everything along an axis: points, ends of error bars, room for half a bar or cell at the ends. */
function extent(traces: Trace[], key: "x" | "y", heat: boolean): (Coordinate | null)[] {
  return traces.flatMap((trace) => {
    const values = trace[key];
    const errors = values.flatMap((_, i) => errorBounds(trace, i, key === "x" ? "error_x" : "error_y") ?? []);
    const isKey = heat || (trace.kind === "bar" && (key === "y") === trace.horizontal);
    return isKey ? [...values, ...halfSteps(values)] : [...values, ...errors];
  });
}

function halfSteps(values: (Coordinate | null)[]): number[] {
  const numbers = values.filter((value): value is number => typeof value === "number");
  if (numbers.length === 0 || numbers.length < values.length) return [];
  const [low, high] = [least(numbers), most(numbers)];
  const half = numbers.length > 1 ? (high - low) / (numbers.length - 1) / 2 : 0.5;
  return [low - half, high + half];
}

function drawAxes({ x, y }: Plane, frame: Frame): string[] {
  const { left, right, top, bottom } = frame;
  const across = x.ticks.flatMap(({ value, label: text }) => [
    line(value, top, value, bottom, GRID),
    label(text, value, bottom + 17, { anchor: "middle" }),
  ]);
  const up = y.ticks.flatMap(({ value, label: text }) => [
    line(left, value, right, value, GRID),
    label(text, left - 7, value + 4, { anchor: "end" }),
  ]);
  return [
    ...across,
    ...up,
    line(left, bottom, right, bottom, INK),
    line(left, top, left, bottom, INK),
    label(withoutTags(x.title), (left + right) / 2, bottom + 40, { anchor: "middle", size: 13 }),
    label(withoutTags(y.title), 17, (top + bottom) / 2, { anchor: "middle", size: 13, upright: true }),
  ];
}

function drawTraces(traces: Trace[], plane: Plane): string[] {
  const bars = traces.filter((trace) => trace.kind === "bar");
  return traces.flatMap((trace) => {
    switch (trace.kind) {
      case "scatter":
        return drawScatter(trace, plane);
      case "bar":
        return drawBars(trace, plane, bars.indexOf(trace), bars.length);
      case "heatmap":
        return drawHeatmap(trace, plane);
      default:
        return trace.kind satisfies never;
    }
  });
}

function drawTitle(layout: PlotlyObject, frame: Frame): string[] {
  const title = withoutTags(titleText(layout.title));
  return title ? [label(title, frame.left, 26, { size: 16, weight: "bold" })] : [];
}

function hasLegend(traces: Trace[], layout: PlotlyObject): boolean {
  const shown = traces.filter((trace) => trace.kind !== "heatmap" && trace.options.showlegend !== false);
  return shown.length > 0 && (layout.showlegend === true || (layout.showlegend !== false && shown.length > 1));
}

function drawLegend(traces: Trace[], layout: PlotlyObject, frame: Frame): string[] {
  const heat = traces.find((trace) => trace.kind === "heatmap");
  if (heat) return drawColorBar(heat, frame);
  if (!hasLegend(traces, layout)) return [];
  const left = frame.right + 14;
  return traces.flatMap((trace, i) => {
    const y = frame.top + 8 + i * LEGEND_ROW;
    const key =
      trace.kind === "bar"
        ? tag("rect", { x: left, y: y - 5, width: 14, height: 10, fill: trace.color })
        : line(left, y, left + 14, y, trace.color, 3);
    return [key, label(withoutTags(trace.name), left + 20, y + 4)];
  });
}

const BAR_STEPS = 48;

function drawColorBar(trace: Trace, frame: Frame): string[] {
  const [low, high] = heatmapRange(trace);
  const left = frame.right + 14;
  const height = frame.bottom - frame.top;
  const steps = Array.from({ length: BAR_STEPS }, (_, i) =>
    tag("rect", {
      x: left,
      y: frame.top + (i / BAR_STEPS) * height,
      width: 14,
      height: height / BAR_STEPS + 0.5,
      fill: colorHex("viridis", 1 - (i + 0.5) / BAR_STEPS),
    }),
  );
  return [...steps, label(short(high), left + 18, frame.top + 10), label(short(low), left + 18, frame.bottom)];
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
