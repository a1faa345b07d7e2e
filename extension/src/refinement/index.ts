import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { readRefinement, REFINEMENT_MIME } from "fovea/protocol";
import { viewerPlugin } from "../frame/plugin";

/** All that the viewer shows is in the notebook: it needs no kernel. */
export const refinementPlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "refinement",
  description: "Shows how the stages of a refinement bring visual tokens and words together.",
  mimeType: REFINEMENT_MIME,
  open: async (data, { trans }) => {
    const payload = readRefinement(data);
    const { RefinementViewer } = await import("./viewer");
    return { viewer: new RefinementViewer({ payload, trans }) };
  },
});
