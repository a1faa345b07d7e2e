import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { viewerPlugin } from "../frame/plugin";
import { kind } from "./kind";

export const galleryPlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "gallery",
  description: "Shows pictures by their features: a grid, nearest neighbors, principal components.",
  kind,
});
