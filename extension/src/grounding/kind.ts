import { GROUNDING_MIME, readGrounding } from "fovea/protocol";
import type { ViewerKind } from "../frame/viewer-kind";

export const kind: ViewerKind = {
  mimeType: GROUNDING_MIME,
  open: async (data, { trans, send }) => {
    const payload = readGrounding(data);
    const { GroundingViewer } = await import("./viewer");
    return { view: payload.view, viewer: new GroundingViewer({ payload, trans, send }) };
  },
};
