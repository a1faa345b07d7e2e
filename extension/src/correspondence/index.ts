import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { viewerPlugin } from "../frame/plugin";
import { kind } from "./kind";

export const correspondencePlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "correspondence",
  description: "Shows matching points of two images by the features of an encoder.",
  kind,
});
