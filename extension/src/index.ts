import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { alignmentPlugin } from "./alignment";
import { commsPlugin } from "./comms";
import { correspondencePlugin } from "./correspondence";
import { lawPlugin } from "./law";
import { plotlyPlugin } from "./plotly";
import { preferencesPlugin } from "./preferences";
import { statusPlugin } from "./status";
import { trainingPlugin } from "./training";

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  commsPlugin,
  preferencesPlugin,
  alignmentPlugin,
  correspondencePlugin,
  lawPlugin,
  plotlyPlugin,
  statusPlugin,
  trainingPlugin,
];

export default plugins;
