/**
 * Captures what the session writes to its standard streams. The first writes of a moment go to the kernel process at
 * once (it gathers them for the front end); a flood is gathered here first, as each message between the processes costs.
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
/** One write is cut here: a front end that is sent 100 MB of text is lost. */
export const WRITE_LIMIT = 1 << 20;
/** All writes of one cell together are cut here. */
export const CELL_LIMIT = 16 << 20;

// User code may replace the globals.
const { setTimeout, performance } = globalThis;

export class StreamCapture {
  private pending: Pending | undefined;
  private windowStart = -Infinity;
  private sent = 0;
  private scheduled = false;

  constructor(private readonly send: Send) {}

  /** Takes what cells write to both standard streams. */
  install(): void {
    const write = (name: StreamName, text: string): void => {
      checkInterrupted();
      this.emit(name, text);
    };
    captureStreams(write, () => this.flush());
  }

  /** Unlike the streams' own `write`, no point where an interrupted cell stops. */
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

  /** Send all that is gathered; called before any other output, so that order is kept. */
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
