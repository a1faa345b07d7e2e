import { isRecord } from "../../rules/json-text";
import { most } from "../../numeric/order";
import { View } from "../../display/display";
import { ViewError } from "../../protocol/core/error";
import { stillFigure } from "../draw/figure/still";
import { plainJson, textOf, titleText, withoutTags, type PlotlyObject } from "../draw/figure/values";
import { counted } from "../../protocol/core/words";

export type { PlotlyObject } from "../draw/figure/values";

/** The mime type of plotly figures in every Jupyter front end. */
export const PLOTLY_MIME = "application/vnd.plotly.v1+json";

/**
 * A plotly figure: traces and layout as in `Plotly.newPlot(node, data, layout, config)`. Interactive in JupyterLab, offline; the
 * bundle also holds a still SVG for pages and readers without plotly. Typed arrays are taken.
 * @throws ViewError when traces are no objects, or hold functions.
 */
export function plotly(data: readonly PlotlyObject[], layout: PlotlyObject = {}, config: PlotlyObject = {}): View {
  if (!Array.isArray(data) || !data.every(isRecord))
    throw new ViewError("view.plotly", "data must be an array of traces", data);
  if (!isRecord(layout)) throw new ViewError("view.plotly", "layout must be an object", layout);
  const traces = data.map((trace: PlotlyObject, i) => plainJson(trace, `data[${i}]`) as PlotlyObject);
  const plainLayout = plainJson(layout, "layout") as PlotlyObject;
  return new View({
    [PLOTLY_MIME]: plainJson({ data: traces, layout: plainLayout, config }, "figure"),
    "image/svg+xml": stillFigure(traces, plainLayout),
    "text/plain": describe(traces, plainLayout),
  });
}

function describe(traces: PlotlyObject[], layout: PlotlyObject): string {
  const title = withoutTags(titleText(layout.title));
  const lines = traces.map((trace, i) => {
    const points = [trace.x, trace.y, trace.z].filter(Array.isArray).map((list) => list.length);
    return `  ${textOf(trace.type) ?? "scatter"} "${textOf(trace.name) ?? `trace ${i}`}", ${counted(Math.max(0, most(points)), "point")}`;
  });
  return [`plotly figure${title ? ` "${title}"` : ""}`, ...lines].join("\n");
}
