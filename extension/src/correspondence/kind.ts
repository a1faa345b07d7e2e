import { CORRESPONDENCE_MIME, readCorrespondence } from "fovea/protocol";
import type { ViewerKind } from "../frame/viewer-kind";

export const kind: ViewerKind = {
  mimeType: CORRESPONDENCE_MIME,
  open: async (data, { trans, preferences, send }) => {
    const payload = readCorrespondence(data);
    const { CorrespondenceViewer } = await import("./viewer");
    const { colormap = payload.colormap, similarity = payload.similarity, scale = payload.scale } = preferences();
    return {
      view: payload.view,
      viewer: new CorrespondenceViewer({ payload: { ...payload, colormap, similarity, scale }, trans, send }),
    };
  },
};
