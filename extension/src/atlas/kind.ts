import { ATLAS_MIME, readAtlas } from "fovea/protocol";
import type { ViewerKind } from "../frame/viewer-kind";

export const kind: ViewerKind = {
  mimeType: ATLAS_MIME,
  open: async (data, { trans, send }) => {
    const payload = readAtlas(data);
    const { AtlasViewer } = await import("./viewer");
    return { view: payload.view, viewer: new AtlasViewer({ payload, trans, send }) };
  },
};
