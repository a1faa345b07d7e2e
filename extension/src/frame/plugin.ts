import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { IThemeManager } from "@jupyterlab/apputils";
import { IRenderMimeRegistry } from "@jupyterlab/rendermime";
import type { IRenderMime } from "@jupyterlab/rendermime-interfaces";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import { ISessionFinder, type SessionFinder } from "../comms";
import { IViewPreferences, type ReadPreferences } from "../preferences";
import { ViewOutput, type OpenViewer, type ViewerServices } from "./view-output";

/** One of our mime types and the viewer that shows it. */
export interface ViewerPluginOptions {
  /** After `jupyterlab-fovea:`. */
  name: string;
  description: string;
  mimeType: string;
  open: OpenViewer;
  /** The output that holds the viewer. Default: {@link ViewOutput}. */
  createOutput?(services: ViewerServices): IRenderMime.IRenderer;
}

/** Before `image/png` (rank 90) and `text/plain` (120), which the same bundle carries. */
const RANK = 40;

/** The plugin of one viewer. */
export function viewerPlugin({
  name,
  description,
  mimeType,
  open,
  createOutput = (services) => new ViewOutput(mimeType, services, open),
}: ViewerPluginOptions): JupyterFrontEndPlugin<void> {
  return {
    id: `jupyterlab-fovea:${name}`,
    description,
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
      const services: ViewerServices = {
        trans: (translator ?? nullTranslator).load("jupyterlab_fovea"),
        preferences: preferences ?? (() => ({})),
        sessions: sessions ?? undefined,
        themes: themes ?? undefined,
      };
      rendermime.addFactory({ safe: true, mimeTypes: [mimeType], createRenderer: () => createOutput(services) }, RANK);
    },
  };
}
