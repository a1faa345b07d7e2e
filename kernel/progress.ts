/** Progress of long work, shown only in the running cell of a notebook. */
import { platform } from "./platform";
import { currentHost, type MimeBundle } from "./display/host";

/** Smallest interval of updates, because a front end draws each of them. */
const INTERVAL_MS = 100;
const WIDTH = 30;

export class ProgressBar {
  private readonly host = currentHost();
  private readonly displayId = platform().uuid();
  private readonly start = performance.now();
  private shown: number | undefined;

  /** @param unit counted things in the plural, such as `images` */
  constructor(
    private readonly label: string,
    private readonly unit: string,
  ) {}

  /**
   * Shows the progress.
   *
   * @param before number finished before this work began, which is excluded from its speed
   */
  show(done: number, total: number, before = 0): void {
    const now = performance.now();
    const isDue = this.shown === undefined || now - this.shown >= INTERVAL_MS || done === total;
    if (!this.host || !isDue) return;
    const seconds = (now - this.start) / 1e3;
    const bundle = barBundle(this.label, done, total, `${this.unit}${pace(done - before, total - done, seconds)}`);
    this.host.display(bundle, { displayId: this.displayId, update: this.shown !== undefined });
    this.shown = now;
  }
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
  const full = total > 0 ? Math.floor((WIDTH * done) / total) : WIDTH;
  return {
    "text/plain": `${label} [${"#".repeat(full)}${"-".repeat(WIDTH - full)}] ${counted}`,
    "text/html": `<div>${label} <progress aria-label="${label}" value="${done}" max="${Math.max(1, total)}"></progress> ${counted}</div>`,
  };
}
