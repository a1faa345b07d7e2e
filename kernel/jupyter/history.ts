/** History of executions for `history_request` (range, tail, search). */
import type { HistoryEntry, HistoryFile } from "./history-file";

export type HistoryTuple = [session: number, line: number, input: string | [string, string | null]];

/** Number of kept entries; the oldest are dropped first. */
const KEPT = 10_000;

/** History of one kernel. */
export class History {
  private entries: HistoryEntry[] = [];
  private session = 1;
  private file: HistoryFile | undefined;

  /** With a file, the history begins with the entries of earlier kernels. The file is read on first use. */
  constructor(private unopened?: HistoryFile) {}

  add(line: number, code: string): void {
    this.open();
    this.entries.push({ session: this.session, line, code, output: null });
    if (this.entries.length > KEPT) this.entries.splice(0, this.entries.length - KEPT);
    this.file?.input(this.session, line, code);
  }

  setOutput(line: number, output: string): void {
    const entry = this.entries.findLast((each) => each.session === this.session && each.line === line);
    if (!entry) return;
    entry.output = output;
    this.file?.output(this.session, line, output);
  }

  open(): void {
    const kept = this.unopened?.open();
    if (kept) {
      this.entries = kept.entries.slice(-KEPT);
      this.session = kept.session;
      this.file = this.unopened;
    }
    this.unopened = undefined;
  }

  /** Returns the content of a `history_request`; empty for unknown access types. */
  query(content: Record<string, unknown>): HistoryTuple[] {
    this.open();
    const output = content["output"] === true;
    return this.select(content).map(({ session, line, code, output: shown }) => [
      session,
      line,
      output ? [code, shown] : code,
    ]);
  }

  private select(content: Record<string, unknown>): HistoryEntry[] {
    switch (content["hist_access_type"]) {
      case "tail":
        return this.entries.slice(-count(content["n"], 10));
      case "range":
        return this.range(content);
      case "search":
        return this.search(content);
      default:
        return [];
    }
  }

  private range(content: Record<string, unknown>): HistoryEntry[] {
    const asked = typeof content["session"] === "number" ? content["session"] : 0;
    // Zero and negative numbers count back from the running session.
    const session = asked > 0 ? asked : this.session + asked;
    const start = typeof content["start"] === "number" ? content["start"] : 0;
    const stop = typeof content["stop"] === "number" ? content["stop"] : Infinity;
    return this.entries.filter((entry) => entry.session === session && entry.line >= start && entry.line < stop);
  }

  private search(content: Record<string, unknown>): HistoryEntry[] {
    const pattern = globToRegExp(typeof content["pattern"] === "string" ? content["pattern"] : "*");
    let found = this.entries.filter((entry) => pattern.test(entry.code));
    if (content["unique"] === true) {
      const last = new Map<string, HistoryEntry>();
      for (const entry of found) {
        last.delete(entry.code);
        last.set(entry.code, entry);
      }
      found = [...last.values()];
    }
    return found.slice(-count(content["n"], found.length));
  }
}

function count(value: unknown, otherwise: number): number {
  // slice(-0) would return everything, and so would a request for nothing.
  return typeof value === "number" && value > 0 ? value : otherwise || Infinity;
}

/** Converts a SQLite glob, as in IPython's history: only `*` and `?` are special. */
function globToRegExp(glob: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*/g, "[^]*")
    .replace(/\?/g, "[^]");
  return new RegExp(`^${source}$`);
}
