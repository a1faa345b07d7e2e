import { joinBytes } from "../../numeric";
import { platform } from "../../platform";
import { appendFile, mkdir } from "../../platform/files";
import { join } from "../../platform/path";
import { TrainError } from "../error";
import { scalarsRecord, versionRecord } from "./event-file";
import type { StepReport } from "./report";

/** Time after which numbers are written although no validation came. */
const WRITE_EVERY_MS = 2000;

/** Scalars of a training in an event file for TensorBoard. */
export class TensorBoard {
  private readonly path: string;
  private pending: Uint8Array[] = [];
  private written = performance.now();

  private constructor(private readonly folder: string) {
    // TensorBoard reads files by this pattern, in the order of their names.
    const seconds = Math.floor(Date.now() / 1000);
    this.path = join(folder, `events.out.tfevents.${seconds}.fovea.${platform().uuid().slice(0, 8)}`);
  }

  /**
   * Makes a new event file in a folder.
   *
   * @throws TrainError for no folder
   * @throws FileError for one that cannot be written
   */
  static async open(folder: string): Promise<TensorBoard> {
    if (typeof folder !== "string" || !folder)
      throw new TrainError("train.fit", "tensorboard must be a folder for event files", folder);
    const made = new TensorBoard(folder);
    made.pending.push(versionRecord(Date.now() / 1000));
    await made.flush();
    return made;
  }

  /** Adds the numbers of a step. */
  async write({ step, loss, gradientNorm, metrics, learningRates, validation }: StepReport): Promise<void> {
    const scalars = {
      loss,
      gradient_norm: gradientNorm,
      ...prefixed("train", metrics),
      ...prefixed("learning_rate", learningRates),
      ...prefixed("validation", validation ?? {}),
    };
    this.pending.push(scalarsRecord(Date.now() / 1000, step, scalars));
    if (validation || performance.now() - this.written > WRITE_EVERY_MS) await this.flush();
  }

  /**
   * Writes everything to disk.
   *
   * @throws FileError for a folder that cannot be written
   */
  async flush(): Promise<void> {
    const bytes = joinBytes(this.pending);
    this.pending = [];
    this.written = performance.now();
    await mkdir(this.folder, { recursive: true });
    await appendFile(this.path, bytes);
  }
}

function prefixed(group: string, values: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${group}/${name}`, value]));
}
