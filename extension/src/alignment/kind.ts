import { ALIGNMENT_MIME, readAlignment } from "fovea/protocol";
import type { ViewerKind } from "../frame/viewer-kind";

/** All that the viewer shows is in the notebook: it needs no kernel. */
export const kind: ViewerKind = {
  mimeType: ALIGNMENT_MIME,
  open: async (data, { trans, preferences }) => {
    const payload = readAlignment(data);
    const { AlignmentViewer } = await import("./viewer");
    const { colormap = payload.colormap } = preferences();
    return { viewer: new AlignmentViewer({ payload: { ...payload, colormap }, trans }) };
  },
};
