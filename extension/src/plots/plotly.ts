import plotly from "plotly.js/dist/plotly-strict.min.js";

/** A point under the pointer. */
export interface PlotlyPoint {
  /** Data that the trace attaches to the point. */
  customdata?: unknown;
}

/** An element that holds a figure; the listeners come with the first one. */
export interface PlotlyElement extends HTMLElement {
  on?(
    event: "plotly_hover" | "plotly_unhover" | "plotly_click",
    handler: (event: { points?: PlotlyPoint[] }) => void,
  ): void;
}

/** The functions of plotly that the viewers call. */
export interface PlotlyModule {
  react(node: HTMLElement, data: object[], layout: object, config: object): Promise<unknown>;
  purge(node: HTMLElement): void;
  /** A `data:` address of a picture. */
  toImage(
    node: HTMLElement,
    options: { format: "png" | "svg"; width: number; height: number; scale: number },
  ): Promise<string>;
  Plots: { resize(node: HTMLElement): void };
}

/** The build of plotly without `new Function`, so that it runs under a strict content security policy. */
export function loadPlotly(): PlotlyModule {
  return plotly;
}
