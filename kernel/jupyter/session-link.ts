/** Queries to the session (completion and the like), the session's life, and the report of its end. */
import { SessionError, type SessionPort } from "./dispatcher";
import type { Answers, ErrorReport, FromSession, Query, StreamName, ToSession } from "./ipc";
import { type SessionEnd, SessionProcess } from "./session-process";
import { discardSnapshot, usableSnapshot } from "./start-snapshot";

export interface LinkEvents {
  message(message: FromSession): void;
  fdOutput(name: StreamName, text: string): void;
  /**
   * Called when the session has ended; `report` describes how. A new one starts on the next use, or is already
   * starting.
   */
  crashed(report: ErrorReport): void;
}

interface Waiting {
  resolve(answer: Answers[keyof Answers]): void;
  reject(error: SessionError): void;
}

/** Link of the kernel to its session. */
export class SessionLink implements SessionPort {
  private session: SessionProcess | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 0;
  private stopped = false;

  constructor(private readonly events: LinkEvents) {}

  start(): SessionProcess {
    return this.launch(usableSnapshot());
  }

  private launch(snapshot: string | undefined): SessionProcess {
    const events = {
      message: (message: FromSession) => this.receive(message),
      fdOutput: (name: StreamName, text: string) => this.events.fdOutput(name, text),
      exit: (end: SessionEnd) => this.ended(session, end),
    };
    const session: SessionProcess = new SessionProcess(events, snapshot);
    this.session = session;
    return session;
  }

  send(message: ToSession): void {
    (this.session ?? this.start()).send(message);
  }

  sendInput(value: string | null): void {
    this.session?.sendInput(value);
  }

  async ask<K extends Query["kind"]>(query: Extract<Query, { kind: K }>): Promise<Answers[K]> {
    const id = this.nextId++;
    this.send({ type: "query", id, query });
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as Waiting["resolve"], reject });
    });
  }

  interrupt(): void {
    this.session?.interrupt();
  }

  stop(): void {
    this.stopped = true;
    this.session?.kill();
  }

  private receive(message: FromSession): void {
    if (message.type !== "answer") return this.events.message(message);
    const waiting = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if (message.ok) waiting?.resolve(message.answer);
    else waiting?.reject(new SessionError(message.error));
  }

  private ended(session: SessionProcess, end: SessionEnd): void {
    if (this.stopped || this.session !== session) return;
    this.session = undefined;
    if (!end.wasReady && session.snapshot !== undefined) return this.startAnew(session.snapshot, end);
    // A session that never became ready would fail repeatedly, so the next request starts it.
    if (end.wasReady) this.start();
    const report = crashReport(end);
    for (const waiting of this.waiting.values()) waiting.reject(new SessionError(report));
    this.waiting.clear();
    this.events.crashed(report);
  }

  /** Starts without a snapshot that the session could not start from. */
  private startAnew(snapshot: string, { unread }: SessionEnd): void {
    discardSnapshot(snapshot);
    const session = this.launch(undefined);
    for (const message of unread) session.send(message);
  }
}

const LOST = "All variables of this session are lost; the next cell runs in a fresh one.";

/** Returns the error report of a session process that ended. */
export function crashReport(end: SessionEnd): ErrorReport {
  const evalue = `${cause(end)} ${LOST}`;
  const traceback = [`\x1b[31mSessionCrashed\x1b[39m: ${evalue}`];
  // The standard error of a ready session is already shown in the cell.
  const tail = end.wasReady ? "" : lastLines(end.stderrTail, 12);
  if (tail !== "") traceback.push("The last lines of its standard error:", tail);
  return { ename: "SessionCrashed", evalue, traceback };
}

function cause({ code, signal, fault, wasReady, stderrTail }: SessionEnd): string {
  if (fault !== undefined) {
    return `The session process was ended because ${fault}.`;
  }
  if (/JavaScript heap out of memory|Reached heap limit/.test(stderrTail)) {
    return `The session process ran out of JavaScript heap memory (${ending(code, signal)}).`;
  }
  if (!wasReady) return `The session process ended before it was ready (${ending(code, signal)}).`;
  if (signal === "SIGKILL") {
    return "The session process was killed by SIGKILL, as the system does when memory runs out.";
  }
  if (signal !== null) return `The session process ended by signal ${signal}: a fault or abort in native code.`;
  return `The session process ended with exit code ${code ?? "unknown"}, for example by process.exit().`;
}

function ending(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `exit code ${code ?? "unknown"}` : `signal ${signal}`;
}

function lastLines(text: string, count: number): string {
  return text.trimEnd().split("\n").slice(-count).join("\n");
}
