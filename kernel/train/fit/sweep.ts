import { Described, DISPLAY, type DisplayBundle, tabulate } from "../../display/describe";
import { argmax, least } from "../../numeric";

/** Rows of the table of a sweep. */
const ROWS = 12;

/** Loss of updates at a growing learning rate (Smith, arXiv 1506.01186). `view.learningRates` draws it. */
export class LearningRateSweep extends Described {
  constructor(
    /** Learning rate of each update that was made, `[N]`, ascending. */
    readonly learningRates: readonly number[],
    /** Loss before each update, `[N]`. */
    readonly losses: readonly number[],
    /** Losses as a running mean, `[N]`. */
    readonly smoothed: readonly number[],
    /** True if the loss grew beyond the limit or was no longer finite before the last rate. */
    readonly diverged: boolean,
    /** Rate at which the smoothed loss falls fastest; null where it never falls. */
    readonly suggestion: number | null,
  ) {
    super();
  }

  [DISPLAY](): DisplayBundle {
    const { learningRates, losses, smoothed, suggestion } = this;
    const found = suggestion === null ? "no rate at which the loss falls" : `suggested ${suggestion.toExponential(2)}`;
    const title = `Learning-rate sweep of ${losses.length} updates: ${found}${this.diverged ? ", then it diverged" : ""}`;
    const every = Math.max(1, Math.ceil(losses.length / ROWS));
    const rows = losses.flatMap((loss, i) =>
      i % every ? [] : [[learningRates[i].toExponential(2), loss.toPrecision(5), smoothed[i].toPrecision(5)]],
    );
    return tabulate(title, ["learning rate", "loss", "smoothed"], rows);
  }
}

/** Returns rates from `from` to `to` in equal factors. @returns `[count]` */
export function exponentialRates(from: number, to: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from * (to / from) ** (i / (count - 1)));
}

/** Running mean with weight `beta` of the past, corrected for its start at 0 as Adam's moments are. */
export class RunningMean {
  private sum = 0;
  private weight = 0;

  constructor(private readonly beta: number) {}

  /** Adds a value and returns the mean. */
  add(value: number): number {
    this.sum = this.beta * this.sum + (1 - this.beta) * value;
    this.weight = this.beta * this.weight + (1 - this.beta);
    return this.sum / this.weight;
  }
}

/** Tests whether a loss has grown to `limit` times the least so far; of a negative one, by as much as of a positive one. */
export function hasDiverged(smoothed: readonly number[], limit: number): boolean {
  const best = least(smoothed);
  return smoothed[smoothed.length - 1] > best + (limit - 1) * Math.abs(best);
}

/**
 * Index at which a curve falls fastest, by central differences. The first tenth, where the running mean has seen little,
 * and the last point are left out.
 *
 * @param values `[N]` at equal distances
 * @returns null where it never falls
 */
export function steepestFall(values: readonly number[]): number | null {
  const skipped = Math.ceil(values.length / 10);
  const part = values.slice(skipped, -1);
  const last = part.length - 1;
  if (last < 1) return null;
  const falls = part.map((_, i) => {
    const [before, after] = [Math.max(0, i - 1), Math.min(last, i + 1)];
    return (part[before] - part[after]) / (after - before);
  });
  const steepest = argmax(falls);
  return falls[steepest] > 0 ? skipped + steepest : null;
}
