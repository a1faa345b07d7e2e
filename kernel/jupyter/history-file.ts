/**
 * History that outlives the kernel: a file of JSON lines shared by all kernels of a user. Each line is appended by one
 * write; only numbering a session and trimming need the lock. A failure costs the history, never the kernel.
 */
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { HistoryEntry } from "./history";

/** One line: the start of a session, an input, or an output. */
type Line = { s: number } | { s: number; l: number; c: string } | { s: number; l: number; o: string };

const MAX_BYTES = 4 << 20;
const STALE_LOCK_MS = 5000;
const LOCK_TRIES = 40;
const LOCK_PAUSE_MS = 5;
/** Longer texts are not kept, because history is for typed inputs. */
const MAX_TEXT = 100_000;

/** Returns the path in `FOVEA_HISTORY`, or the default; an empty value disables the file. */
export function historyPath(): string | undefined {
  const named = process.env["FOVEA_HISTORY"];
  if (named !== undefined) return named === "" ? undefined : named;
  const state = process.env["XDG_STATE_HOME"] || join(homedir(), ".local", "state");
  return join(state, "fovea", "history.jsonl");
}

/** File of the history. */
export class HistoryFile {
  constructor(private readonly path: string) {}

  /** Returns the kept entries and a new session number, or `undefined` when the file cannot be used. */
  open(): { entries: HistoryEntry[]; session: number } | undefined {
    try {
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
      return this.locked(() => {
        const lines = this.trim(this.read());
        const session = 1 + lines.reduce((most, { s }) => Math.max(most, s), 0);
        this.append({ s: session });
        return { entries: entriesOf(lines), session };
      });
    } catch {
      return undefined;
    }
  }

  input(session: number, line: number, code: string): void {
    if (code.length <= MAX_TEXT) this.append({ s: session, l: line, c: code });
  }

  output(session: number, line: number, text: string): void {
    if (text.length <= MAX_TEXT) this.append({ s: session, l: line, o: text });
  }

  private append(line: Line): void {
    try {
      appendFileSync(this.path, JSON.stringify(line) + "\n", { mode: 0o600 });
    } catch {
      // The disk is full or the home is read-only.
    }
  }

  private read(): Line[] {
    let text = "";
    try {
      text = readFileSync(this.path, "utf8");
    } catch {
      return [];
    }
    return text.split("\n").flatMap(parseLine);
  }

  /** Keeps the newer half of a file that is too large. */
  private trim(lines: Line[]): Line[] {
    if ((statSync(this.path, { throwIfNoEntry: false })?.size ?? 0) <= MAX_BYTES) return lines;
    const kept = lines.slice(lines.length >> 1);
    const fresh = `${this.path}.${process.pid}`;
    writeFileSync(fresh, kept.map((line) => JSON.stringify(line) + "\n").join(""), { mode: 0o600 });
    renameSync(fresh, this.path);
    return kept;
  }

  private locked<T>(body: () => T): T {
    const lock = `${this.path}.lock`;
    for (let tries = 0; tries < LOCK_TRIES && !take(lock); tries++) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_PAUSE_MS);
    }
    try {
      return body();
    } finally {
      rmSync(lock, { force: true });
    }
  }
}

function take(lock: string): boolean {
  try {
    closeSync(openSync(lock, "wx"));
    return true;
  } catch {
    const held = statSync(lock, { throwIfNoEntry: false });
    // The lock's owner died.
    if (held && Date.now() - held.mtimeMs > STALE_LOCK_MS) rmSync(lock, { force: true });
    return false;
  }
}

function parseLine(text: string): Line[] {
  try {
    const line = JSON.parse(text) as Partial<Record<string, unknown>> | null;
    return typeof line?.["s"] === "number" ? [line as Line] : [];
  } catch {
    return []; // Half a line of a kernel that was killed while writing.
  }
}

function entriesOf(lines: readonly Line[]): HistoryEntry[] {
  const entries = new Map<string, HistoryEntry>();
  for (const line of lines) {
    if (!("l" in line)) continue;
    const key = `${line.s}:${line.l}`;
    if ("c" in line) entries.set(key, { session: line.s, line: line.l, code: line.c, output: null });
    else {
      const entry = entries.get(key);
      if (entry) entry.output = line.o;
    }
  }
  return [...entries.values()];
}
