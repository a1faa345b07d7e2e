import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ALIGNMENT_MIME, readAlignment } from "fovea/protocol";
import { viewerPlugin } from "../frame/plugin";

/** All that the viewer shows is in the notebook: it needs no kernel. */
export const alignmentPlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "alignment",
  description: "Shows how patches of an image and tokens of a text or of a reference align.",
  mimeType: ALIGNMENT_MIME,
  open: async (data, { trans, preferences }) => {
    const payload = { ...readAlignment(data), ...preferences() };
    const { AlignmentViewer } = await import("./viewer");
    return { viewer: new AlignmentViewer({ payload, trans }) };
  },
});
