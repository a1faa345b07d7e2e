import { type EventFile, openEventFile } from "../backend/node";
import { trainingDevice } from "../backend/tfjs";
import { TrainError } from "./error";
import type { StepReport } from "./report";

/** Scalars of a training for TensorBoard; TensorFlow writes the file. */
export class TensorBoard {
  private readonly file: EventFile;

  /**
   * Opens the event file.
   *
   * @throws TrainError unless training computes on TensorFlow
   * @throws DeviceError where its writer is missing
   */
  constructor(folder: string) {
    if (typeof folder !== "string" || !folder)
      throw new TrainError("train.fit", "tensorboard must be a folder for event files", folder);
    if (trainingDevice() !== "tensorflow")
      throw new TrainError(
        "train.fit",
        'tensorboard needs the device tensorflow, which writes the event files: fovea backend install tensorflow, then await nn.start("tensorflow")',
        trainingDevice(),
      );
    this.file = openEventFile(folder);
  }

  write({ step, loss, gradientNorm, metrics, learningRates, validation }: StepReport): void {
    const scalars = { loss, gradient_norm: gradientNorm, ...prefixed("train", metrics) };
    const all = {
      ...scalars,
      ...prefixed("learning_rate", learningRates),
      ...prefixed("validation", validation ?? {}),
    };
    for (const [tag, value] of Object.entries(all)) this.file.scalar(tag, value, step);
    if (validation) this.file.flush();
  }

  /** Writes everything to disk. */
  flush(): void {
    this.file.flush();
  }
}

function prefixed(group: string, values: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${group}/${name}`, value]));
}
