import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { viewerPlugin } from "../frame/plugin";
import { kind } from "./kind";

export const attentionPlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "attention",
  description: "Shows where the heads of a vision transformer look.",
  kind,
});
