import { appendFile, existsSync, readFileSync } from "../../platform/files";

/**
 * Weights W_dt of the updates of a run, in a file beside its checkpoints: a run that was stopped has its mean over the same updates as one
 * that was not. Updates that are made again after a stop replace their lines.
 */
export class StudyWeights {
  private readonly byUpdate = new Map<string, number>();

  constructor(private readonly path: string) {
    if (!existsSync(path)) return;
    for (const line of readFileSync(path, "utf8").split("\n")) this.read(line);
  }

  /** Notes the weight of an update. */
  async put(stage: string, step: number, weight: number): Promise<void> {
    this.byUpdate.set(`${stage} ${step}`, weight);
    // The line break first: a line that was cut by a stop stays alone.
    await appendFile(this.path, `\n${JSON.stringify([stage, step, weight])}`);
  }

  /** Returns the weights of the last updates, at most so many. */
  last(count: number): number[] {
    return [...this.byUpdate.values()].slice(-count);
  }

  /** Reads a line; one that was cut is of an update that no checkpoint has, which is made again. */
  private read(line: string): void {
    const whole = /^\["([^"]*)",(\d+),([^\]]+)\]$/.exec(line);
    if (whole) this.byUpdate.set(`${whole[1]} ${whole[2]}`, Number(whole[3]));
  }
}
