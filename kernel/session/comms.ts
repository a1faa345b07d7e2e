/** Session side of comms. */
import { platform } from "../platform";
import type { CommCommand, FromSession } from "../jupyter/ipc";
import type { Comm, CommMessage, CommOpenOptions, JSONObject, JSONValue } from "../display/host";
import { toJSON, toJSONObject } from "./json";
import { withUserIntrinsics } from "./run/intrinsics";
import { cellState, checkInterrupted, currentScope, runInScope, type Scope } from "./run/scope";
import { runSteps, until, type Steps } from "./run/steps";

type Send = (message: FromSession) => void;
type Report = (error: unknown) => void;
type Handler = () => void | Promise<void>;
type TargetHandler = (comm: Comm, open: CommMessage) => void;

/** Open channel. Its handlers run in the scope of the cell that made it, so their output appears there. */
class SessionComm implements Comm {
  closed = false;
  private readonly messageHandlers: ((message: CommMessage) => void | Promise<void>)[] = [];
  private readonly closeHandlers: ((message: CommMessage) => void)[] = [];

  constructor(
    readonly id: string,
    readonly target: string,
    private readonly post: Send,
    private readonly forget: () => void,
  ) {}

  send(data: JSONValue, options: { metadata?: JSONObject; buffers?: Uint8Array[] } = {}): void {
    checkInterrupted();
    if (this.closed) throw new Error(`comm.send: comm ${this.id} (${this.target}) is closed`);
    this.post({
      type: "commMessage",
      parent: currentScope()?.request,
      commId: this.id,
      data: toJSON("comm.send data", data),
      metadata: toJSONObject("comm.send metadata", options.metadata),
      buffers: checkBuffers("comm.send", options.buffers),
    });
  }

  close(data: JSONValue = {}): void {
    if (this.closed) return;
    this.ended();
    const parent = currentScope()?.request;
    this.post({
      type: "commClose",
      parent,
      commId: this.id,
      data: toJSON("comm.close data", data),
      metadata: {},
      buffers: [],
    });
  }

  onMessage(handler: (message: CommMessage) => void | Promise<void>): void {
    this.messageHandlers.push(handler);
  }

  onClose(handler: (message: CommMessage) => void): void {
    this.closeHandlers.push(handler);
  }

  receive(message: CommMessage): Handler[] {
    return this.messageHandlers.map((handler) => () => handler(message));
  }

  remoteClosed(message: CommMessage): Handler[] {
    this.ended();
    return this.closeHandlers.map((handler) => () => handler(message));
  }

  private ended(): void {
    this.closed = true;
    this.forget();
  }
}

/** Comms of a session. */
export class SessionComms {
  private readonly comms = new Map<string, { comm: SessionComm; scope: Scope | undefined }>();
  private readonly targets = new Map<string, { handler: TargetHandler; scope: Scope | undefined }>();

  constructor(
    private readonly post: Send,
    private readonly report: Report,
  ) {}

  open(target: string, options: CommOpenOptions = {}): Comm {
    checkInterrupted();
    if (typeof target !== "string" || target === "") {
      throw new TypeError(`openComm: target must be a name, received ${JSON.stringify(target)}`);
    }
    const comm = this.create(platform().uuid(), target, currentScope());
    this.post({
      type: "commOpen",
      parent: currentScope()?.request,
      commId: comm.id,
      target,
      data: toJSON("openComm data", options.data ?? {}),
      metadata: toJSONObject("openComm metadata", options.metadata),
      buffers: checkBuffers("openComm", options.buffers),
    });
    return comm;
  }

  registerTarget(target: string, handler: TargetHandler): () => void {
    const entry = { handler, scope: currentScope() };
    this.targets.set(target, entry);
    return () => {
      if (this.targets.get(target) === entry) this.targets.delete(target);
    };
  }

  /** Handles a message of the front end; resolves when every handler has settled. */
  *handle(command: CommCommand): Steps<void> {
    const message: CommMessage = { data: command.data, metadata: command.metadata, buffers: command.buffers };
    if (command.type === "commOpen") return yield* this.opened(command.commId, command.target, message, command);
    const entry = this.comms.get(command.commId);
    if (!entry) return;
    const receive = command.type === "commMessage" ? "receive" : "remoteClosed";
    yield* this.called(entry.scope, command, entry.comm[receive](message));
  }

  private *opened(commId: string, target: string, message: CommMessage, command: CommCommand): Steps<void> {
    const entry = this.targets.get(target);
    if (!entry) {
      const data = { error: `no comm target ${JSON.stringify(target)} is registered in the kernel` };
      this.post({ type: "commClose", parent: command.parent, commId, data, metadata: {}, buffers: [] });
      return;
    }
    const comm = this.create(commId, target, entry.scope);
    yield* this.called(entry.scope, command, [() => entry.handler(comm, message)]);
  }

  private create(id: string, target: string, scope: Scope | undefined): SessionComm {
    const comm = new SessionComm(id, target, this.post, () => this.comms.delete(id));
    this.comms.set(id, { comm, scope });
    return comm;
  }

  /**
   * Calls handlers and waits for all, in the comm's cell for output and under the request for messages. An interrupt of
   * the cell does not stop them.
   */
  private *called(scope: Scope | undefined, { parent }: CommCommand, handlers: readonly Handler[]): Steps<void> {
    const within = { output: scope?.output ?? parent, request: parent, cell: cellState(false) };
    if (handlers.length > 0) yield* until(runInScope(within, () => allSettled(handlers, this.report)));
  }
}

function allSettled(handlers: readonly Handler[], report: Report): Promise<void> {
  let left = handlers.length;
  return new Promise((resolve) => {
    const settled = (): void => {
      if (--left === 0) resolve();
    };
    const failed = (error: unknown): void => {
      report(error);
      settled();
    };
    for (const handler of handlers) runSteps(call(handler), settled, failed);
  });
}

function* call(handler: Handler): Steps<void> {
  yield* until(Promise.resolve(withUserIntrinsics(handler)));
}

/** Checks buffers of any view type. They are copied where they are not sent at once, so the caller may reuse them. */
export function checkBuffers(where: string, buffers: readonly unknown[] = []): Uint8Array[] {
  return buffers.map((buffer, index) => {
    if (ArrayBuffer.isView(buffer)) return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer);
    throw new TypeError(
      `${where}: buffers[${index}] must be a typed array or an ArrayBuffer, received ${typeof buffer}`,
    );
  });
}
