import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { viewerPlugin } from "../frame/plugin";
import { kind } from "./kind";

export const lawPlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "law",
  description: "Shows fits of benchmark scores of encoders in linked panels.",
  kind,
});
