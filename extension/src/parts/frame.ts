/** A drawing that is asked for, and can be called off. */
export interface Drawing {
  ask(): void;
  cancel(): void;
}

/** Draws once a frame, however many events asked for it. */
export class FrameSchedule implements Drawing {
  private frame = 0;

  constructor(private readonly draw: () => void) {}

  ask(): void {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  /** Forgets a drawing that was asked for. */
  cancel(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
  }
}
