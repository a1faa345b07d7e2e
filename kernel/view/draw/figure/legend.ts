import { most } from "../../../numeric/order";
import { fitText, textWidth } from "../../../protocol/core/text-width";
import { barWidth, colorBar, type TitledColoring } from "./color-bar";
import { heatColoring } from "./colors";
import { shape } from "./markers";
import type { Panel } from "./panels";
import { label, tag } from "./svg";
import { dashOf, type Trace } from "./traces";
import { numberOf, record, textOf, titleText, withoutTags, type PlotlyObject } from "./values";

const [ROW, KEY, GAP, SIZE] = [18, 22, 6, 12];
/** Share of the width that a legend beside the panels takes at most. */
const MOST_SHARE = 0.4;
const BAR_GAP = 10;

/** A legend with its place and the room that it takes: on the right, or below. */
export interface Legend {
  entries: readonly { trace: Trace; name: string }[];
  isBelow: boolean;
  width: number;
  height: number;
  columns: number;
}

/** The legend of a figure as plotly shows it: of several named traces, unless the author says otherwise. */
export function makeLegend(traces: readonly Trace[], layout: PlotlyObject, figureWidth: number): Legend | undefined {
  const shown = traces.filter((trace) => trace.kind !== "heatmap" && trace.options.showlegend !== false);
  const isWanted = layout.showlegend === true || (layout.showlegend !== false && shown.length > 1);
  if (!isWanted || !shown.length) return undefined;
  const isBelow = record(layout.legend).orientation === "h";
  const room = isBelow ? figureWidth - 40 : MOST_SHARE * figureWidth - KEY;
  const entries = shown.map((trace) => ({ trace, name: fitText(withoutTags(trace.name), room, SIZE) }));
  const width = KEY + GAP + most(entries.map(({ name }) => textWidth(name, SIZE))) + 12;
  const columns = isBelow ? Math.max(1, Math.floor((figureWidth - 16) / width)) : 1;
  return { entries, isBelow, width, height: Math.ceil(entries.length / columns) * ROW + 4, columns };
}

/** Draws a legend with its top left corner at a point. */
export function drawLegend({ entries, width, columns }: Legend, left: number, top: number): string[] {
  return entries.flatMap(({ trace, name }, i) => {
    const x = left + (i % columns) * width;
    const y = top + Math.floor(i / columns) * ROW + ROW / 2;
    return [...drawKey(trace, x, y), label(name, x + KEY + GAP, y + SIZE * 0.36, { size: SIZE })];
  });
}

/** A sample of a trace: its bar, its line with its dashes, its marker. */
function drawKey(trace: Trace, x: number, y: number): string[] {
  const { color, options, kind } = trace;
  if (kind === "bar") return [tag("rect", { x: x + 4, y: y - 5, width: KEY - 8, height: 10, fill: color })];
  const mode = textOf(options.mode) ?? "lines";
  const style = record(options.line);
  const look = { stroke: textOf(style.color) ?? color, "stroke-width": numberOf(style.width) ?? 2 };
  const stroke = tag("line", { x1: x, y1: y, x2: x + KEY, y2: y, ...look, "stroke-dasharray": dashOf(style) });
  const { symbol, color: fill } = record(options.marker);
  const mark = shape(textOf(symbol) ?? "circle", x + KEY / 2, y, 4, { fill: textOf(fill) ?? color });
  return [...(mode.includes("lines") ? [stroke] : []), ...(mode.includes("markers") ? [mark] : [])];
}

/** The heat-map of a panel whose colors have a bar. */
function barOf({ traces }: Panel): Trace | undefined {
  return traces.find(({ kind, options }) => kind === "heatmap" && options.showscale !== false);
}

function coloringOf(trace: Trace): TitledColoring {
  return { ...heatColoring(trace.options), title: withoutTags(titleText(record(trace.options.colorbar).title)) };
}

/** Pixels that the color bars on the right of the panels take. */
export function barRoom(panels: readonly Panel[]): number {
  return most([
    0,
    ...panels.flatMap((panel) => {
      const trace = barOf(panel);
      return trace ? [BAR_GAP + barWidth(coloringOf(trace))] : [];
    }),
  ]);
}

/** The bar of a panel's colors, beside it. */
export function drawColorBar(panel: Panel): string[] {
  const trace = barOf(panel);
  if (!trace) return [];
  const { right, top, bottom } = panel.frame;
  const { parts } = colorBar(coloringOf(trace), Math.round(bottom - top));
  return [tag("g", { transform: `translate(${Math.round(right + BAR_GAP)} ${Math.round(top)})` }, ...parts)];
}
