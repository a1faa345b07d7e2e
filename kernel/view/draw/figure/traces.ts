import { isRecord } from "../../../rules/json-text";
import { most } from "../../../numeric/order";
import { COLORWAY } from "../../../protocol/core/figure";
import type { Axis } from "./axis";
import { heatColoring } from "./colors";
import { drawMarks, type Place } from "./markers";
import { INK, line, tag } from "./svg";
import { coordinates, matrix, numberOf, ofPoint, record, textOf, type Coordinate, type PlotlyObject } from "./values";

export type TraceKind = "scatter" | "bar" | "heatmap";

/** A trace that the still figure can draw. */
export interface Trace {
  kind: TraceKind;
  name: string;
  color: string;
  x: (Coordinate | null)[];
  y: (Coordinate | null)[];
  /** Points of the figure; `x` and `y` hold as many of them as a still picture can show. */
  count: number;
  horizontal: boolean;
  /** Names of its axes, as `x` and `y2`. */
  axes: readonly [x: string, y: string];
  options: PlotlyObject;
}

/** Plots that we draw ourselves; others become a note in the figure. */
export function readTrace(
  given: PlotlyObject,
  position: number,
  colorway: readonly string[] = COLORWAY,
): Trace | undefined {
  const type = textOf(given.type) ?? "scatter";
  const kind = type === "scattergl" ? "scatter" : type;
  if (kind !== "scatter" && kind !== "bar" && kind !== "heatmap") return undefined;
  const color = firstColor(given) ?? colorway[position % colorway.length];
  const name = textOf(given.name) ?? `trace ${position}`;
  const horizontal = given.orientation === "h";
  const axes = [textOf(given.xaxis) ?? "x", textOf(given.yaxis) ?? "y"] as const;
  const shared = { kind, name, color, horizontal, axes } as const;
  if (kind === "heatmap") {
    const [x, y] = heatmapAxes(given);
    return { ...shared, x, y, count: x.length, options: given };
  }
  const count = pointAxes(given)[0].length;
  const options = count > MOST_POINTS ? (thinned(given, count) as PlotlyObject) : given;
  const [x, y] = pointAxes(options);
  return { ...shared, x, y, count, options };
}

/** A still picture some 600 pixels wide shows no more points than these apart. */
const MOST_POINTS = 4000;

/** Every n-th entry of each list that has one entry a point, at any depth: coordinates, errors, sizes, texts. */
function thinned(value: unknown, count: number): unknown {
  const step = Math.ceil(count / MOST_POINTS);
  if (Array.isArray(value)) return value.length === count ? value.filter((_, i) => i % step === 0) : value;
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, thinned(item, count)]));
}

function firstColor(options: PlotlyObject): string | undefined {
  return textOf(record(options.marker).color) ?? textOf(record(options.line).color);
}

function pointAxes(options: PlotlyObject): [Trace["x"], Trace["y"]] {
  const [x, y] = [coordinates(options.x), coordinates(options.y)];
  if (x.length === 0) return [y.map((_, i) => i), y];
  return y.length === 0 ? [x, x.map((_, i) => i)] : [x, y];
}

function heatmapAxes(options: PlotlyObject): [Trace["x"], Trace["y"]] {
  const rows = matrix(options.z);
  const [x, y] = [coordinates(options.x), coordinates(options.y)];
  const width = Math.max(0, most(rows.map((row) => row.length)));
  return [x.length ? x : Array.from({ length: width }, (_, i) => i), y.length ? y : rows.map((_, i) => i)];
}

export interface Plane {
  x: Axis;
  y: Axis;
}

/** Lines, markers and error bars of a scatter trace. */
export function drawScatter(trace: Trace, plane: Plane): string[] {
  const mode = textOf(trace.options.mode) ?? (trace.x.length < 20 ? "lines+markers" : "lines");
  const points = trace.x.map((x, i) => [plane.x.place(x), plane.y.place(trace.y[i] ?? null)] as const);
  return [
    ...(mode.includes("lines") ? drawLine(points, trace) : []),
    ...drawErrors(trace, plane),
    ...drawMarks(points, trace.options, trace.color, mode),
  ];
}

const DASHES: Record<string, string | undefined> = {
  dash: "6 4",
  dot: "2 3",
  dashdot: "6 3 2 3",
  longdash: "10 5",
  longdashdot: "10 5 2 5",
};

/** The dashes of a line's style as SVG writes them. */
export function dashOf(style: PlotlyObject): string | undefined {
  return DASHES[textOf(style.dash) ?? ""];
}

/** A gap in the data is a gap in the line. */
function drawLine(points: Place[], trace: Trace): string[] {
  let path = "";
  let pen = "M";
  for (const [x, y] of points) {
    if (x === undefined || y === undefined) pen = "M";
    else path += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    if (x !== undefined && y !== undefined) pen = "L";
  }
  const style = record(trace.options.line);
  const dash = dashOf(style);
  const attributes = {
    fill: "none",
    stroke: textOf(style.color) ?? trace.color,
    "stroke-width": numberOf(style.width) ?? 2,
    "stroke-dasharray": dash,
    "stroke-linejoin": "round",
    opacity: numberOf(trace.options.opacity),
  };
  return path ? [tag("path", { d: path, ...attributes })] : [];
}

const ERROR_WIDTH = 2;

/** Error bars: `error_x` and `error_y`, symmetric or not, by array or by one value. */
export function drawErrors(trace: Trace, plane: Plane): string[] {
  return trace.x.flatMap((x, i) => [
    ...drawError(trace, plane, i, x, trace.y[i] ?? null, "error_x"),
    ...drawError(trace, plane, i, x, trace.y[i] ?? null, "error_y"),
  ]);
}

function drawError(
  trace: Trace,
  plane: Plane,
  i: number,
  x: Coordinate | null,
  y: Coordinate | null,
  key: "error_x" | "error_y",
): string[] {
  const bounds = errorBounds(trace, i, key);
  const [px, py] = [plane.x.place(x), plane.y.place(y)];
  if (!bounds || px === undefined || py === undefined) return [];
  const axis = key === "error_x" ? plane.x : plane.y;
  const [low, high] = bounds.map((value) => axis.place(value));
  if (low === undefined || high === undefined) return [];
  const ink = INK;
  if (key === "error_x")
    return [
      line(low, py, high, py, ink, ERROR_WIDTH),
      line(low, py - 4, low, py + 4, ink, ERROR_WIDTH),
      line(high, py - 4, high, py + 4, ink, ERROR_WIDTH),
    ];
  return [
    line(px, low, px, high, ink, ERROR_WIDTH),
    line(px - 4, low, px + 4, low, ink, ERROR_WIDTH),
    line(px - 4, high, px + 4, high, ink, ERROR_WIDTH),
  ];
}

/** Ends of an error bar in the units of its axis. */
export function errorBounds(trace: Trace, i: number, key: "error_x" | "error_y"): [number, number] | undefined {
  const error = trace.options[key];
  const value = Number((key === "error_x" ? trace.x : trace.y)[i] ?? NaN);
  if (!isRecord(error) || !Number.isFinite(value)) return undefined;
  const above = errorAt(error.array, i) ?? numberOf(error.value);
  if (above === undefined) return undefined;
  const below = error.symmetric === false ? (errorAt(error.arrayminus, i) ?? numberOf(error.valueminus) ?? 0) : above;
  return [value - below, value + above];
}

function errorAt(list: unknown, i: number): number | undefined {
  return Array.isArray(list) ? numberOf(list[i]) : undefined;
}

/** Bars of one trace, `slot` of `slots` side by side. */
export function drawBars(trace: Trace, plane: Plane, slot: number, slots: number): string[] {
  const [along, across] = trace.horizontal ? [plane.y, plane.x] : [plane.x, plane.y];
  const [keys, values] = trace.horizontal ? [trace.y, trace.x] : [trace.x, trace.y];
  const width = (along.step(keys) * 0.8) / slots;
  const zero = across.place(0) ?? 0;
  const bars = keys.map((key, i) => {
    const middle = along.place(key);
    const end = across.place(values[i] ?? null);
    if (middle === undefined || end === undefined) return "";
    const start = middle - (width * slots) / 2 + slot * width;
    return bar(trace, i, start, width, Math.min(zero, end), Math.abs(end - zero));
  });
  return [...bars, ...drawErrors(trace, shifted(trace, plane, (slot - (slots - 1) / 2) * width))];
}

function bar(trace: Trace, i: number, start: number, width: number, from: number, length: number): string {
  const { color } = record(trace.options.marker);
  const fill = textOf(ofPoint(color, i)) ?? trace.color;
  const box = trace.horizontal
    ? { x: from, y: start, width: length, height: width }
    : { x: start, y: from, width, height: length };
  return tag("rect", { ...box, fill });
}

/** Error bars stand on their own bar of a group. */
function shifted(trace: Trace, plane: Plane, by: number): Plane {
  const move = (axis: Axis): Axis => ({
    ...axis,
    place: (value) => {
      const at = axis.place(value);
      return at === undefined ? undefined : at + by;
    },
  });
  return trace.horizontal ? { ...plane, y: move(plane.y) } : { ...plane, x: move(plane.x) };
}

/** The nearest whole pixel; the same for two neighbors whose common edge was computed twice. */
const wholePixel = (edge: number): number => Math.round(Math.round(edge * 1000) / 1000);

/** Cells of a heat-map, in whole pixels so that no seams show; one without a value stays empty. */
export function drawHeatmap(trace: Trace, plane: Plane): string[] {
  const { colorOf } = heatColoring(trace.options);
  const [width, height] = [plane.x.step(trace.x), plane.y.step(trace.y)];
  return matrix(trace.options.z).flatMap((row, r) =>
    row.map((value, c) => {
      const [x, y] = [plane.x.place(trace.x[c] ?? null), plane.y.place(trace.y[r] ?? null)];
      if (value === undefined || x === undefined || y === undefined) return "";
      const [left, right, top, bottom] = [x - width / 2, x + width / 2, y - height / 2, y + height / 2].map(wholePixel);
      const box = { x: left, y: top, width: right - left, height: bottom - top };
      return tag("rect", { ...box, fill: colorOf(value) });
    }),
  );
}
