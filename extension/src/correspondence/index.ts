import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { IRenderMimeRegistry } from "@jupyterlab/rendermime";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import { CORRESPONDENCE_MIME, isColourMap } from "fovea/protocol";
import { ISessionFinder, type SessionFinder } from "../comms";
import { CorrespondenceRenderer, type Preferences } from "./renderer";

/** Before `image/png` (rank 90) and `text/plain` (120), which the same bundle carries. */
const RANK = 40;

const ID = "jupyterlab-fovea:correspondence";

export const correspondencePlugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: "Shows matching points of two images by the features of an encoder.",
  autoStart: true,
  requires: [IRenderMimeRegistry],
  optional: [ISessionFinder, ITranslator, ISettingRegistry],
  activate: (
    _app: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    sessions: SessionFinder | null,
    translator: ITranslator | null,
    settings: ISettingRegistry | null,
  ): void => {
    const trans = (translator ?? nullTranslator).load("jupyterlab_fovea");
    const preferences = readPreferences(settings);
    rendermime.addFactory(
      {
        safe: true,
        mimeTypes: [CORRESPONDENCE_MIME],
        createRenderer: () => new CorrespondenceRenderer(trans, sessions ?? undefined, preferences),
      },
      RANK,
    );
  },
};

/** Follows the settings; without a registry, or without our schema, there are no preferences. */
function readPreferences(registry: ISettingRegistry | null): () => Preferences {
  let current: Preferences = {};
  const read = (settings: ISettingRegistry.ISettings): void => {
    const { colormap } = settings.composite;
    current = isColourMap(colormap) ? { colormap } : {};
  };
  registry?.load(ID).then(
    (settings) => {
      read(settings);
      settings.changed.connect(read);
    },
    (reason: unknown) => console.warn("jupyterlab-fovea: settings cannot be read", reason),
  );
  return () => current;
}
