/**
 * Captures what the session writes to its standard streams. Text is gathered for a tick (or 16 ms of a loop that never
 * yields), so that 50,000 lines are a handful of messages, in order, none of them lost.
 */
import type { FromSession, StreamName } from "../jupyter/ipc";
import { checkInterrupted, currentScope, type Scope } from "./scope";

type Send = (message: FromSession) => void;

interface Pending {
  scope: Scope | undefined;
  name: StreamName;
  chunks: string[];
}

export const FLUSH_MS = 16;
/** One message stays under 1 MB, in JSON. */
const MESSAGE_BYTES = 1_000_000;
/** One write is cut here: a front end that is sent 100 MB of text is lost. */
export const WRITE_LIMIT = 1 << 20;
/** All writes of one cell together are cut here. */
export const CELL_LIMIT = 16 << 20;
/** With more alternations of streams than this in one tick, order between the streams is given up for their number. */
const MERGE_AFTER = 32;

// User code may replace the globals.
const { setTimeout, performance } = globalThis;

export class StreamCapture {
  private pending: Pending[] = [];
  private flushed = 0;
  private scheduled = false;

  constructor(private readonly send: Send) {}

  /** Replace the `write` of both standard streams. What passes below them (native code) is read from the pipes. */
  install(): void {
    this.replaceWrite("stdout");
    this.replaceWrite("stderr");
    process.on("exit", () => this.flush());
  }

  /** Unlike the streams' own `write`, no point where an interrupted cell stops. */
  emit(name: StreamName, text: string): void {
    const scope = currentScope();
    const kept = limit(text, scope);
    if (kept === "") return;
    this.target(name, scope).chunks.push(kept);
    if (performance.now() - this.flushed >= FLUSH_MS && this.scheduled) this.flush();
    else this.schedule();
  }

  /** Send all that is gathered; called before any other output, so that order is kept. */
  flush(): void {
    const pending = this.pending;
    this.pending = [];
    this.flushed = performance.now();
    for (const { scope, name, chunks } of pending) {
      for (const text of pieces(chunks.join(""))) {
        this.send({ type: "stream", parent: scope?.output, name, text });
      }
    }
  }

  private target(name: StreamName, scope: Scope | undefined): Pending {
    const same = (each: Pending): boolean => each.name === name && each.scope?.output === scope?.output;
    const last = this.pending.at(-1);
    if (last && same(last)) return last;
    const earlier = this.pending.length >= MERGE_AFTER ? this.pending.find(same) : undefined;
    if (earlier) return earlier;
    const fresh: Pending = { scope, name, chunks: [] };
    this.pending.push(fresh);
    return fresh;
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    const wait = Math.max(0, FLUSH_MS - (performance.now() - this.flushed));
    setTimeout(() => {
      this.scheduled = false;
      this.flush();
    }, wait);
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

function* pieces(text: string): Iterable<string> {
  let start = 0;
  while (start < text.length) {
    let end = Math.min(text.length, start + MESSAGE_BYTES - 1000);
    while (jsonBytes(text.slice(start, end)) >= MESSAGE_BYTES - 1000) end = start + Math.ceil((end - start) / 2);
    // Never between the halves of a surrogate pair.
    if (end < text.length && /[\uD800-\uDBFF]/.test(text[end - 1]!)) end--;
    yield text.slice(start, end);
    start = end;
  }
}

function jsonBytes(text: string): number {
  // Escapes make a character at most six bytes: measure only what could be too long.
  return text.length * 6 < MESSAGE_BYTES ? text.length : Buffer.byteLength(JSON.stringify(text));
}
