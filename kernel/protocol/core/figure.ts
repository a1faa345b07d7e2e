import type { Color } from "./color";

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
/** Digits of a number at an axis. */
const TICK_DIGITS = 3;

/** A colour as CSS and plotly read it. */
export function cssColor([red, green, blue]: Color, alpha = 1): string {
  return `rgba(${red}, ${green}, ${blue}, ${alpha})`;
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
const HEADS = [0.5, 0.25, 0, 1];

/** Names of at most `most` characters. Long ones lose their middle, or another part where they would all look the same. */
export function shortNames(names: readonly string[], most: number, gap = "…"): string[] {
  const cut = (name: string, head: number): string => {
    if (name.length <= most) return name;
    const start = Math.round((most - gap.length) * head);
    return name.slice(0, start) + gap + name.slice(name.length - (most - gap.length - start));
  };
  const distinct = new Set(names).size;
  const tries = HEADS.map((head) => names.map((name) => cut(name, head)));
  return tries.find((short) => new Set(short).size === distinct) ?? tries[0];
}
