/**
 * Capture of the session's standard streams. The first writes of a moment go to the kernel process at once, which
 * gathers them for the front end. A flood is gathered here first, because each message between the processes has a
 * cost.
 */
import type { FromSession, StreamName } from "../../jupyter/ipc";
import { checkInterrupted, currentScope, type Scope } from "./scope";

type Send = (message: FromSession) => void;

interface Pending {
  scope: Scope | undefined;
  name: StreamName;
  chunks: string[];
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
  private pending: Pending[] = [];
  private windowStart = -Infinity;
  private sent = 0;
  private scheduled = false;

  constructor(private readonly send: Send) {}

  /** Replaces the `write` of both standard streams. Output of native code below them is read from the pipes. */
  install(): void {
    this.replaceWrite("stdout");
    this.replaceWrite("stderr");
    process.on("exit", () => this.flush());
  }

  /** Writes without being a stop point of an interrupted cell, unlike the streams' `write`. */
  emit(name: StreamName, text: string): void {
    const scope = currentScope();
    const kept = limit(text, scope);
    if (kept === "") return;
    this.target(name, scope).chunks.push(kept);
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
    const pending = this.pending;
    this.pending = [];
    for (const { scope, name, chunks } of pending) {
      this.sent++;
      this.send({ type: "stream", parent: scope?.output, name, text: chunks.join("") });
    }
  }

  private target(name: StreamName, scope: Scope | undefined): Pending {
    const last = this.pending.at(-1);
    if (last && last.name === name && last.scope?.output === scope?.output) return last;
    const fresh: Pending = { scope, name, chunks: [] };
    this.pending.push(fresh);
    return fresh;
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setTimeout(() => {
      this.scheduled = false;
      this.flush();
    }, WINDOW_MS);
  }

  private replaceWrite(name: StreamName): void {
    type Callback = (error?: Error | null) => void;
    const write = (chunk: string | Uint8Array, encoding?: BufferEncoding | Callback, callback?: Callback): boolean => {
      const text = typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8");
      checkInterrupted();
      this.emit(name, text);
      const done = typeof encoding === "function" ? encoding : callback;
      if (done) process.nextTick(done);
      return true;
    };
    process[name].write = write as typeof process.stdout.write;
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
