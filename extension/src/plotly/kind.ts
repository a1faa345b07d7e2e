import type { ViewerKind } from "../frame/viewer-kind";
import { readFigure } from "../plots/figure";

/** Figures of any kernel; plotly itself is loaded when the first one is shown. */
export const kind: ViewerKind = {
  mimeType: "application/vnd.plotly.v1+json",
  open: async (data, { trans }) => {
    const figure = readFigure(data);
    const [{ PlotlyViewer }, { loadPlotly }] = [await import("./viewer"), await import("../plots/plotly")];
    return { viewer: new PlotlyViewer(figure, loadPlotly(), trans) };
  },
};
