import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { Dialog, ICommandPalette, showDialog } from "@jupyterlab/apputils";
import { ITranslator, nullTranslator, type TranslationBundle } from "@jupyterlab/translation";
import { Widget } from "@lumino/widgets";
import { element } from "../dom";

const NEW_NOTEBOOK = "fovea:new-notebook";
const HELP = "fovea:help";

/** Adds Fovea's commands to the palette; the schema of this plugin adds the help to JupyterLab's menu Help. */
export const commandsPlugin: JupyterFrontEndPlugin<void> = {
  id: "jupyterlab-fovea:commands",
  description: "Adds Fovea's commands to the palette and to the menu Help.",
  autoStart: true,
  optional: [ICommandPalette, ITranslator],
  activate: ({ commands }: JupyterFrontEnd, palette: ICommandPalette | null, translator: ITranslator | null): void => {
    const trans = (translator ?? nullTranslator).load("jupyterlab_fovea");
    commands.addCommand(NEW_NOTEBOOK, {
      label: trans.__("New Fovea Notebook"),
      caption: trans.__("Opens a notebook with the kernel Fovea (TypeScript)"),
      isEnabled: () => commands.hasCommand("notebook:create-new"),
      execute: ({ cwd }) =>
        commands.execute("notebook:create-new", { kernelName: "fovea", cwd: typeof cwd === "string" ? cwd : "" }),
    });
    commands.addCommand(HELP, {
      label: trans.__("Fovea Help"),
      caption: trans.__("Explains how to find documentation, keys and limits"),
      execute: () => showHelp(trans),
    });
    for (const command of [NEW_NOTEBOOK, HELP]) palette?.addItem({ command, category: "Fovea" });
  },
};

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
    [trans.__("Terminal"), trans.__("fovea --help lists the commands, fovea doctor shows which devices start.")],
    [trans.__("Colors"), trans.__("Settings, Fovea viewers: one color map for every view.")],
  ];
  const list = element("dl", { class: "jp-FoveaHelp" });
  for (const [name, text] of rows) list.append(element("dt", { text: name }), element("dd", { text }));
  return list;
}
