import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { viewerPlugin } from "../frame/plugin";
import { kind } from "./kind";

export const atlasPlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "atlas",
  description: "Shows what a student of several teachers holds, and how its routers mix it.",
  kind,
});
