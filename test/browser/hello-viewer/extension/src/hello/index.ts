import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { viewerPlugin } from "../frame/plugin";
import { kind } from "./kind";

export const helloPlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "hello",
  description: "Greets.",
  kind,
});
