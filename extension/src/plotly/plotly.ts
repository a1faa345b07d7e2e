import plotly from "plotly.js/dist/plotly-strict.min.js";

/** What we call of plotly. */
export interface PlotlyModule {
  react(node: HTMLElement, data: object[], layout: object, config: object): Promise<unknown>;
  purge(node: HTMLElement): void;
  Plots: { resize(node: HTMLElement): void };
}

/** The build of plotly without `new Function`, so that it runs under a strict content security policy. */
export function loadPlotly(): PlotlyModule {
  return plotly;
}
