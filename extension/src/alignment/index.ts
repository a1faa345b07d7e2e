import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ALIGNMENT_MIME } from "fovea/protocol";
import { viewerPlugin } from "../viewers";
import { AlignmentRenderer } from "./renderer";

export const alignmentPlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "alignment",
  description: "Shows how patches of an image and tokens of a text or of a reference align.",
  mimeType: ALIGNMENT_MIME,
  createRenderer: (services) => new AlignmentRenderer(services),
});
