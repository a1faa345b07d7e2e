import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { Dialog, ICommandPalette, showDialog } from "@jupyterlab/apputils";
import { ILauncher } from "@jupyterlab/launcher";
import { ITranslator, nullTranslator, type TranslationBundle } from "@jupyterlab/translation";
import { Widget } from "@lumino/widgets";
import { element } from "../dom";
import { markIcon } from "../icons";
import { findTutorial, writeFirstNotebook } from "./tutorial";

const NEW_NOTEBOOK = "fovea:new-notebook";
const OPEN_TUTORIAL = "fovea:open-tutorial";
const HELP = "fovea:help";
const CATEGORY = "Fovea";

/** Adds Fovea's commands to palette and launcher; the schema of this plugin adds them to JupyterLab's menus. */
export const commandsPlugin: JupyterFrontEndPlugin<void> = {
  id: "jupyterlab-fovea:commands",
  description: "Adds Fovea's commands to the launcher, the palette and the menus.",
  autoStart: true,
  optional: [ICommandPalette, ILauncher, ITranslator],
  activate: (
    { commands, serviceManager }: JupyterFrontEnd,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    translator: ITranslator | null,
  ): void => {
    const trans = (translator ?? nullTranslator).load("jupyterlab_fovea");
    const { contents } = serviceManager;
    commands.addCommand(NEW_NOTEBOOK, {
      label: ({ isLauncher }) => (isLauncher ? trans.__("Fovea Notebook") : trans.__("New Fovea Notebook")),
      caption: trans.__("Opens a notebook with the kernel Fovea (TypeScript)"),
      icon: ({ isPalette }) => (isPalette ? undefined : markIcon),
      isEnabled: () => commands.hasCommand("notebook:create-new"),
      execute: ({ cwd }) => commands.execute("notebook:create-new", { kernelName: "fovea", cwd: folderOf(cwd) }),
    });
    commands.addCommand(OPEN_TUTORIAL, {
      label: ({ isLauncher }) => (isLauncher ? trans.__("First Tutorial") : trans.__("Open Fovea's First Tutorial")),
      caption: trans.__("Opens the first tutorial, or writes a short one where the tutorials are not at hand"),
      icon: ({ isPalette }) => (isPalette ? undefined : markIcon),
      isEnabled: () => commands.hasCommand("docmanager:open"),
      execute: async ({ cwd }) => {
        const path = (await findTutorial(contents)) ?? (await writeFirstNotebook(contents, folderOf(cwd), trans));
        return commands.execute("docmanager:open", { path, kernel: { name: "fovea" } });
      },
    });
    commands.addCommand(HELP, {
      label: trans.__("Fovea Help"),
      caption: trans.__("Explains how to find documentation, keys and limits"),
      execute: () => showHelp(trans),
    });
    for (const command of [NEW_NOTEBOOK, OPEN_TUTORIAL, HELP])
      palette?.addItem({ command, category: CATEGORY, args: { isPalette: true } });
    [NEW_NOTEBOOK, OPEN_TUTORIAL].forEach((command, rank) =>
      launcher?.add({ command, category: CATEGORY, rank, args: { isLauncher: true } }),
    );
  },
};

const folderOf = (cwd: unknown): string => (typeof cwd === "string" ? cwd : "");

async function showHelp(trans: TranslationBundle): Promise<void> {
  const body = new Widget({ node: helpOf(trans) });
  const close = Dialog.okButton({ label: trans.__("Close") });
  await showDialog({ title: trans.__("Fovea Help"), body, buttons: [close] });
}

function helpOf(trans: TranslationBundle): HTMLElement {
  const rows: [name: string, text: string][] = [
    [trans.__("First cell"), 'import { data, encoders, law, view } from "fovea";'],
    [trans.__("Documentation"), trans.__("Shift+Tab on a name shows it; Tab completes names and options.")],
    [trans.__("Viewers"), trans.__("? in a viewer lists its keys.")],
    [trans.__("Panel"), trans.__("The eye in the left bar lists encoders, features and trainings.")],
    [trans.__("Files"), trans.__("Models, adapters, features and saved views open by a double click.")],
    [trans.__("Terminal"), trans.__("fovea --help lists the commands, fovea doctor shows which devices start.")],
    [trans.__("Settings"), trans.__("Settings, Fovea viewers: colors, heat-maps, device and memory for every view.")],
  ];
  const list = element("dl", { class: "jp-FoveaHelp" });
  for (const [name, text] of rows) list.append(element("dt", { text: name }), element("dd", { text }));
  return list;
}
