import { FrameSchedule, type Drawing } from "../parts/frame";

/** Share of the page's time that drawing may take while a training sends news many times a second. */
const SHARE = 0.25;
const LEAST_MS = 30;

/** Draws as soon as it can, but leaves the page most of its time: slow drawings are drawn less often. */
export class PacedDrawing implements Drawing {
  private timer: number | undefined;
  private free = 0;
  private readonly frame = new FrameSchedule(() => this.run());

  constructor(private readonly draw: () => void) {}

  ask(): void {
    if (this.timer !== undefined) return;
    const wait = this.free - performance.now();
    if (wait <= 0) return this.frame.ask();
    this.timer = window.setTimeout(() => {
      this.timer = undefined;
      this.frame.ask();
    }, wait);
  }

  cancel(): void {
    window.clearTimeout(this.timer);
    this.timer = undefined;
    this.frame.cancel();
  }

  private run(): void {
    const start = performance.now();
    this.draw();
    const cost = performance.now() - start;
    this.free = performance.now() + Math.max(LEAST_MS, cost / SHARE);
  }
}
