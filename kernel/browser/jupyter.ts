/**
 * The kernel in a page for front ends of Jupyter that live in the page too, as JupyterLite: messages of the protocol come in and go out
 * as objects. One ES module without imports at run time.
 *
 *     import { startJupyter } from "./fovea/jupyter.js";
 *     const kernel = startJupyter({ base: new URL("./fovea/", location.href), send: (message) => deliver(message) });
 *     await kernel.ready;
 *     kernel.receive(message);
 */
import { Dispatcher, SessionError, type SessionPort } from "../jupyter/dispatcher";
import { History } from "../jupyter/history";
import type { ErrorReport, ToSession } from "../jupyter/ipc";
import { describeKernel } from "../jupyter/language";
import { PROTOCOL_VERSION, type Content, type Header, type Message, type Outlet } from "../jupyter/messages";
import { uniqueName } from "../platform/browser/unique-name";
import type { Manifest } from "./messages";
import { folderAddress, KernelError, PATIENCE, RESTARTED, SessionWorker } from "./session-worker";

/** Message of the protocol in the form of front ends. */
export interface WireMessage {
  channel: "shell" | "control" | "iopub" | "stdin";
  header: Header;
  parent_header: Header | Record<string, never>;
  metadata: Content;
  content: Content;
  buffers?: (ArrayBuffer | ArrayBufferView)[];
}

export interface JupyterOptions {
  /** Folder of the built files, with or without a slash at its end. */
  base: string | URL;
  send(message: WireMessage): void;
}

/** Kernel of a front end. Made by {@link startJupyter}. */
export interface JupyterKernel {
  /** Resolves when the kernel has started, or cannot start: then each cell tries again and says why. */
  readonly ready: Promise<void>;
  /** Takes a message; answers come by `send`, also while a cell runs. */
  receive(message: WireMessage): void;
  /** Stops the running cell. One that does not answer within 1.5 s ends with its worker, and a new worker starts. */
  interrupt(): void;
  /** Ends the worker for good; messages that still come are dropped. */
  close(): void;
}

/** Starts a kernel. Files that cells write are lost with it. */
export const startJupyter = (options: JupyterOptions): JupyterKernel => new PageKernel(options);

/** Composes messages for the front end. It finds the client by the session in a message's own header. */
class Sender implements Outlet {
  private session = "";

  constructor(private readonly send: JupyterOptions["send"]) {}

  /** Notes the client that spoke last: output of unknown origin goes there. */
  note({ session }: Header): void {
    this.session = session;
  }

  publish(...[type, content, parent, extra]: Parameters<Outlet["publish"]>): void {
    this.compose("iopub", type, content, parent, extra);
  }

  status(state: "starting" | "busy" | "idle", parent?: Header): void {
    this.publish("status", { execution_state: state }, parent);
  }

  reply(...[channel, { header }, content]: Parameters<Outlet["reply"]>): void {
    this.compose(channel, header.msg_type.replace(/_request$/, "_reply"), content, header);
  }

  askInput(...[{ header }, prompt, password]: Parameters<Outlet["askInput"]>): void {
    this.compose("stdin", "input_request", { prompt, password }, header);
  }

  private compose(
    channel: WireMessage["channel"],
    type: string,
    content: Content,
    parent: Header | undefined,
    { metadata = {}, buffers = [] }: { metadata?: Content; buffers?: Uint8Array[] } = {},
  ): void {
    const header: Header = {
      msg_id: uniqueName(),
      msg_type: type,
      session: parent?.session ?? this.session,
      username: "kernel",
      date: new Date().toISOString(),
      version: PROTOCOL_VERSION,
    };
    this.send({ channel, header, parent_header: parent ?? {}, metadata, content, buffers });
  }
}

class PageKernel implements JupyterKernel {
  readonly ready: Promise<void>;
  private readonly base: string;
  private readonly sender: Sender;
  private readonly worker: SessionWorker;
  private readonly dispatcher: Dispatcher;
  private isClosed = false;
  private versions: Manifest["versions"] = { fovea: "", typescript: "" };

  constructor({ base, send }: JupyterOptions) {
    this.base = folderAddress(base);
    this.sender = new Sender(send);
    this.worker = new SessionWorker(this.base, {
      message: (message) => this.dispatcher.fromSession(message),
      failed: ({ message }) => this.lost("SessionCrashed", message),
    });
    this.dispatcher = new Dispatcher({
      outlet: this.sender,
      session: this.session(),
      history: new History(),
      info: () => describeKernel({ ...this.versions, engine: "in a browser" }),
      connect: () => undefined,
      settle: async () => undefined,
    });
    this.ready = this.start().catch(() => undefined);
  }

  receive(message: WireMessage): void {
    if (!this.isClosed) this.take(message);
  }

  interrupt(): void {
    this.dispatcher.interrupt();
  }

  close(): void {
    this.isClosed = true;
    this.worker.end("the kernel was closed");
  }

  private take({ channel, header, parent_header: parentHeader, metadata, content, buffers = [] }: WireMessage): void {
    const message: Message = {
      identities: [],
      header,
      parentHeader,
      metadata,
      content,
      buffers: buffers.map(bytesOf),
    };
    this.sender.note(header);
    if (channel === "control") void this.dispatcher.control(message);
    else if (channel === "stdin") this.dispatcher.stdin(message);
    else this.dispatcher.shell(message);
  }

  private async start(): Promise<void> {
    const [manifest] = await Promise.all([this.manifest(), this.worker.start()]);
    this.versions = manifest.versions;
  }

  private async manifest(): Promise<Manifest> {
    const address = `${this.base}manifest.json`;
    const answer = await fetch(address);
    if (!answer.ok) throw new KernelError(`The kernel needs ${address}, received status ${answer.status}.`);
    return (await answer.json()) as Manifest;
  }

  /** Starts the worker where it has ended. A start that fails is told by the worker's event. */
  private revive(): void {
    if (!this.worker.isRunning) this.worker.start().catch(() => undefined);
  }

  private send(message: ToSession): void {
    this.revive();
    if (this.worker.isRunning) this.worker.send(message);
  }

  private session(): SessionPort {
    return {
      send: (message) => this.send(message),
      ask: async (query) => {
        try {
          this.revive();
          return await this.worker.query(query);
        } catch (error) {
          throw new SessionError(reportOf("SessionError", (error as Error).message));
        }
      },
      // Cells of a page take no input: the session refuses before it asks.
      sendInput: () => undefined,
      interrupt: () => void this.stop(),
    };
  }

  /** Nothing stops a loop from outside its worker. */
  private async stop(): Promise<void> {
    const cell = this.dispatcher.current;
    if (!cell) return;
    this.worker.interrupt();
    await new Promise((resolve) => setTimeout(resolve, PATIENCE));
    if (this.dispatcher.current !== cell) return;
    this.worker.end(RESTARTED);
    this.revive();
    this.lost("KeyboardInterrupt", RESTARTED);
  }

  private lost(name: string, reason: string): void {
    this.dispatcher.sessionCrashed(reportOf(name, reason));
  }
}

const reportOf = (ename: string, evalue: string): ErrorReport => ({
  ename,
  evalue,
  traceback: [`${ename}: ${evalue}`],
});

const bytesOf = (part: ArrayBuffer | ArrayBufferView): Uint8Array =>
  ArrayBuffer.isView(part)
    ? new Uint8Array(part.buffer as ArrayBuffer, part.byteOffset, part.byteLength)
    : new Uint8Array(part);
