/** Queries to the session (completion and the like), the session's life, and the report of its end. */
import { crashReport } from "./crash";
import type { Answers, ErrorReport, FromSession, Query, StreamName, ToSession } from "./ipc";
import { SessionProcess, type SessionEnd } from "./session-process";

export interface LinkEvents {
  message(message: FromSession): void;
  fdOutput(name: StreamName, text: string): void;
  /**
   * Called when the session has ended; `report` describes how. A new one starts on the next use, or is already
   * starting.
   */
  crashed(report: ErrorReport): void;
}

/** Error of the session in the front end's form. */
export class SessionError extends Error {
  constructor(readonly report: ErrorReport) {
    super(report.evalue);
  }
}

interface Waiting {
  resolve(answer: Answers[keyof Answers]): void;
  reject(error: SessionError): void;
}

/** Link of the kernel to its session. */
export class SessionLink {
  private session: SessionProcess | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 0;
  private stopped = false;

  constructor(private readonly events: LinkEvents) {}

  start(): SessionProcess {
    const session: SessionProcess = new SessionProcess({
      message: (message) => this.receive(message),
      fdOutput: (name, text) => this.events.fdOutput(name, text),
      exit: (end) => this.ended(session, end),
    });
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
    // A session that never became ready would fail repeatedly, so the next request starts it.
    if (end.wasReady) this.start();
    const report = crashReport(end);
    for (const waiting of this.waiting.values()) waiting.reject(new SessionError(report));
    this.waiting.clear();
    this.events.crashed(report);
  }
}
