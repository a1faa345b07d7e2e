import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ATLAS_MIME, readAtlas } from "fovea/protocol";
import { viewerPlugin } from "../frame/plugin";

export const atlasPlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "atlas",
  description: "Shows what a student of several teachers holds, and how its routers mix it.",
  mimeType: ATLAS_MIME,
  open: async (data, { trans, send }) => {
    const payload = readAtlas(data);
    const { AtlasViewer } = await import("./viewer");
    return { view: payload.view, viewer: new AtlasViewer({ payload, trans, send }) };
  },
});
