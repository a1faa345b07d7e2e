declare module "plotly.js/dist/plotly-strict.min.js" {
  import type { PlotlyModule } from "./plotly";

  const plotly: PlotlyModule;
  export = plotly;
}
