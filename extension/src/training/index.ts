import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { TRAINING_MIME } from "fovea/protocol";
import { viewerPlugin } from "../frame/plugin";
import { TrainingOutput, openTraining } from "./output";

export const trainingPlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "training",
  description: "Shows trainings while they run, with buttons that pause and stop them.",
  mimeType: TRAINING_MIME,
  open: openTraining,
  createOutput: (services) => new TrainingOutput(services),
});
