import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { viewerPlugin } from "../frame/plugin";
import { kind } from "./kind";

export const groundingPlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "grounding",
  description: "Shows the boxes of a phrase while it is typed, and the attention between words and patches.",
  kind,
});
