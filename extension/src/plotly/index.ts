import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { IThemeManager } from "@jupyterlab/apputils";
import { IRenderMimeRegistry } from "@jupyterlab/rendermime";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import { PLOTLY_MIME, PlotlyRenderer } from "./renderer";

/** Before the SVG and PNG that the same bundle carries for nbconvert. */
const RANK = 41;

export const plotlyPlugin: JupyterFrontEndPlugin<void> = {
  id: "jupyterlab-fovea:plotly",
  description: "Shows plotly figures of any kernel, offline.",
  autoStart: true,
  requires: [IRenderMimeRegistry],
  optional: [IThemeManager, ITranslator],
  activate: (
    _app: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    themes: IThemeManager | null,
    translator: ITranslator | null,
  ): void => {
    const trans = (translator ?? nullTranslator).load("jupyterlab_fovea");
    rendermime.addFactory(
      {
        safe: true,
        mimeTypes: [PLOTLY_MIME],
        createRenderer: () => new PlotlyRenderer(trans, themes ?? undefined),
      },
      RANK,
    );
  },
};
