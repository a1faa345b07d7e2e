import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { GROUNDING_MIME, readGrounding } from "fovea/protocol";
import { viewerPlugin } from "../frame/plugin";

export const groundingPlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "grounding",
  description: "Shows the boxes of a phrase while it is typed, and the attention between words and patches.",
  mimeType: GROUNDING_MIME,
  open: async (data, { trans, send }) => {
    const payload = readGrounding(data);
    const { GroundingViewer } = await import("./viewer");
    return { view: payload.view, viewer: new GroundingViewer({ payload, trans, send }) };
  },
});
