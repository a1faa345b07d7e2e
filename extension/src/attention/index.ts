import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ATTENTION_MIME, readAttention } from "fovea/protocol";
import { viewerPlugin } from "../frame/plugin";

export const attentionPlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "attention",
  description: "Shows where the heads of a vision transformer look.",
  mimeType: ATTENTION_MIME,
  open: async (data, { trans, preferences, send }) => {
    const payload = { ...readAttention(data), ...preferences() };
    const { AttentionViewer } = await import("./viewer");
    return { view: payload.view, viewer: new AttentionViewer({ payload, trans, send }) };
  },
});
