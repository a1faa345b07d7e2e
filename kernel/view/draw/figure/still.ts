import { COLORWAY } from "../../../protocol/core/figure";
import { fitText } from "../../../protocol/core/text-width";
import { axisOptions } from "./axis";
import { replacedMap } from "./colors";
import { barRoom, drawColorBar, drawLegend, makeLegend, type Legend } from "./legend";
import { drawAnnotations, drawShapes, unknownShapes } from "./overlays";
import { layoutPanels, neededMargins, type Frame, type Panel } from "./panels";
import { drawing, type Drawn, GRID, INK, label, line, tag } from "./svg";
import { TICK_GAP, TICK_SIZE, TITLE_SIZE } from "./ticks";
import { drawBars, drawHeatmap, drawScatter, readTrace, type Trace } from "./traces";
import { isBold, numberOf, record, textOf, titleText, withoutTags, type PlotlyObject } from "./values";
import { clamp } from "../../../numeric";

const [DEFAULT_WIDTH, DEFAULT_HEIGHT] = [700, 420];
const NOTE_ROW = 18;
/** Space that stays free at the edges. */
const EDGE = 12;

/**
 * A still picture of a figure as SVG: scatter, bar and heat-map traces on any number of axes, with ticks, titles, legend, lines and
 * words as the live figure has them, on no paper. What it cannot draw it names in the figure.
 */
export function stillFigure(data: readonly PlotlyObject[], layout: PlotlyObject): string {
  const { width, height, parts } = drawFigure(data, layout);
  return drawing(width, height, parts);
}

/** The elements of a still picture, to be placed beside others. */
export function drawFigure(data: readonly PlotlyObject[], layout: PlotlyObject): Drawn {
  const width = clamp(numberOf(layout.width) ?? DEFAULT_WIDTH, 100, 2000);
  const height = clamp(numberOf(layout.height) ?? DEFAULT_HEIGHT, 80, 2000);
  const colorway = colorsOf(layout);
  const traces = data.map((trace, i) => readTrace(trace, i, colorway));
  const known = traces.filter(isDrawn);
  const notes = missing(data, traces, layout);
  const legend = makeLegend(known, layout, width);
  const { area, panels } = arrange(known, { ...layout, width }, [width, height - notes.length * NOTE_ROW], legend);
  const places = { panels, area };
  const parts = [
    ...panels.flatMap((panel) => drawGrid(panel)),
    ...drawShapes(layout, places, true),
    ...panels.flatMap((panel) => drawPanel(panel)),
    ...drawShapes(layout, places, false),
    ...panels.flatMap((panel) => [...drawAxes(panel, layout), ...drawColorBar(panel)]),
    ...drawAnnotations(layout, places),
    ...drawTitle(layout, width),
    ...placedLegend(legend, area, [width, height - notes.length * NOTE_ROW]),
    ...notes.map((note, i) => label(note, EDGE, height - 8 - NOTE_ROW * (notes.length - 1 - i), { size: 11 })),
  ];
  return { width, height, parts };
}

function colorsOf({ colorway }: PlotlyObject): readonly string[] {
  const given = Array.isArray(colorway) ? colorway.filter((color) => typeof color === "string") : [];
  return given.length ? given : COLORWAY;
}

function isDrawn(trace: Trace | undefined): trace is Trace {
  return trace !== undefined && trace.options.visible !== false;
}

/** The parts that the still figure leaves out. */
function missing(data: readonly PlotlyObject[], traces: (Trace | undefined)[], layout: PlotlyObject): string[] {
  const types = data.filter((_, i) => !traces[i]).map((trace) => `${textOf(trace.type) ?? "unnamed"} traces`);
  const images = Array.isArray(layout.images) && layout.images.length > 0 ? ["images"] : [];
  const isStacked = layout.barmode === "stack" || layout.barmode === "relative";
  const thinned = traces.flatMap((trace) =>
    trace && trace.count > trace.x.length
      ? [`all but ${trace.x.length} of the ${trace.count} points of ${trace.name}`]
      : [],
  );
  const maps = data
    .flatMap((trace) => replacedMap(trace) ?? [])
    .map((name) => `the color map ${name} (viridis instead)`);
  const bars = isStacked ? ["stacked bars (shown side by side)"] : [];
  const left = [...thinned, ...new Set([...types, ...unknownShapes(layout), ...images, ...bars, ...maps])];
  return left.length
    ? [`Not drawn in this still picture: ${left.join(", ")}. Open the notebook for the full figure.`]
    : [];
}

/** Finds the room for the panels: labels depend on the size of the panels, whose size depends on the labels. */
function arrange(
  traces: readonly Trace[],
  layout: PlotlyObject,
  [width, height]: readonly [number, number],
  legend: Legend | undefined,
): { area: Frame; panels: Panel[] } {
  const margin = record(layout.margin);
  const top = Math.max(titleText(layout.title) ? 34 : EDGE, numberOf(margin.t) ?? 0);
  const below = legend?.isBelow ? legend.height : 0;
  const beside = legend && !legend.isBelow ? legend.width + EDGE : 0;
  let area: Frame = { left: 60, right: width - beside - 20, top, bottom: height - below - 50 };
  let panels = layoutPanels(traces, layout, area);
  for (let pass = 0; pass < 2 && panels.length > 0; pass++) {
    const needed = neededMargins(panels, layout);
    const right = needed.right + barRoom(panels) + beside + EDGE;
    const left = Math.min(EDGE + needed.left, 0.55 * width);
    const bottom = Math.max(top + 20, height - below - needed.bottom - 6);
    area = { left, top, right: Math.max(left + 20, width - right), bottom };
    panels = layoutPanels(traces, layout, area);
  }
  return { area, panels };
}

function drawGrid({ x, y, frame }: Panel): string[] {
  const { left, right, top, bottom } = frame;
  return [
    ...(x.hasGrid ? x.ticks.map(({ value }) => line(value, top, value, bottom, GRID)) : []),
    ...(y.hasGrid ? y.ticks.map(({ value }) => line(left, value, right, value, GRID)) : []),
  ];
}

function drawPanel(panel: Panel): string[] {
  const { left, right, top, bottom } = panel.frame;
  // Several drawings may lie in one page: equal names mean equal rectangles.
  const id = `plot-${[left, top, right, bottom].map(Math.round).join("-")}`;
  const clip = tag("rect", { x: left, y: top, width: right - left, height: bottom - top });
  const isClipped = panel.traces.some(({ options }) => options.cliponaxis !== false);
  return [
    tag("defs", {}, tag("clipPath", { id }, clip)),
    tag("g", { "clip-path": isClipped ? `url(#${id})` : undefined }, drawTraces(panel).join(""), ""),
  ];
}

function drawTraces(panel: Panel): string[] {
  const bars = panel.traces.filter((trace) => trace.kind === "bar");
  return panel.traces.flatMap((trace) => {
    switch (trace.kind) {
      case "scatter":
        return drawScatter(trace, panel);
      case "bar":
        return drawBars(trace, panel, bars.indexOf(trace), bars.length);
      case "heatmap":
        return drawHeatmap(trace, panel);
      default:
        return trace.kind satisfies never;
    }
  });
}

/** Lines, labels and titles of a panel's two axes. */
function drawAxes(panel: Panel, layout: PlotlyObject): string[] {
  const { frame, row, column, isRight, references } = panel;
  const { left, right, top, bottom } = frame;
  const side = isRight ? right + TICK_GAP : left - TICK_GAP;
  const [across, up] = references.map((reference) => withoutTags(titleText(axisOptions(layout, reference).title)));
  const away = column.width + TICK_GAP + TITLE_SIZE - 2;
  return [
    line(left, bottom, right, bottom, INK),
    isRight ? line(right, top, right, bottom, INK) : line(left, top, left, bottom, INK),
    ...row.ticks.map((tick) => tickBelow(tick.label, tick.value, bottom, row.turned)),
    ...column.ticks.map(({ value, label: text }) =>
      label(text, side, value + TICK_SIZE * 0.36, { anchor: isRight ? "start" : "end" }),
    ),
    ...titleLabel(across, (left + right) / 2, bottom + TICK_GAP + row.height + TITLE_SIZE, right - left, 0),
    ...titleLabel(up, isRight ? right + away + 8 : left - away, (top + bottom) / 2, bottom - top, -90),
  ];
}

function titleLabel(text: string, x: number, y: number, pixels: number, turned: number): string[] {
  if (!text) return [];
  const options = { anchor: "middle", size: TITLE_SIZE, turned } as const;
  return [label(fitText(text, pixels + 40, TITLE_SIZE), x, y, options)];
}

/** A label below an axis; one that is turned ends under its tick. */
function tickBelow(text: string, x: number, bottom: number, turned: number): string {
  if (!turned) return label(text, x, bottom + TICK_GAP + TICK_SIZE * 0.8, { anchor: "middle" });
  const anchor = turned < 0 ? "end" : "start";
  const isUpright = Math.abs(turned) > 60;
  return label(text, x + (isUpright ? TICK_SIZE * 0.36 : 3), bottom + TICK_GAP + (isUpright ? 0 : 6), {
    anchor,
    turned,
  });
}

function drawTitle({ title }: PlotlyObject, width: number): string[] {
  const text = titleText(title);
  if (!text) return [];
  const { x, font, xanchor } = record(title);
  const size = numberOf(record(font).size) ?? 16;
  const at = numberOf(x) ?? 0.5;
  const side = textOf(xanchor) ?? (at < 1 / 3 ? "left" : at > 2 / 3 ? "right" : "center");
  const anchor = side === "left" ? "start" : side === "right" ? "end" : "middle";
  const weight = isBold(text) ? "bold" : undefined;
  const content = fitText(withoutTags(text), width - 2 * EDGE, size);
  return [label(content, clamp(at * width, EDGE, width - EDGE), 5 + 0.85 * size, { anchor, size, weight })];
}

function placedLegend(legend: Legend | undefined, area: Frame, [width, height]: readonly [number, number]): string[] {
  if (!legend) return [];
  return legend.isBelow
    ? drawLegend(legend, EDGE, height - legend.height)
    : drawLegend(legend, width - legend.width, area.top);
}
