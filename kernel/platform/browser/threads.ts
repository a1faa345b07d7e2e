/** Threads of a page: separate workers, or modules that answer in this one. */
import type { Thread } from "../types";
import { BASE } from "./remote";

type Answer = (message: never) => Promise<unknown>;
type Listener = (value: never) => void;

const scripts = new Map<string, string>();
const modules = new Map<string, () => Promise<unknown>>();
let served: Answer | undefined;

/** Names the script that runs a module of the library in a separate worker. */
export function offerScript(module: string, script: string): void {
  scripts.set(module, script);
}

/** Registers the loader of a module that answers in this worker, because it reads the files in memory here. */
export function offerModule(module: string, load: () => Promise<unknown>): void {
  modules.set(module, load);
}

/** Takes the answers of the module that is being loaded. */
export function serveHere<M, A>(answer: (message: M) => Promise<A>): void {
  served = answer as Answer;
}

export function startThread(module: string): Thread {
  const script = scripts.get(module);
  if (script !== undefined) return new WorkerThread(script) as Thread;
  const load = modules.get(module);
  if (load) return new LocalThread(load) as Thread;
  throw new Error(`platform.thread: the module must be offered on this machine, received "${module}"`);
}

/** Listeners by event; a failing thread does not end the page. */
abstract class Listeners {
  private readonly listeners: Record<string, Listener[]> = {};

  on(event: string, listener: Listener): this {
    (this.listeners[event] ??= []).push(listener);
    return this;
  }

  protected emit(event: string, value: unknown): void {
    for (const listener of this.listeners[event] ?? []) listener(value as never);
  }

  ref(): void {}
  unref(): void {}
}

class WorkerThread extends Listeners {
  private readonly worker: Worker;

  constructor(script: string) {
    super();
    this.worker = new Worker(new URL(script, BASE), { type: "module" });
    this.worker.onmessage = ({ data }) => this.emit("message", data);
    this.worker.onerror = ({ message }) =>
      this.emit("error", new Error(message || `the script ${script} must be loaded from ${BASE}, received nothing`));
  }

  postMessage(message: unknown, transfer: readonly ArrayBuffer[] = []): void {
    this.worker.postMessage(message, [...transfer]);
  }
}

class LocalThread extends Listeners {
  private readonly answer: Promise<Answer>;

  constructor(load: () => Promise<unknown>) {
    super();
    this.answer = load().then(() => served!);
    this.answer.catch((error: unknown) => this.emit("error", error));
  }

  postMessage(message: unknown): void {
    void this.answer
      .then((answer) => answer(message as never))
      .then((answered) => this.emit("message", answered))
      .catch((error: unknown) => this.emit("error", error));
  }
}
