/** Limits of waiting for a hub: for a byte, and for too few of them. */

/** @internal Limits that tests shorten. */
export const LIMITS = {
  /** Milliseconds without a byte after which a connection is abandoned. */
  idleMs: 30_000,
  /** A connection is abandoned that brings fewer than `leastBytes` in so many milliseconds. */
  slowMs: 60_000,
  leastBytes: 65_536,
};

/** Watch over one connection: its signal aborts when the hub has nothing to say, or says it too slowly. */
export class Patience {
  private readonly controller = new AbortController();
  private readonly slow: ReturnType<typeof setInterval>;
  private idle: ReturnType<typeof setTimeout>;
  private recent = 0;
  /** Bytes of the connection so far. */
  bytes = 0;

  constructor(private readonly outer?: AbortSignal) {
    this.idle = this.waitForByte();
    this.slow = setInterval(() => this.look(), LIMITS.slowMs);
  }

  /** Signal for the request; the caller's own is part of it. */
  get signal(): AbortSignal {
    const { signal } = this.controller;
    return this.outer ? AbortSignal.any([this.outer, signal]) : signal;
  }

  /** Counts bytes that arrived. */
  count(bytes: number): void {
    this.bytes += bytes;
    this.recent += bytes;
    clearTimeout(this.idle);
    this.idle = this.waitForByte();
  }

  end(): void {
    clearTimeout(this.idle);
    clearInterval(this.slow);
  }

  private waitForByte(): ReturnType<typeof setTimeout> {
    const { idleMs } = LIMITS;
    return setTimeout(() => this.controller.abort(new Error(`no byte in ${idleMs / 1000} s`)), idleMs);
  }

  private look(): void {
    const { slowMs, leastBytes } = LIMITS;
    if (this.recent < leastBytes)
      this.controller.abort(new Error(`${this.recent} bytes in ${slowMs / 1000} s, less than ${leastBytes}`));
    this.recent = 0;
  }
}
