import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { viewerPlugin } from "../frame/plugin";
import { kind } from "./kind";

export const plotlyPlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "plotly",
  description: "Shows plotly figures of any kernel, offline.",
  kind,
});
