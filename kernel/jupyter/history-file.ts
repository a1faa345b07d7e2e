/**
 * History that outlives the kernel: a file of JSON lines shared by all kernels of a user. Each line is appended by one
 * write; only numbering a session and trimming need the lock. A failure costs the history, never the kernel.
 */
import {
  appendFileSync,
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { makeFolder } from "./make-folder";

export interface HistoryEntry {
  session: number;
  line: number;
  code: string;
  output: string | null;
}

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
      makeFolder(dirname(this.path));
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
    let taken = take(lock);
    for (let tries = 1; taken === "held" && tries < LOCK_TRIES; tries++) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_PAUSE_MS);
      taken = take(lock);
    }
    try {
      return body();
    } finally {
      if (taken === "taken") remove(lock);
    }
  }
}

/** Takes a lock; "none" where there can be no lock, as in a folder that is read-only. */
function take(lock: string): "taken" | "held" | "none" {
  try {
    closeSync(openSync(lock, "wx"));
    return "taken";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") return "none";
    const held = statSync(lock, { throwIfNoEntry: false });
    if (held?.isDirectory()) return "none";
    // The lock's owner died.
    if (held && Date.now() - held.mtimeMs > STALE_LOCK_MS) remove(lock);
    return "held";
  }
}

function remove(lock: string): void {
  try {
    rmSync(lock, { force: true });
  } catch {
    // Not ours to remove.
  }
}

function parseLine(text: string): Line[] {
  try {
    const line: unknown = JSON.parse(text);
    return isLine(line) ? [line] : [];
  } catch {
    return []; // Half a line of a kernel that was killed while writing.
  }
}

function isLine(value: unknown): value is Line {
  if (typeof value !== "object" || value === null) return false;
  const { s, l, c, o } = value as Record<string, unknown>;
  if (!Number.isSafeInteger(s)) return false;
  return l === undefined || (Number.isSafeInteger(l) && (typeof c === "string" || typeof o === "string"));
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
