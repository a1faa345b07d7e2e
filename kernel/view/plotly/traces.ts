import { most } from "../../numeric/extremes";
import { colorHex } from "../../protocol/core/color";
import type { Axis } from "./axis";
import { label, line, tag } from "./svg";
import { coordinates, isRecord, numberOf, record, textOf, type Coordinate, type PlotlyObject } from "./values";

/** d3's ten categorical colours, plotly's default. */
const COLORWAY = [
  "#1f77b4",
  "#ff7f0e",
  "#2ca02c",
  "#d62728",
  "#9467bd",
  "#8c564b",
  "#e377c2",
  "#7f7f7f",
  "#bcbd22",
  "#17becf",
];

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
  options: PlotlyObject;
}

/** Plots that we draw ourselves; others become a note in the figure. */
export function readTrace(given: PlotlyObject, position: number): Trace | undefined {
  const type = textOf(given.type) ?? "scatter";
  const kind = type === "scattergl" ? "scatter" : type;
  if (kind !== "scatter" && kind !== "bar" && kind !== "heatmap") return undefined;
  const color = firstColor(given) ?? COLORWAY[position % COLORWAY.length];
  const name = textOf(given.name) ?? `trace ${position}`;
  const horizontal = given.orientation === "h";
  if (kind === "heatmap") {
    const [x, y] = heatmapAxes(given);
    return { kind, name, color, x, y, count: x.length, horizontal, options: given };
  }
  const count = pointAxes(given)[0].length;
  const options = count > MOST_POINTS ? (thinned(given, count) as PlotlyObject) : given;
  const [x, y] = pointAxes(options);
  return { kind, name, color, x, y, count, horizontal, options };
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

export function matrix(value: unknown): (number | undefined)[][] {
  return Array.isArray(value) ? value.map((row: unknown) => (Array.isArray(row) ? row.map(numberOf) : [])) : [];
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
    ...(mode.includes("markers") ? points.flatMap((point, i) => drawMarker(point, trace, i)) : []),
    ...(mode.includes("text") ? points.flatMap((point, i) => drawText(point, trace, i)) : []),
  ];
}

type Place = readonly [x: number | undefined, y: number | undefined];

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
  const dash = { dash: "6 4", dot: "2 3", dashdot: "6 3 2 3", longdash: "10 5" }[textOf(style.dash) ?? ""];
  const attributes = {
    fill: "none",
    stroke: textOf(style.color) ?? trace.color,
    "stroke-width": numberOf(style.width) ?? 2,
    "stroke-dasharray": dash,
  };
  return path ? [tag("path", { d: path, ...attributes })] : [];
}

function drawMarker([x, y]: Place, trace: Trace, i: number): string[] {
  if (x === undefined || y === undefined) return [];
  const { size, color } = record(trace.options.marker);
  const diameter = numberOf(Array.isArray(size) ? size[i] : size) ?? 6;
  const fill = textOf(Array.isArray(color) ? color[i] : color) ?? trace.color;
  return [tag("circle", { cx: x, cy: y, r: diameter / 2, fill })];
}

function drawText([x, y]: Place, trace: Trace, i: number): string[] {
  const { text } = trace.options;
  const content: unknown = Array.isArray(text) ? text[i] : text;
  if (x === undefined || y === undefined || (typeof content !== "string" && typeof content !== "number")) return [];
  return [label(String(content), x, y - 6, { anchor: "middle", size: 11 })];
}

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
  const ink = "#444";
  if (key === "error_x")
    return [line(low, py, high, py, ink), line(low, py - 4, low, py + 4, ink), line(high, py - 4, high, py + 4, ink)];
  return [line(px, low, px, high, ink), line(px - 4, low, px + 4, low, ink), line(px - 4, high, px + 4, high, ink)];
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
  const fill = textOf(Array.isArray(color) ? color[i] : color) ?? trace.color;
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

/** Range of a heat-map's values, as given or as found. */
export function heatmapRange(trace: Trace): [number, number] {
  const values = matrix(trace.options.z)
    .flat()
    .filter((value): value is number => value !== undefined);
  const low = numberOf(trace.options.zmin) ?? values.reduce((least, value) => Math.min(least, value), Infinity);
  const high = numberOf(trace.options.zmax) ?? values.reduce((most, value) => Math.max(most, value), -Infinity);
  return Number.isFinite(low) && Number.isFinite(high) ? [low, high] : [0, 1];
}

/** Cells of a heat-map in viridis, whatever colour scale the interactive figure has: its bar says so. */
export function drawHeatmap(trace: Trace, plane: Plane): string[] {
  const [low, high] = heatmapRange(trace);
  const [width, height] = [plane.x.step(trace.x), plane.y.step(trace.y)];
  return matrix(trace.options.z).flatMap((row, r) =>
    row.map((value, c) => {
      const [x, y] = [plane.x.place(trace.x[c] ?? null), plane.y.place(trace.y[r] ?? null)];
      if (value === undefined || x === undefined || y === undefined) return "";
      const fill = colorHex("viridis", (value - low) / (high - low || 1));
      return tag("rect", { x: x - width / 2, y: y - height / 2, width: width + 0.3, height: height + 0.3, fill });
    }),
  );
}
