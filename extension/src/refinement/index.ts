import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { viewerPlugin } from "../frame/plugin";
import { kind } from "./kind";

export const refinementPlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "refinement",
  description: "Shows how the stages of a refinement bring visual tokens and words together.",
  kind,
});
