import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import type { DocumentRegistry, IDocumentWidget } from "@jupyterlab/docregistry";
import { DisposableDelegate } from "@lumino/disposable";
import { Token } from "@lumino/coreutils";
import { PanelSessions, type SessionFinder } from "./sessions";

export { ViewConnection } from "./connection";
export { SessionChannels } from "./session-channels";
export type { SessionFinder } from "./sessions";

/** Finds the kernel session behind a rendered output. */
export const ISessionFinder: Token<SessionFinder> = new Token<SessionFinder>(
  "jupyterlab-fovea:ISessionFinder",
  "Finds the kernel session of the notebook that an output lies in.",
);

/**
 * Notes the session of every notebook panel. `INotebookTracker` would do the same, but `@jupyterlab/notebook` cannot be
 * installed at 4.6 (some of its dependencies are unpublished).
 */
export const commsPlugin: JupyterFrontEndPlugin<SessionFinder> = {
  id: "jupyterlab-fovea:comms",
  description: "Connects rendered views to the kernel of their notebook.",
  autoStart: true,
  provides: ISessionFinder,
  activate: (app: JupyterFrontEnd): SessionFinder => {
    const sessions = new PanelSessions();
    app.docRegistry.addWidgetExtension("Notebook", {
      createNew(panel: IDocumentWidget, context: DocumentRegistry.Context) {
        sessions.add(panel, context.sessionContext);
        return new DisposableDelegate(() => sessions.delete(panel));
      },
    });
    return sessions;
  },
};
