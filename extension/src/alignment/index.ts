import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { viewerPlugin } from "../frame/plugin";
import { kind } from "./kind";

export const alignmentPlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "alignment",
  description: "Shows how patches of an image and tokens of a text or of a reference align.",
  kind,
});
