import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { commandsPlugin } from "./commands";
import { commsPlugin } from "./comms";
import { filesPlugin } from "./files";
import { preferencesPlugin } from "./preferences";
import { statusPlugin } from "./status";
import * as viewers from "./viewers";

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  commandsPlugin,
  commsPlugin,
  filesPlugin,
  preferencesPlugin,
  statusPlugin,
  ...Object.values(viewers),
];

export default plugins;
