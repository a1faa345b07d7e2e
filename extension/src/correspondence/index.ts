import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { CORRESPONDENCE_MIME } from "fovea/protocol";
import { viewerPlugin } from "../viewers";
import { CorrespondenceRenderer } from "./renderer";

export const correspondencePlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "correspondence",
  description: "Shows matching points of two images by the features of an encoder.",
  mimeType: CORRESPONDENCE_MIME,
  createRenderer: (services) => new CorrespondenceRenderer(services),
});
