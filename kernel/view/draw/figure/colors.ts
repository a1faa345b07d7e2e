import { clamp, least, most } from "../../../numeric";
import { colorHex, hexColor, isColorMap, type ColorMapName } from "../../../protocol/core/color";
import { matrix, numberOf, record, textOf, type PlotlyObject } from "./values";

/** A color map of a trace: values to colors, with its ends. */
export interface Coloring {
  range: [min: number, max: number];
  colorOf(value: number): string;
}

/** Name of a color map that the still picture replaces, where the trace asks for one that is not ours. */
export function replacedMap({ colorscale }: PlotlyObject): string | undefined {
  return typeof colorscale === "string" && !isColorMap(colorscale.toLowerCase()) ? colorscale : undefined;
}

/** The colors of a heat-map. */
export function heatColoring(options: PlotlyObject): Coloring {
  const values = matrix(options.z)
    .flat()
    .filter((value): value is number => value !== undefined);
  return coloring(options, values, [numberOf(options.zmin), numberOf(options.zmax)]);
}

/** The colors of markers that are numbers, if they are. */
export function markerColoring(options: PlotlyObject): Coloring | undefined {
  const marker = record(options.marker);
  if (!Array.isArray(marker.color) || !marker.color.some((value) => typeof value === "number")) return undefined;
  const values = marker.color.flatMap((value: unknown) => numberOf(value) ?? []);
  return coloring(marker, values, [numberOf(marker.cmin), numberOf(marker.cmax)]);
}

function coloring(
  { colorscale, reversescale }: PlotlyObject,
  values: readonly number[],
  [min, max]: readonly [number | undefined, number | undefined],
): Coloring {
  const [low, high] = [min ?? least(values), max ?? most(values)];
  const range: [number, number] = Number.isFinite(low) && Number.isFinite(high) ? [low, high] : [0, 1];
  const color = interpolator(colorscale);
  const unit = (value: number): number => (value - range[0]) / (range[1] - range[0] || 1);
  return { range, colorOf: (value) => color(reversescale === true ? 1 - unit(value) : unit(value)) };
}

/** A map's colors by position in 0..1: its own stops, one of our maps by name, or viridis. */
function interpolator(given: unknown): (unit: number) => string {
  const stops = Array.isArray(given) ? given.flatMap((stop: unknown) => stopOf(stop) ?? []) : [];
  if (stops.length > 1) return (unit) => between(stops, unit);
  const name = textOf(given)?.toLowerCase();
  const map: ColorMapName = isColorMap(name) ? name : "viridis";
  return (unit) => colorHex(map, unit);
}

interface Stop {
  at: number;
  color: number[] | undefined;
  text: string;
}

function stopOf(stop: unknown): Stop | undefined {
  if (!Array.isArray(stop)) return undefined;
  const [at, text] = stop as unknown[];
  return typeof at === "number" && typeof text === "string" ? { at, text, color: rgbOf(text) } : undefined;
}

/** Red, green and blue of `#rrggbb`, `#rgb` and `rgb(…)`; other colors are not mixed. */
function rgbOf(text: string): number[] | undefined {
  const digits = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(text.trim())?.[1];
  if (digits) {
    const long = digits.length === 3 ? digits.replace(/./g, "$&$&") : digits;
    return [0, 2, 4].map((i) => parseInt(long.slice(i, i + 2), 16));
  }
  const parts = /^rgba?\(([^)]*)\)$/i.exec(text.trim())?.[1].split(",").slice(0, 3).map(Number);
  return parts?.length === 3 && parts.every(Number.isFinite) ? parts : undefined;
}

function between(stops: readonly Stop[], unit: number): string {
  const value = clamp(unit || 0, stops[0].at, stops[stops.length - 1].at);
  const after = Math.max(
    1,
    stops.findIndex(({ at }) => at >= value),
  );
  const [low, high] = [stops[after - 1], stops[after]];
  if (!low.color || !high.color) return value - low.at < high.at - value ? low.text : high.text;
  const share = (value - low.at) / (high.at - low.at || 1);
  const [from, to] = [low.color, high.color];
  return hexColor(from.map((part, i) => Math.round(part + share * (to[i] - part))));
}
