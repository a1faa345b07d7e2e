import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { viewerPlugin } from "../frame/plugin";
import { kind } from "./kind";

export const reviewPlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "review",
  description: "Puts doubtful boxes before a person, whose decisions become annotations.",
  kind,
});
