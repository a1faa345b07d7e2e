import { readReview, REVIEW_MIME } from "fovea/protocol";
import type { ViewerKind } from "../frame/viewer-kind";

export const kind: ViewerKind = {
  mimeType: REVIEW_MIME,
  open: async (data, { trans, send }) => {
    const payload = readReview(data);
    const { ReviewViewer } = await import("./viewer");
    return { view: payload.view, viewer: new ReviewViewer({ payload, trans, send }) };
  },
};
