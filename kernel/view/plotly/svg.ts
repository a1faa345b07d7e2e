import { escapeMarkup } from "../../display/escape";

/** An attribute's value; numbers are written with two decimals. */
export type Attribute = string | number | undefined;

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

export interface TextOptions {
  anchor?: "start" | "middle" | "end";
  size?: number;
  weight?: "bold";
  /** Turned a quarter to the left about its point. */
  upright?: boolean;
  fill?: string;
}

export function label(content: string, x: number, y: number, options: TextOptions = {}): string {
  const { anchor = "start", size = 12, weight, upright, fill } = options;
  const transform = upright ? `rotate(-90 ${format(x)} ${format(y)})` : undefined;
  const attributes = { x, y, "text-anchor": anchor, "font-size": size, "font-weight": weight, transform, fill };
  return tag("text", attributes, escapeMarkup(content));
}

/** Width of a text, estimated: SVG has no measure before it is drawn. */
export function widthOf(content: string, size = 12): number {
  return content.length * size * 0.56;
}

export function line(x1: number, y1: number, x2: number, y2: number, stroke: string, width = 1): string {
  return tag("line", { x1, y1, x2, y2, stroke, "stroke-width": width });
}
