import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { GALLERY_MIME, readGallery } from "fovea/protocol";
import { viewerPlugin } from "../frame/plugin";

export const galleryPlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "gallery",
  description: "Shows pictures by their features: a grid, nearest neighbors, principal components.",
  mimeType: GALLERY_MIME,
  open: async (data, { trans, send }) => {
    const payload = readGallery(data);
    const { GalleryViewer } = await import("./viewer");
    return { view: payload.view, viewer: new GalleryViewer({ payload, trans, send }) };
  },
});
