import { escapeMarkup } from "../../../display/escape";
import { hexColor } from "../../../protocol/core/color";
import { STILL_INK, cssColor } from "../../../protocol/core/figure";

/** Elements of a drawing with their size in pixels. */
export interface Drawn {
  width: number;
  height: number;
  parts: string[];
}

/** An attribute's value; numbers are written with two decimals. */
export type Attribute = string | number | undefined;

/** Ink of words and axes, readable on white paper and on a dark page. */
export const INK: string = hexColor(STILL_INK);
/** Lines that only guide the eye. */
export const GRID: string = cssColor(STILL_INK, 0.25);
/** The first of these faces that the reader's machine has. A PNG is drawn with the last but one, which Fovea brings along. */
export const FACES = "Helvetica, Arial, 'DejaVu Sans', sans-serif";

/** One SVG element as text; attributes and text are escaped. */
export function tag(name: string, attributes: Record<string, Attribute>, ...children: string[]): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escapeMarkup(format(value))}"`);
  return children.length
    ? `<${name}${written.join("")}>${children.join("")}</${name}>`
    : `<${name}${written.join("")}/>`;
}

function format(value: Attribute): string {
  return typeof value === "number" ? String(Math.round(value * 100) / 100) : String(value);
}

/** A drawing on no paper: the page shows through. */
export function drawing(width: number, height: number, children: readonly string[]): string {
  const size = { width, height, viewBox: `0 0 ${format(width)} ${format(height)}` };
  const look = { "font-family": FACES, fill: INK, role: "img" };
  return tag("svg", { xmlns: "http://www.w3.org/2000/svg", ...size, ...look }, ...children, "");
}

export interface TextOptions {
  anchor?: "start" | "middle" | "end";
  size?: number;
  weight?: "bold";
  /** Turned about its point, in degrees clockwise. */
  turned?: number;
  fill?: string;
}

export function label(content: string, x: number, y: number, options: TextOptions = {}): string {
  const { anchor = "start", size = 12, weight, turned, fill } = options;
  const transform = turned ? `rotate(${turned} ${format(x)} ${format(y)})` : undefined;
  const place = { x, y, "text-anchor": anchor === "start" ? undefined : anchor };
  return tag("text", { ...place, "font-size": size, "font-weight": weight, transform, fill }, escapeMarkup(content));
}

export function line(x1: number, y1: number, x2: number, y2: number, stroke: string, width = 1): string {
  return tag("line", { x1, y1, x2, y2, stroke, "stroke-width": width });
}
