import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { commsPlugin } from "./comms";
import { correspondencePlugin } from "./correspondence";
import { plotlyPlugin } from "./plotly";

const plugins: JupyterFrontEndPlugin<unknown>[] = [commsPlugin, correspondencePlugin, plotlyPlugin];

export default plugins;
