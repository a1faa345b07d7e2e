import { readRefinement, REFINEMENT_MIME } from "fovea/protocol";
import type { ViewerKind } from "../frame/viewer-kind";

/** All that the viewer shows is in the notebook: it needs no kernel. */
export const kind: ViewerKind = {
  mimeType: REFINEMENT_MIME,
  open: async (data, { trans }) => {
    const payload = readRefinement(data);
    const { RefinementViewer } = await import("./viewer");
    return { viewer: new RefinementViewer({ payload, trans }) };
  },
};
