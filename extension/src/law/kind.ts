import { LAW_MIME, readLaw } from "fovea/protocol";
import type { ViewerKind } from "../frame/viewer-kind";

export const kind: ViewerKind = {
  mimeType: LAW_MIME,
  open: async (data, { trans, preferences, send }) => {
    const payload = readLaw(data);
    const { LawViewer } = await import("./viewer");
    const colormap = preferences().colormap ?? "viridis";
    return { view: payload.view, viewer: new LawViewer({ payload, trans, colormap, send }) };
  },
};
