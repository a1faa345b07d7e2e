import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { TRAINING_MIME } from "fovea/protocol";
import { viewerPlugin } from "../viewers";
import { TrainingRenderer } from "./renderer";

export const trainingPlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "training",
  description: "Shows trainings while they run, with buttons that pause and stop them.",
  mimeType: TRAINING_MIME,
  createRenderer: (services) => new TrainingRenderer(services),
});
