/**
 * Fovea in a page: one ES module without imports at run time.
 *
 *     import { start } from "./fovea/client.js";
 *     const kernel = await start({ base: new URL("./fovea/", location.href) });
 *     const { status, outputs } = await kernel.execute("1 + 1", { onOutput: (output) => show(output) });
 *
 * `base` is the folder of the built files, on the page's own host. Outputs have the form of notebook format 4.5: `stream`,
 * `display_data`, `execute_result`, `error`. Cells run in the order of the calls, one at a time. `execute` resolves also for a cell
 * that fails; its error is the last output.
 */
import type { Answers, Outcome, ToSession } from "../jupyter/ipc";
import type { JSONObject, MimeBundle } from "../display/host";
import type { PageFile } from "./messages";
import type { CommMessage, DisplayOutput, ErrorOutput, Executed, Output, ResultOutput, StreamOutput } from "./outputs";
import { folderAddress, KernelError, PATIENCE, RESTARTED, SessionWorker, type SessionMessage } from "./session-worker";

export { KernelError, RESTARTED };

export type { CommMessage, DisplayOutput, ErrorOutput, Executed, Output, PageFile, ResultOutput, StreamOutput };

/** Options of running a cell. Output may come after the cell is done: from its timers, or of a comm. */
export interface ExecuteOptions {
  /** Called for each new output; the pieces of a stream come one by one. */
  onOutput?(output: Output): void;
  /** Called after each change with all outputs of the cell: streams joined, displays updated, cleared ones gone. */
  onChange?(outputs: readonly Output[]): void;
}

/** State of the kernel, for a page that shows it. */
export type KernelState = "starting" | "idle" | "busy" | "restarting" | "dead";

/** Options of {@link start}. */
export interface StartOptions {
  /** Folder of the built files, with or without a slash at its end. */
  base: string | URL;
  /** Called when the state changes. */
  onState?(state: KernelState): void;
}

/**
 * Starts a kernel in a worker of the page.
 *
 * @throws KernelError where the browser lacks what it needs, or files of the kernel are missing or damaged
 */
export async function start(options: StartOptions): Promise<Kernel> {
  const kernel = new Kernel(options);
  await kernel.restart();
  return kernel;
}

interface Running {
  id: string;
  done(outcome: Outcome): void;
}

/** Outputs of one cell. */
class Cell {
  readonly outputs: Output[] = [];
  private clearsFirst = false;

  constructor(private readonly options: ExecuteOptions) {}

  add(output: Output): void {
    if (this.clearsFirst) this.outputs.length = 0;
    this.clearsFirst = false;
    const last = this.outputs.at(-1);
    if (output.output_type === "stream" && last?.output_type === "stream" && last.name === output.name)
      last.text += output.text;
    else this.outputs.push(output.output_type === "stream" ? Object.assign({}, output) : output);
    this.options.onOutput?.(output);
    this.changed();
  }

  clear(waits: boolean): void {
    this.clearsFirst = waits;
    if (waits) return;
    this.outputs.length = 0;
    this.changed();
  }

  /** Changes the displays of an identity. */
  update(displayId: string, data: MimeBundle, metadata: JSONObject): void {
    const shown = this.outputs.filter(
      (output): output is DisplayOutput =>
        output.output_type === "display_data" && output.transient?.display_id === displayId,
    );
    for (const display of shown) Object.assign(display, { data, metadata });
    if (shown.length > 0) this.changed();
  }

  private changed(): void {
    this.options.onChange?.(this.outputs);
  }
}

/** Kernel of a page. Made by {@link start}. */
export class Kernel {
  private readonly worker: SessionWorker;
  private readonly cells = new Map<string, Cell>();
  private readonly imported = new Map<string, Uint8Array>();
  private readonly commListeners = new Set<(message: CommMessage, cell: string | undefined) => void>();
  private running: Running | undefined;
  private queue: Promise<unknown> = Promise.resolve();
  /** Number of times that the queue was emptied, by an interrupt or an end. */
  private generation = 0;
  private count = 0;
  private lastId = 0;

  constructor(private readonly options: StartOptions) {
    this.worker = new SessionWorker(folderAddress(options.base), {
      message: (message) => this.receive(message),
      failed: ({ message }) => {
        this.end(message);
        this.setState("dead");
      },
    });
  }

  /** Runs a cell after those before it. */
  execute(code: string, options: ExecuteOptions = {}): Promise<Executed> {
    const { generation } = this;
    const run = this.queue.then(() =>
      generation === this.generation
        ? this.run(code, options)
        : { status: "aborted" as const, executionCount: 0, outputs: [] },
    );
    this.queue = run.catch(() => undefined);
    return run;
  }

  /** Completions at a place of a cell, counted in UTF-16 units; `start` and `end` of the answer count code points. */
  complete(code: string, cursor: number): Promise<Answers["complete"]> {
    return this.worker.query({ kind: "complete", code, cursor: codePoints(code, cursor) });
  }

  /** Describes the name at a place of a cell, as Markdown and text. */
  inspect(code: string, cursor: number, detail = 0): Promise<Answers["inspect"]> {
    return this.worker.query({ kind: "inspect", code, cursor: codePoints(code, cursor), detail });
  }

  /** Tells whether a text is a whole cell. */
  isComplete(code: string): Promise<Answers["isComplete"]> {
    return this.worker.query({ kind: "isComplete", code });
  }

  /**
   * Stops the running cell and forgets those that wait. A cell that awaits stops; a loop cannot be stopped, so the kernel is restarted
   * where it does not answer in time.
   */
  async interrupt(): Promise<"stopped" | "restarted"> {
    const { running } = this;
    if (!running) return "stopped";
    this.generation++;
    this.worker.interrupt();
    const ended = this.queue.then(() => true);
    const late = new Promise<boolean>((resolve) => setTimeout(resolve, PATIENCE, false));
    if (await Promise.race([ended, late])) return "stopped";
    await this.restart();
    return "restarted";
  }

  /** Ends the worker and starts a new one. Imported files stay; variables, and files that cells wrote, are lost. */
  async restart(): Promise<void> {
    this.end(RESTARTED);
    this.setState(this.count === 0 ? "starting" : "restarting");
    this.count = 0;
    const ready = this.worker.start();
    // Asked for now, so that the files are there before a cell that is run meanwhile.
    await Promise.all([ready, this.importAgain()]);
    this.setState(this.running ? "busy" : "idle");
  }

  private async importAgain(): Promise<void> {
    if (this.imported.size === 0) return;
    await this.worker.files({ kind: "import", files: [...this.imported].map(([path, bytes]) => ({ path, bytes })) });
  }

  /** Ends the worker for good. */
  close(): void {
    this.end("the kernel was closed");
    this.setState("dead");
  }

  /** Puts files where cells find them: relative paths begin in their folder. Returns the absolute paths. */
  async importFiles(files: readonly PageFile[]): Promise<string[]> {
    const places = await this.worker.files({ kind: "import", files: [...files] });
    for (const { path, bytes } of files) this.imported.set(path, bytes);
    return places;
  }

  /** Paths of the files below a folder; by default that of the cells. */
  listFiles(folder = "."): Promise<string[]> {
    return this.worker.files({ kind: "list", folder });
  }

  exportFiles(paths: readonly string[]): Promise<PageFile[]> {
    return this.worker.files({ kind: "export", paths: [...paths] });
  }

  /** Receives the comm messages of cells, with the number of the `execute` call that they came from. Returns a function that ends this. */
  onComm(listener: (message: CommMessage, cell: string | undefined) => void): () => void {
    this.commListeners.add(listener);
    return () => void this.commListeners.delete(listener);
  }

  /** Sends a message of a comm to the cells' library. */
  sendComm(message: CommMessage): void {
    const parent = headerOf(`comm-${++this.lastId}`, "comm_msg");
    this.worker.send({ ...message, parent } as ToSession);
  }

  private run(code: string, options: ExecuteOptions): Promise<Executed> {
    const executionCount = ++this.count;
    const id = `cell-${++this.lastId}`;
    const cell = new Cell(options);
    return new Promise((resolve) => {
      const done = (outcome: Outcome): void => {
        this.running = undefined;
        if (outcome.status === "error") {
          const { ename, evalue, traceback } = outcome;
          cell.add({ output_type: "error", ename, evalue, traceback });
        } else this.showPages(cell, outcome);
        this.setState("idle");
        resolve({ status: outcome.status, executionCount, outputs: cell.outputs });
      };
      const parent = headerOf(id, "execute_request");
      this.worker.send({
        type: "execute",
        parent,
        code,
        executionCount,
        silent: false,
        userExpressions: {},
        allowStdin: false,
      });
      this.cells.set(id, cell);
      this.running = { id, done };
      this.setState("busy");
    });
  }

  /** A page has no pager: the answer to a cell's question is shown below the cell. */
  private showPages(cell: Cell, outcome: Extract<Outcome, { status: "ok" }>): void {
    for (const payload of outcome.payload)
      if (payload.source === "page") cell.add({ output_type: "display_data", data: payload.data, metadata: {} });
  }

  /** Ends the worker; the running cell is told, and who waits for an answer or the start too. */
  private end(reason: string): void {
    this.generation++;
    this.worker.end(reason);
    const { running } = this;
    running?.done({
      status: "error",
      ename: "KeyboardInterrupt",
      evalue: reason,
      traceback: [`KeyboardInterrupt: ${reason}`],
    });
    this.cells.clear();
  }

  private setState(state: KernelState): void {
    this.options.onState?.(state);
  }

  private receive(message: SessionMessage): void {
    switch (message.type) {
      case "done":
        if (this.running?.id === message.parent.msg_id) this.running.done(message.outcome);
        return;
      case "commOpen":
      case "commMessage":
      case "commClose":
        return this.hearComm(message);
      case "commHandled":
      case "input":
        return;
      default:
        return this.show(message);
    }
  }

  private hearComm(message: Extract<SessionMessage, { commId: string }>): void {
    const { parent, ...comm } = message;
    for (const listener of this.commListeners) listener(comm, parent?.msg_id);
  }

  private show(message: Extract<SessionMessage, { type: "stream" | "display" | "result" | "clearOutput" }>): void {
    if (message.type === "display" && message.update && message.displayId !== undefined) {
      for (const cell of this.cells.values()) cell.update(message.displayId, message.data, message.metadata);
      return;
    }
    const cell = this.cells.get(message.parent?.msg_id ?? "");
    if (!cell) return;
    if (message.type === "clearOutput") cell.clear(message.wait);
    else cell.add(outputOf(message));
  }
}

function outputOf(message: Extract<SessionMessage, { type: "stream" | "display" | "result" }>): Output {
  if (message.type === "stream") return { output_type: "stream", name: message.name, text: message.text };
  const { data, metadata } = message;
  if (message.type === "result")
    return { output_type: "execute_result", execution_count: message.executionCount, data, metadata };
  const output: DisplayOutput = { output_type: "display_data", data, metadata };
  if (message.displayId !== undefined) output.transient = { display_id: message.displayId };
  return output;
}

const headerOf = (id: string, type: string) => ({
  msg_id: id,
  msg_type: type,
  session: "page",
  username: "reader",
  date: new Date().toISOString(),
  version: "5.5",
});

const codePoints = (text: string, units: number): number => [...text.slice(0, units)].length;
