import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { IThemeManager } from "@jupyterlab/apputils";
import { IRenderMimeRegistry } from "@jupyterlab/rendermime";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import { TRAINING_MIME } from "fovea/protocol";
import { ISessionFinder, type SessionFinder } from "../comms";
import { IViewPreferences, type ReadPreferences } from "../preferences";
import { TrainingRenderer } from "./renderer";

/** Before `image/png` (rank 90) and `text/plain` (120), which the same bundle carries. */
const RANK = 40;

export const trainingPlugin: JupyterFrontEndPlugin<void> = {
  id: "jupyterlab-fovea:training",
  description: "Shows trainings while they run, with buttons that pause and stop them.",
  autoStart: true,
  requires: [IRenderMimeRegistry],
  optional: [ISessionFinder, IThemeManager, ITranslator, IViewPreferences],
  activate: (
    _app: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    sessions: SessionFinder | null,
    themes: IThemeManager | null,
    translator: ITranslator | null,
    preferences: ReadPreferences | null,
  ): void => {
    const trans = (translator ?? nullTranslator).load("jupyterlab_fovea");
    const createRenderer = (): TrainingRenderer =>
      new TrainingRenderer(trans, sessions ?? undefined, preferences ?? (() => ({})), themes ?? undefined);
    rendermime.addFactory({ safe: true, mimeTypes: [TRAINING_MIME], createRenderer }, RANK);
  },
};
