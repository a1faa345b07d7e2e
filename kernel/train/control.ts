/** Pauses and stops a training from outside: a button's handler holds it while the loop runs. */
export class TrainingControl {
  private readonly stopper = new AbortController();
  private waiting: Promise<void> | null = null;
  private wake: (() => void) | null = null;

  /** The loop finishes its step, then waits for {@link resume} or {@link stop}. */
  pause(): void {
    this.waiting ??= new Promise((resolve) => (this.wake = resolve));
  }

  resume(): void {
    this.wake?.();
    this.waiting = this.wake = null;
  }

  /** The loop finishes its step, writes its checkpoint and returns. */
  stop(): void {
    this.stopper.abort();
    this.resume();
  }

  get paused(): boolean {
    return this.waiting !== null;
  }

  get stopped(): boolean {
    return this.stopper.signal.aborted;
  }

  /** Resolves at once, or when a pause ends. */
  async ready(): Promise<void> {
    await this.waiting;
  }
}
