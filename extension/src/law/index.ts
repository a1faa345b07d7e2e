import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { LAW_MIME, readLaw } from "fovea/protocol";
import { viewerPlugin } from "../frame/plugin";

export const lawPlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "law",
  description: "Shows fits of benchmark scores of encoders in linked panels.",
  mimeType: LAW_MIME,
  open: async (data, { trans, preferences, send }) => {
    const payload = readLaw(data);
    const { LawViewer } = await import("./viewer");
    const colormap = preferences().colormap ?? "viridis";
    return { view: payload.view, viewer: new LawViewer({ payload, trans, colormap, send }) };
  },
});
