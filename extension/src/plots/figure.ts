import { COLORWAY, colorScale, type Figure } from "fovea/protocol";

export type { Figure };

/** Colours of the page that a figure without its own takes over. */
export interface PageColors {
  text: string;
  line: string;
  paper: string;
}

/** Checks the outline of a figure. Plotly itself is forgiving about what is inside. @throws Error naming the rule. */
export function readFigure(value: unknown): Figure {
  if (!isRecord(value)) throw new Error(`a plotly figure must be an object, received ${typeof value}`);
  const { data = [], layout = {}, config = {} } = value;
  if (!Array.isArray(data) || !data.every(isRecord))
    throw new Error("data of a plotly figure must be an array of traces");
  if (!isRecord(layout)) throw new Error("layout of a plotly figure must be an object");
  return { data, layout, config: isRecord(config) ? harmlessConfig(config) : {} };
}

/** Options of plotly that a notebook, which nobody need trust, may set: each changes the look or the pointer's work alone. */
const HARMLESS = [
  "autosizable",
  "displayModeBar",
  "displaylogo",
  "doubleClick",
  "doubleClickDelay",
  "editable",
  "fillFrame",
  "frameMargins",
  "responsive",
  "scrollZoom",
  "showAxisDragHandles",
  "showAxisRangeEntryBoxes",
  "showTips",
  "staticPlot",
] as const;

/** The options that are plain values and name no address, button or text of a page. */
function harmlessConfig(config: Record<string, unknown>): Record<string, unknown> {
  const isPlain = (value: unknown): boolean => ["boolean", "number", "string"].includes(typeof value);
  const kept = HARMLESS.filter((name) => Object.hasOwn(config, name) && isPlain(config[name]));
  return Object.fromEntries(kept.map((name) => [name, config[name]]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The figure's layout in the colours of the page; the author's settings win. */
export function themedLayout(layout: Record<string, unknown>, page: PageColors): Record<string, unknown> {
  const axis = { gridcolor: page.line, linecolor: page.text, zerolinecolor: page.line, tickcolor: page.text };
  const themed: Record<string, unknown> = {
    autosize: true,
    colorway: COLORWAY,
    paper_bgcolor: page.paper,
    plot_bgcolor: page.paper,
    ...layout,
    margin: { t: titled(layout) ? 56 : 24, r: 24, b: 56, l: 64, ...record(layout.margin) },
    font: { color: page.text, ...record(layout.font) },
  };
  const axes = new Set(["xaxis", "yaxis", ...Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key))]);
  for (const key of axes) themed[key] = { ...axis, automargin: true, ...record(layout[key]) };
  return themed;
}

/** Traces in our colors where the author set none: the still picture has the same. Error bars stand out on the page. */
export function themedTraces(data: readonly object[], page: PageColors): object[] {
  return data.map((trace) => themedTrace(record(trace), page));
}

function themedTrace(trace: Record<string, unknown>, { text }: PageColors): Record<string, unknown> {
  const themed = { ...trace };
  const isMap = trace["type"] === "heatmap" || trace["type"] === "contour";
  if (isMap && trace["colorscale"] === undefined) themed["colorscale"] = colorScale("viridis");
  for (const key of ["error_x", "error_y"])
    if (isRecord(trace[key])) themed[key] = { color: text, ...record(trace[key]) };
  return themed;
}

function titled({ title }: Record<string, unknown>): boolean {
  return typeof title === "string" ? title !== "" : isRecord(title) && Boolean(title.text);
}

function record(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}
