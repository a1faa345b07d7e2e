/**
 * Capture of the session's standard streams. The first writes of a moment go to the kernel process at once, which
 * gathers them for the front end. A flood is gathered here first, because each message between the processes has a
 * cost.
 */
import type { FromSession, StreamName } from "../../jupyter/ipc";
import { captureStreams } from "../node";
import { checkInterrupted, currentScope, type Scope } from "./scope";

type Send = (message: FromSession) => void;

interface Pending {
  scope: Scope | undefined;
  name: StreamName;
  text: string;
}

const WINDOW_MS = 16;
const SENT_AT_ONCE = 32;
/** Largest single write; 100 MB of text would overload a front end. */
export const WRITE_LIMIT = 1 << 20;
/** Largest total of writes by one cell. */
export const CELL_LIMIT = 16 << 20;

// User code may replace the globals.
const { setTimeout, performance } = globalThis;

/** Capture of both standard streams. */
export class StreamCapture {
  private pending: Pending | undefined;
  private windowStart = -Infinity;
  private sent = 0;
  private scheduled = false;

  constructor(private readonly send: Send) {}

  /** Takes the text that cells write to both standard streams. */
  install(): void {
    const write = (name: StreamName, text: string): void => {
      checkInterrupted();
      this.emit(name, text);
    };
    captureStreams(write, () => this.flush());
  }

  /** Writes without being a stop point of an interrupted cell, unlike the streams' `write`. */
  emit(name: StreamName, text: string): void {
    const scope = currentScope();
    const kept = limit(text, scope);
    if (kept === "") return;
    this.gather(name, scope, kept);
    const now = performance.now();
    if (now - this.windowStart >= WINDOW_MS) {
      this.windowStart = now;
      this.sent = 0;
    }
    if (this.sent < SENT_AT_ONCE) this.flush();
    else this.schedule();
  }

  /** Sends the gathered text; called before any other output to keep the order. */
  flush(): void {
    const { pending } = this;
    if (!pending) return;
    this.pending = undefined;
    this.sent++;
    const { scope, name, text } = pending;
    this.send({ type: "stream", parent: scope?.output, name, text });
  }

  private gather(name: StreamName, scope: Scope | undefined, text: string): void {
    if (this.pending && (this.pending.name !== name || this.pending.scope?.output !== scope?.output)) this.flush();
    if (this.pending) this.pending.text += text;
    else this.pending = { scope, name, text };
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setTimeout(() => {
      this.scheduled = false;
      this.flush();
    }, WINDOW_MS);
  }
}

function limit(text: string, scope: Scope | undefined): string {
  const cut = cutTo(text, WRITE_LIMIT, "one write is cut");
  if (!scope) return cut;
  const before = scope.cell.written;
  scope.cell.written += cut.length;
  if (before >= CELL_LIMIT) return "";
  return cutTo(cut, CELL_LIMIT - before, "the output of this cell is cut");
}

function cutTo(text: string, length: number, what: string): string {
  if (text.length <= length) return text;
  return `${text.slice(0, length)}\n[fovea: ${what} after ${length} of ${text.length} characters]\n`;
}
