import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { alignmentPlugin } from "./alignment";
import { commsPlugin } from "./comms";
import { correspondencePlugin } from "./correspondence";
import { lawPlugin } from "./law";
import { plotlyPlugin } from "./plotly";
import { statusPlugin } from "./status";

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  commsPlugin,
  alignmentPlugin,
  correspondencePlugin,
  lawPlugin,
  plotlyPlugin,
  statusPlugin,
];

export default plugins;
