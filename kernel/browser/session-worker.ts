/** The worker of a session, from the side of its page: its start, its messages, the answers to questions, and its end. */
import type { Answers, FromSession, Query } from "../jupyter/ipc";
import type { FileAction, FileAnswers, FromWorker, ToWorker } from "./messages";

/** Error of a kernel that does not start or has ended; its message is one sentence for the reader of the page. */
export class KernelError extends Error {
  override name = "KernelError";
}

/** Words of the error of a cell that was ended with its worker. */
export const RESTARTED = "the cell could not be stopped, so the kernel was restarted: variables and new files are gone";

/** Milliseconds that a cell has to notice an interrupt before its worker is ended. */
export const PATIENCE = 1500;

/** Milliseconds that the message of an interrupt has before a flag is raised, and between two flags. */
const [FLAG_AFTER, FLAG_AGAIN] = [200, 500];

/** Message of a session that no question waits for. */
export type SessionMessage = Exclude<FromSession, { type: "ready" } | { type: "unusable" } | { type: "answer" }>;

export interface WorkerEvents {
  message(message: SessionMessage): void;
  /** Called when the worker has ended by a fault; no message follows. */
  failed(error: KernelError): void;
}

/** Returns the address of a folder, with a slash at its end. */
export function folderAddress(base: string | URL): string {
  const text = String(base);
  return new URL(text.endsWith("/") ? text : `${text}/`, globalThis.location?.href).href;
}

/** Worker of one session; started and ended any number of times. */
export class SessionWorker {
  private worker: Worker | undefined;
  private readonly answers = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  private lastId = 0;
  /** The worker's flags of interrupts, in an isolated page. */
  private flags: Int32Array | undefined;
  /** Refuses a start that is under way. */
  private abandonStart: (error: KernelError) => void = () => undefined;

  /** @param base folder of the built files, with a slash at its end */
  constructor(
    private readonly base: string,
    private readonly events: WorkerEvents,
  ) {}

  get isRunning(): boolean {
    return this.worker !== undefined;
  }

  /**
   * Starts the worker; messages may be sent at once and wait in it.
   *
   * @returns a promise that is rejected with a {@link KernelError} where the browser lacks what it needs, or files of the kernel are missing or damaged
   */
  start(): Promise<void> {
    return new Promise((resolve, reject) => this.open(resolve, reject));
  }

  send(message: ToWorker): void {
    if (!this.worker) throw new KernelError("The kernel has ended: start it again.");
    this.worker.postMessage(message);
  }

  /** Asks the session. */
  query<K extends Query["kind"]>(query: Extract<Query, { kind: K }>): Promise<Answers[K]> {
    return this.ask((id) => ({ type: "query", id, query })) as Promise<Answers[K]>;
  }

  /** Puts, names or takes files in the worker's memory. */
  files<A extends FileAction>(action: A): Promise<FileAnswers[A["kind"]]> {
    return this.ask((id) => ({ type: "files", id, action })) as Promise<FileAnswers[A["kind"]]>;
  }

  /** Asks the running cell to stop. In an isolated page its loops stop too. */
  interrupt(): void {
    const number = ++this.lastId;
    this.send({ type: "interrupt", number });
    const { flags } = this;
    if (flags) setTimeout(() => this.raise(flags, number), FLAG_AFTER);
  }

  /** Raises the flag that loops read, until the interrupt is answered: another loop than the last one may have seen it. */
  private raise(flags: Int32Array, number: number): void {
    const isAnswered = (): boolean => Atomics.load(flags, 2) >= number;
    if (this.flags !== flags || isAnswered()) return;
    Atomics.store(flags, 0, number);
    // The answer lowers the flag, and may have done so before it was raised.
    if (isAnswered()) Atomics.compareExchange(flags, 0, number, 0);
    else setTimeout(() => this.raise(flags, number), FLAG_AGAIN);
  }

  /** Ends the worker; questions that wait for it are refused, and who waits for its start too. */
  end(reason: string): void {
    this.worker?.terminate();
    this.worker = undefined;
    this.flags = undefined;
    this.abandonStart(new KernelError(reason));
    for (const { reject } of this.answers.values()) reject(new KernelError(reason));
    this.answers.clear();
  }

  private ask(message: (id: number) => ToWorker): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = ++this.lastId;
      this.send(message(id));
      this.answers.set(id, { resolve, reject });
    });
  }

  private open(ready: () => void, failed: (error: KernelError) => void): void {
    this.abandonStart = failed;
    const lacks = typeof WebAssembly === "undefined" ? "WebAssembly" : typeof Worker === "undefined" ? "workers" : "";
    if (lacks) return this.fail(`Cells cannot run here, since this browser has no ${lacks}; the page can be read.`);
    const broken = `Cells cannot run here, since ${this.base}worker.js could not be loaded; the page can be read.`;
    let worker: Worker;
    try {
      worker = new Worker(`${this.base}worker.js`, { type: "module" });
    } catch {
      return this.fail(broken);
    }
    this.worker = worker;
    // A worker that was ended may still send a late message.
    const isCurrent = (): boolean => this.worker === worker;
    worker.onerror = (event) => {
      event.preventDefault();
      if (isCurrent()) this.fail(event.message ? `The kernel ended: ${event.message}.` : broken);
    };
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (!isCurrent()) return;
      if (data.type === "ready") {
        this.flags = data.flags;
        ready();
      } else this.receive(data);
    };
  }

  private fail(reason: string): void {
    this.end(reason);
    this.events.failed(new KernelError(reason));
  }

  private receive(message: Exclude<FromWorker, { type: "ready" }>): void {
    switch (message.type) {
      case "failed":
        return this.fail(message.message);
      case "unusable":
        return this.fail("A cell has made the kernel unusable: start it again.");
      case "answer":
        return this.settle(message.id, message.ok ? undefined : message.error.evalue, message.ok && message.answer);
      case "files":
        return this.settle(message.id, message.ok ? undefined : message.message, message.ok && message.answer);
      default:
        return this.events.message(message);
    }
  }

  private settle(id: number, failure: string | undefined, answer: unknown): void {
    const waiting = this.answers.get(id);
    this.answers.delete(id);
    if (failure === undefined) waiting?.resolve(answer);
    else waiting?.reject(new KernelError(failure));
  }
}
