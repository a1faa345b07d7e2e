import { markerColoring, type Coloring } from "./colors";
import { label, tag, type Attribute } from "./svg";
import { numberOf, ofPoint, record, textOf, withoutTags, type PlotlyObject } from "./values";

/** Position of a point in pixels; undefined along an axis on which it has no value. */
export type Place = readonly [x: number | undefined, y: number | undefined];

/** Pixels between a marker and its text, and the size of that text. */
const [TEXT_GAP, TEXT_SIZE] = [6, 11];
/** Height of a text's letters as a share of its size: half of it is below the middle. */
const LETTER_MIDDLE = 0.36;

/** Markers and texts, point by point: a marker that lies over another covers its number too. */
export function drawMarks(points: readonly Place[], options: PlotlyObject, color: string, mode: string): string[] {
  const coloring = markerColoring(options);
  return points.flatMap(([x, y], i) => {
    if (x === undefined || y === undefined) return [];
    const marker = mode.includes("markers") ? [drawMarker(x, y, options, i, color, coloring)] : [];
    return mode.includes("text") ? [...marker, ...drawText(x, y, options, i)] : marker;
  });
}

function drawMarker(
  x: number,
  y: number,
  options: PlotlyObject,
  i: number,
  color: string,
  coloring: Coloring | undefined,
): string {
  const marker = record(options.marker);
  const edge = record(marker.line);
  const given = ofPoint(marker.color, i);
  const fill = typeof given === "number" && coloring ? coloring.colorOf(given) : (textOf(given) ?? color);
  const width = numberOf(ofPoint(edge.width, i));
  const look = {
    fill,
    opacity: numberOf(ofPoint(marker.opacity, i)),
    stroke: width ? (textOf(ofPoint(edge.color, i)) ?? fill) : undefined,
    "stroke-width": width || undefined,
  };
  const radius = (numberOf(ofPoint(marker.size, i)) ?? 6) / 2;
  return shape(textOf(ofPoint(marker.symbol, i)) ?? "circle", x, y, radius, look);
}

/** Corners of a shape around its middle, in units of the radius. */
const CORNERS: Record<string, readonly (readonly [number, number])[] | undefined> = {
  square: [[-0.89, -0.89], [0.89, -0.89], [0.89, 0.89], [-0.89, 0.89]], // prettier-ignore
  diamond: [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]], // prettier-ignore
  "triangle-up": [[0, -1.2], [1.1, 0.7], [-1.1, 0.7]], // prettier-ignore
  cross: [[-0.4, -1.2], [0.4, -1.2], [0.4, -0.4], [1.2, -0.4], [1.2, 0.4], [0.4, 0.4], [0.4, 1.2], [-0.4, 1.2], [-0.4, 0.4], [-1.2, 0.4], [-1.2, -0.4], [-0.4, -0.4]], // prettier-ignore
  hexagon: [0, 1, 2, 3, 4, 5].map((i) => [Math.sin((i * Math.PI) / 3), Math.cos((i * Math.PI) / 3)] as const),
  star: Array.from({ length: 10 }, (_, i) => {
    const [reach, angle] = [i % 2 ? 0.55 : 1.35, (i * Math.PI) / 5];
    return [reach * Math.sin(angle), -reach * Math.cos(angle)] as const;
  }),
  x: [[0, -0.5], [0.7, -1.2], [1.2, -0.7], [0.5, 0], [1.2, 0.7], [0.7, 1.2], [0, 0.5], [-0.7, 1.2], [-1.2, 0.7], [-0.5, 0], [-1.2, -0.7], [-0.7, -1.2]], // prettier-ignore
};

/** A marker of one of plotly's shapes; a circle for those that are not known here. */
export function shape(symbol: string, x: number, y: number, radius: number, look: Record<string, Attribute>): string {
  const corners = CORNERS[symbol.replace(/-(open|dot|open-dot)$/, "")];
  if (!corners) return tag("circle", { cx: x, cy: y, r: radius, ...look });
  const points = corners.map(([dx, dy]) => `${(x + dx * radius).toFixed(1)} ${(y + dy * radius).toFixed(1)}`);
  return tag("path", { d: `M${points.join("L")}Z`, ...look });
}

function drawText(x: number, y: number, options: PlotlyObject, i: number): string[] {
  const content = ofPoint(options.text, i);
  if (typeof content !== "string" && typeof content !== "number") return [];
  const font = record(options.textfont);
  const size = numberOf(ofPoint(font.size, i)) ?? TEXT_SIZE;
  const [vertical, horizontal] = (textOf(ofPoint(options.textposition, i)) ?? "middle center").split(" ");
  const down = { top: -TEXT_GAP, bottom: TEXT_GAP + size * 2 * LETTER_MIDDLE }[vertical] ?? size * LETTER_MIDDLE;
  const across = { left: -TEXT_GAP, right: TEXT_GAP }[horizontal] ?? 0;
  const anchor = across < 0 ? "end" : across > 0 ? "start" : "middle";
  const fill = textOf(ofPoint(font.color, i));
  return [label(withoutTags(String(content)), x + across, y + down, { anchor, size, fill })];
}
