import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { IThemeManager } from "@jupyterlab/apputils";
import { IRenderMimeRegistry } from "@jupyterlab/rendermime";
import type { IRenderMime } from "@jupyterlab/rendermime-interfaces";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import { ISessionFinder, type SessionFinder } from "../comms";
import { IViewPreferences, type ViewPreferences } from "../preferences";
import type { ViewerKind } from "./viewer-kind";
import { ViewOutput, type ViewerServices } from "./view-output";

/** A kind of viewers as JupyterLab lists it. */
export interface ViewerPluginOptions {
  /** After `jupyterlab-fovea:`. */
  name: string;
  description: string;
  kind: ViewerKind;
  /** The output that holds the viewer. Default: {@link ViewOutput}. */
  createOutput?(services: ViewerServices): IRenderMime.IRenderer;
}

/** Before `image/png` (rank 90) and `text/plain` (120), which the same bundle carries. */
const RANK = 40;

/** The plugin of one viewer. */
export function viewerPlugin({
  name,
  description,
  kind,
  createOutput = (services) => new ViewOutput(kind, services),
}: ViewerPluginOptions): JupyterFrontEndPlugin<void> {
  return {
    id: `jupyterlab-fovea:${name}`,
    description,
    autoStart: true,
    requires: [IRenderMimeRegistry],
    optional: [ISessionFinder, IThemeManager, ITranslator, IViewPreferences],
    activate: (
      { commands, serviceManager }: JupyterFrontEnd,
      rendermime: IRenderMimeRegistry,
      sessions: SessionFinder | null,
      themes: IThemeManager | null,
      translator: ITranslator | null,
      preferences: ViewPreferences | null,
    ): void => {
      const services: ViewerServices = {
        trans: (translator ?? nullTranslator).load("jupyterlab_fovea"),
        preferences: preferences?.read ?? (() => ({})),
        preferencesChanged: preferences?.changed,
        sessions: sessions ?? undefined,
        themes: themes ?? undefined,
        commands,
        contents: serviceManager.contents,
      };
      rendermime.addFactory(
        { safe: true, mimeTypes: [kind.mimeType], createRenderer: () => createOutput(services) },
        RANK,
      );
    },
  };
}
