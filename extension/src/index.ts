import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { commandsPlugin } from "./commands";
import { commsPlugin } from "./comms";
import { filesPlugin } from "./files";
import { overviewPlugin } from "./overview";
import { preferencesPlugin } from "./preferences";
import { statusPlugin } from "./status";
import * as viewers from "./viewers";

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  commandsPlugin,
  commsPlugin,
  filesPlugin,
  overviewPlugin,
  preferencesPlugin,
  statusPlugin,
  ...Object.values(viewers),
];

export default plugins;
