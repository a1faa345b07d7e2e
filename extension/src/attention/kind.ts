import { ATTENTION_MIME, readAttention } from "fovea/protocol";
import type { ViewerKind } from "../frame/viewer-kind";

export const kind: ViewerKind = {
  mimeType: ATTENTION_MIME,
  open: async (data, { trans, preferences, send }) => {
    const payload = readAttention(data);
    const { AttentionViewer } = await import("./viewer");
    const { colormap = payload.colormap } = preferences();
    return { view: payload.view, viewer: new AttentionViewer({ payload: { ...payload, colormap }, trans, send }) };
  },
};
