import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { Token } from "@lumino/coreutils";
import { isColorMap, type ColorMapName } from "fovea/protocol";

/** Settings of a reader for every view; they win over the author's choice. */
export interface Preferences {
  colormap?: ColorMapName;
}

/** Reads the preferences of this moment. */
export type ReadPreferences = () => Preferences;

/** The reader's own choices for every view. */
export const IViewPreferences: Token<ReadPreferences> = new Token<ReadPreferences>(
  "jupyterlab-fovea:IViewPreferences",
  "The reader's own choices for every Fovea view.",
);

const ID = "jupyterlab-fovea:preferences";

/** Follows the settings; without a registry, or without our schema, there are no preferences. */
export const preferencesPlugin: JupyterFrontEndPlugin<ReadPreferences> = {
  id: ID,
  description: "Reads what the reader set for every Fovea view.",
  autoStart: true,
  provides: IViewPreferences,
  optional: [ISettingRegistry],
  activate: (_app: JupyterFrontEnd, registry: ISettingRegistry | null): ReadPreferences => {
    let current: Preferences = {};
    const read = (settings: ISettingRegistry.ISettings): void => {
      const { colormap } = settings.composite;
      current = isColorMap(colormap) ? { colormap } : {};
    };
    registry?.load(ID).then(
      (settings) => {
        read(settings);
        settings.changed.connect(read);
      },
      (reason: unknown) => console.warn("jupyterlab-fovea: settings cannot be read", reason),
    );
    return () => current;
  },
};
