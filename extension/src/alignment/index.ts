import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { IRenderMimeRegistry } from "@jupyterlab/rendermime";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import { ALIGNMENT_MIME } from "fovea/protocol";
import { IViewPreferences, type ReadPreferences } from "../preferences";
import { AlignmentRenderer } from "./renderer";

/** Before `image/png` (rank 90) and `text/plain` (120), which the same bundle carries. */
const RANK = 40;

export const alignmentPlugin: JupyterFrontEndPlugin<void> = {
  id: "jupyterlab-fovea:alignment",
  description: "Shows how patches of an image and tokens of a text or of a reference align.",
  autoStart: true,
  requires: [IRenderMimeRegistry],
  optional: [ITranslator, IViewPreferences],
  activate: (
    _app: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator | null,
    preferences: ReadPreferences | null,
  ): void => {
    const trans = (translator ?? nullTranslator).load("jupyterlab_fovea");
    const createRenderer = (): AlignmentRenderer => new AlignmentRenderer(trans, preferences ?? (() => ({})));
    rendermime.addFactory({ safe: true, mimeTypes: [ALIGNMENT_MIME], createRenderer }, RANK);
  },
};
