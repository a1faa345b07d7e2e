import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { LAW_MIME } from "fovea/protocol";
import { viewerPlugin } from "../viewers";
import { LawRenderer } from "./renderer";

export const lawPlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "law",
  description: "Shows fits of benchmark scores of encoders in linked panels.",
  mimeType: LAW_MIME,
  createRenderer: (services) => new LawRenderer(services),
});
