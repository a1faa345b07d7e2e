import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { readReview, REVIEW_MIME } from "fovea/protocol";
import { viewerPlugin } from "../frame/plugin";

export const reviewPlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "review",
  description: "Puts doubtful boxes before a person, whose decisions become annotations.",
  mimeType: REVIEW_MIME,
  open: async (data, { trans, send }) => {
    const payload = readReview(data);
    const { ReviewViewer } = await import("./viewer");
    return { view: payload.view, viewer: new ReviewViewer({ payload, trans, send }) };
  },
});
