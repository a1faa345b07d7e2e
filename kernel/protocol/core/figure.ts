import { colorHex, type Color, type ColorMapName } from "./color";

/** The drawing style that a live view, its still picture and its exports share. */

/** Free share of a range on both sides, so that a marker at its end is seen whole. */
export const FIGURE_MARGIN = 0.07;
/** Two tones of every marker: one of them stands out on any ground. */
export const DARK: Color = [17, 17, 17];
export const LIGHT: Color = [255, 255, 255];
/** Lines that guide the eye and measure nothing. */
export const GUIDE: Color = [128, 128, 128];
/** Okabe and Ito's colours, told apart by colour-blind people too, without the yellow that white paper swallows. */
export const SERIES: readonly Color[] = [
  [0, 114, 178],
  [213, 94, 0],
  [0, 158, 115],
  [204, 121, 167],
  [230, 159, 0],
  [86, 180, 233],
];
export const RIGHT_COLOR: Color = [0, 158, 115];
export const WRONG_COLOR: Color = [213, 94, 0];
/** Ink of still pictures, which lie on white paper and on dark pages alike: contrast 4.5 to white, 4.2 to JupyterLab's dark. */
export const STILL_INK: Color = [118, 118, 118];
/** Colors of a figure whose author chose none, live and still. */
export const COLORWAY: readonly string[] = SERIES.map((color) => cssColor(color));
/** Steps of a color map that is written out for a figure. */
const STOPS = 16;
/** Digits of a number at an axis. */
const TICK_DIGITS = 3;

/** A colour as CSS and plotly read it. */
export function cssColor([red, green, blue]: Color, alpha = 1): string {
  return `rgba(${red}, ${green}, ${blue}, ${alpha})`;
}

/** A figure as plotly reads it: traces, layout, settings. Browser and kernel draw the same one. */
export interface Figure {
  data: object[];
  layout: Record<string, unknown>;
  config: Record<string, unknown>;
}

/** A color map in plotly's form: positions 0..1 with their colors. */
export function colorScale(name: ColorMapName): [number, string][] {
  return Array.from({ length: STOPS + 1 }, (_, i) => [i / STOPS, colorHex(name, i / STOPS)]);
}

/** Text for a figure, which reads a little markup: names are data and must stay text. */
export function figureText(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** A range with the margin of a figure on both sides. */
export function padded([low, high]: readonly [number, number]): [number, number] {
  const more = (high - low || 1) * FIGURE_MARGIN;
  return [low - more, high + more];
}

/** A number at an axis. */
export function tickText(value: number): string {
  return String(Number(value.toPrecision(TICK_DIGITS)));
}

/** Shares of the kept characters that come from the start of a name, the best-looking first. */
const HEADS = [0.5, 0.25, 0.35, 0.15, 0, 0.65, 0.75, 0.85, 1];

interface CutName {
  text: string;
  /** The cut goes through a number: a part of it would be another number. */
  isSplit: boolean;
}

function cutName(name: string, most: number, share: number, gap: string): CutName {
  if (name.length <= most) return { text: name, isSplit: false };
  const start = Math.round((most - gap.length) * share);
  const end = name.length - (most - gap.length - start);
  const splits = (at: number): boolean => /^\d\d$/.test(name.slice(at - 1, at + 1));
  return { text: name.slice(0, start) + gap + name.slice(end), isSplit: splits(start) || splits(end) };
}

/** Names of at most `most` characters. Long ones lose their middle, or another part where they would look the same or lose digits. */
export function shortNames(names: readonly string[], most: number, gap = "…"): string[] {
  const distinct = new Set(names).size;
  const tries = HEADS.map((share) => names.map((name) => cutName(name, most, share, gap)));
  const told = tries.filter((cuts) => new Set(cuts.map(({ text }) => text)).size === distinct);
  const best = told.find((cuts) => !cuts.some(({ isSplit }) => isSplit)) ?? told[0] ?? tries[0];
  return best.map(({ text }) => text);
}
