import { GALLERY_MIME, readGallery } from "fovea/protocol";
import type { ViewerKind } from "../frame/viewer-kind";

export const kind: ViewerKind = {
  mimeType: GALLERY_MIME,
  open: async (data, { trans, send }) => {
    const payload = readGallery(data);
    const { GalleryViewer } = await import("./viewer");
    return { view: payload.view, viewer: new GalleryViewer({ payload, trans, send }) };
  },
};
