import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { IRenderMimeRegistry } from "@jupyterlab/rendermime";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import { CORRESPONDENCE_MIME } from "fovea/protocol";
import { ISessionFinder, type SessionFinder } from "../comms";
import { IViewPreferences, type ReadPreferences } from "../preferences";
import { CorrespondenceRenderer } from "./renderer";

/** Before `image/png` (rank 90) and `text/plain` (120), which the same bundle carries. */
const RANK = 40;

export const correspondencePlugin: JupyterFrontEndPlugin<void> = {
  id: "jupyterlab-fovea:correspondence",
  description: "Shows matching points of two images by the features of an encoder.",
  autoStart: true,
  requires: [IRenderMimeRegistry],
  optional: [ISessionFinder, ITranslator, IViewPreferences],
  activate: (
    _app: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    sessions: SessionFinder | null,
    translator: ITranslator | null,
    preferences: ReadPreferences | null,
  ): void => {
    const trans = (translator ?? nullTranslator).load("jupyterlab_fovea");
    const createRenderer = (): CorrespondenceRenderer =>
      new CorrespondenceRenderer(trans, sessions ?? undefined, preferences ?? (() => ({})));
    rendermime.addFactory({ safe: true, mimeTypes: [CORRESPONDENCE_MIME], createRenderer }, RANK);
  },
};
