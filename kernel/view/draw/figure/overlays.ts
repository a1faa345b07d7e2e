import type { Frame, Panel } from "./panels";
import { label, line, tag, INK } from "./svg";
import { dashOf } from "./traces";
import { isRecord } from "../../../rules/json-text";
import { isBold, numberOf, record, textOf, withoutTags, type Coordinate, type PlotlyObject } from "./values";

/** Places of shapes and annotations: on an axis, or as a share of a panel or of the whole area. */
export interface Places {
  panels: readonly Panel[];
  area: Frame;
}

const DEFAULT_ARROW: readonly [number, number] = [-10, -30];
const FONT = 12;

/** Pixel of a coordinate that refers to an axis, to an axis's domain, or to the paper. */
function pixelOf(key: "x" | "y", reference: unknown, value: unknown, { panels, area }: Places): number | undefined {
  const name = textOf(reference) ?? key;
  const share = (frame: Frame): number | undefined => {
    const unit = numberOf(value);
    if (unit === undefined) return undefined;
    return key === "x"
      ? frame.left + unit * (frame.right - frame.left)
      : frame.bottom - unit * (frame.bottom - frame.top);
  };
  if (name === "paper") return share(area);
  const [axis, domain] = name.split(" ");
  const panel = panels.find(({ references }) => references[key === "x" ? 0 : 1] === axis);
  if (!panel) return undefined;
  if (domain === "domain") return share(panel.frame);
  return typeof value === "number" || typeof value === "string" ? panel[key].place(value as Coordinate) : undefined;
}

function listOf(value: unknown): PlotlyObject[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** Shapes of a kind that is not drawn here. */
export function unknownShapes(layout: PlotlyObject): string[] {
  return listOf(layout.shapes).flatMap(({ type }) =>
    type === "line" || type === "rect" ? [] : [`${textOf(type) ?? "unnamed"} shapes`],
  );
}

/** Lines and rectangles, below the traces or above them. */
export function drawShapes(layout: PlotlyObject, places: Places, isBelow: boolean): string[] {
  return listOf(layout.shapes)
    .filter(({ layer, visible }) => (layer === "below") === isBelow && visible !== false)
    .flatMap((shape) => drawShape(shape, places));
}

function drawShape(shape: PlotlyObject, places: Places): string[] {
  const at = (key: "x" | "y", end: "0" | "1"): number | undefined =>
    pixelOf(key, shape[`${key}ref`], shape[`${key}${end}`], places);
  const [x0, y0, x1, y1] = [at("x", "0"), at("y", "0"), at("x", "1"), at("y", "1")];
  if (x0 === undefined || y0 === undefined || x1 === undefined || y1 === undefined) return [];
  const edge = record(shape.line);
  const look = {
    stroke: textOf(edge.color) ?? INK,
    "stroke-width": numberOf(edge.width) ?? 2,
    "stroke-dasharray": dashOf(edge),
    opacity: numberOf(shape.opacity),
  };
  if (shape.type === "line") return [tag("line", { x1: x0, y1: y0, x2: x1, y2: y1, ...look })];
  if (shape.type !== "rect") return [];
  const box = { x: Math.min(x0, x1), y: Math.min(y0, y1), width: Math.abs(x1 - x0), height: Math.abs(y1 - y0) };
  return [tag("rect", { ...box, fill: textOf(shape.fillcolor) ?? "none", ...look })];
}

/** Words at places of the figure, with a line to the place where the author wants an arrow. */
export function drawAnnotations(layout: PlotlyObject, places: Places): string[] {
  return listOf(layout.annotations)
    .filter(({ visible }) => visible !== false)
    .flatMap((one) => drawAnnotation(one, places));
}

function drawAnnotation(one: PlotlyObject, places: Places): string[] {
  const [x, y] = [pixelOf("x", one.xref, one.x, places), pixelOf("y", one.yref, one.y, places)];
  const text = textOf(one.text);
  if (x === undefined || y === undefined || text === undefined) return [];
  const font = record(one.font);
  const size = numberOf(font.size) ?? FONT;
  const look = { size, weight: isBold(text) ? ("bold" as const) : undefined, fill: textOf(font.color) };
  const content = withoutTags(text);
  if (one.showarrow === false) {
    const anchor = { left: "start", right: "end" }[textOf(one.xanchor) ?? ""] ?? "middle";
    const down = { bottom: -3, top: size }[textOf(one.yanchor) ?? ""] ?? size * 0.36;
    return [label(content, x, y + down, { ...look, anchor: anchor as "start" | "middle" | "end" })];
  }
  const [dx, dy] = [numberOf(one.ax) ?? DEFAULT_ARROW[0], numberOf(one.ay) ?? DEFAULT_ARROW[1]];
  return [
    line(x, y, x + dx, y + dy, textOf(one.arrowcolor) ?? INK),
    label(content, x + dx, y + dy - 3, { ...look, anchor: "middle" }),
  ];
}
