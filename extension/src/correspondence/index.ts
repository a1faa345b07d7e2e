import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { CORRESPONDENCE_MIME, readCorrespondence } from "fovea/protocol";
import { viewerPlugin } from "../frame/plugin";

export const correspondencePlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "correspondence",
  description: "Shows matching points of two images by the features of an encoder.",
  mimeType: CORRESPONDENCE_MIME,
  open: async (data, { trans, preferences, send }) => {
    const payload = { ...readCorrespondence(data), ...preferences() };
    const { CorrespondenceViewer } = await import("./viewer");
    return { view: payload.view, viewer: new CorrespondenceViewer({ payload, trans, send }) };
  },
});
