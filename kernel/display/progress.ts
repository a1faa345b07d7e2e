/** Progress of long work, shown only in the running cell of a notebook. */
import { platform } from "../platform";
import { currentHost, type MimeBundle } from "./host";

/** Smallest interval of updates, because a front end draws each of them. */
const INTERVAL_MS = 100;
const WIDTH = 30;
/** Work that is done sooner shows no bar, so that the output of a quick cell is its result alone. */
const PATIENCE_MS = 2_000;

export class ProgressBar {
  private readonly host = currentHost();
  private readonly displayId = platform().uuid();
  private readonly start = performance.now();
  private shown: number | undefined;

  /**
   * @param unit counted things in the plural, such as `images`
   * @param after milliseconds before which nothing is shown
   */
  constructor(
    private readonly label: string,
    private readonly unit: string,
    private readonly after = 0,
  ) {}

  /**
   * Shows the progress.
   *
   * @param before number finished before this work began, which is excluded from its speed
   */
  show(done: number, total: number, before = 0): void {
    const now = performance.now();
    if (!this.host || !this.isDue(now, done === total)) return;
    const seconds = (now - this.start) / 1e3;
    const bundle = barBundle(this.label, done, total, `${this.unit}${pace(done - before, total - done, seconds)}`);
    this.host.display(bundle, { displayId: this.displayId, update: this.shown !== undefined });
    this.shown = now;
  }

  private isDue(now: number, isLast: boolean): boolean {
    if (this.shown !== undefined) return isLast || now - this.shown >= INTERVAL_MS;
    return this.after === 0 || (!isLast && now - this.start >= this.after);
  }
}

/** Returns a receiver of progress that shows a bar once the work has taken {@link PATIENCE_MS}. */
export function patientBar(
  label: string,
  unit: string,
): (progress: { done: number; total: number; before?: number }) => void {
  const bar = new ProgressBar(label, unit, PATIENCE_MS);
  return ({ done, total, before }) => bar.show(done, total, before);
}

/** Returns speed and remaining time, once they can be estimated. */
function pace(done: number, left: number, seconds: number): string {
  if (done <= 0 || seconds <= 0) return "";
  const rate = done / seconds;
  return `, ${rate.toPrecision(3)} a second${left > 0 ? `, ${duration(left / rate)} left` : `, ${duration(seconds)}`}`;
}

/** Returns a time in words. */
export function duration(seconds: number): string {
  if (seconds < 99.5) return `${Math.ceil(seconds)} s`;
  return seconds < 5940 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** Returns text, and an element for screen readers. `label` and `note` are trusted and not escaped. */
export function barBundle(label: string, done: number, total: number, note: string): MimeBundle {
  const counted = `${done} of ${total} ${note}`;
  const full = total > 0 ? Math.min(WIDTH, Math.max(0, Math.floor((WIDTH * done) / total))) : WIDTH;
  return {
    "text/plain": `${label} [${"#".repeat(full)}${"-".repeat(WIDTH - full)}] ${counted}`,
    "text/html": `<div>${label} <progress aria-label="${label}" value="${done}" max="${Math.max(1, total)}"></progress> ${counted}</div>`,
  };
}
