import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { viewerPlugin } from "../frame/plugin";
import { kind } from "./kind";
import { TrainingOutput } from "./output";

export const trainingPlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "training",
  description: "Shows trainings while they run, with buttons that pause and stop them.",
  kind,
  createOutput: (services) => new TrainingOutput(services),
});
