/** A session host with the front end in the test's hands. */
import { randomUUID } from "node:crypto";
import {
  installHost,
  type Comm,
  type CommMessage,
  type CommOpenOptions,
  type JSONObject,
  type JSONValue,
  type SessionHost,
} from "../../kernel/display/host";

export interface Sent {
  data: JSONObject;
  buffers: Uint8Array[];
}

/** One comm; `sent` is what the kernel said on it, beginning with what opened it. */
export class FakeComm implements Comm {
  closed = false;
  readonly sent: Sent[] = [];
  private readonly handlers: ((message: CommMessage) => void | Promise<void>)[] = [];
  private readonly closers: ((message: CommMessage) => void)[] = [];

  constructor(
    readonly target: string,
    readonly metadata: JSONObject = {},
    readonly id: string = randomUUID(),
  ) {}

  send(data: JSONValue, { buffers = [] }: { buffers?: Uint8Array[] } = {}): void {
    if (this.closed) throw new Error("sent on a closed comm");
    // As the wire does it: what JSON cannot say is lost, and bytes are copied.
    this.sent.push({
      data: JSON.parse(JSON.stringify(data)) as JSONObject,
      buffers: buffers.map((each) => each.slice()),
    });
  }

  close(data: JSONValue = {}): void {
    this.closed = true;
    this.sent.push({ data: { closed: data }, buffers: [] });
  }

  onMessage(handler: (message: CommMessage) => void | Promise<void>): void {
    this.handlers.push(handler);
  }

  onClose(handler: (message: CommMessage) => void): void {
    this.closers.push(handler);
  }

  /** A message from the front end; rejects with what the kernel's handler throws. */
  async receive(data: unknown, buffers: Uint8Array[] = []): Promise<void> {
    const message = { data: data as JSONValue, metadata: {}, buffers };
    for (const handler of this.handlers) await handler(message);
  }

  closeFromFrontEnd(): void {
    this.closed = true;
    for (const closer of this.closers) closer({ data: {}, metadata: {}, buffers: [] });
  }

  /** Messages of the kernel since the last call. */
  take(): Sent[] {
    return this.sent.splice(0);
  }
}

export class FrontEnd {
  readonly comms: FakeComm[] = [];
  /** Id of the cell that runs. */
  request = "cell";
  /** Handlers of an interrupt of the running cell. */
  readonly undo = new Set<() => void>();
  private readonly targets = new Map<string, (comm: Comm, open: CommMessage) => void>();

  static install(): FrontEnd {
    const frontEnd = new FrontEnd();
    installHost({
      display: () => {},
      clearOutput: () => {},
      outputRequest: () => frontEnd.request,
      whenInterrupted: (undo) => {
        frontEnd.undo.add(undo);
        return () => void frontEnd.undo.delete(undo);
      },
      openComm: (target, options) => frontEnd.opened(target, options),
      registerCommTarget: (target, handler) => {
        frontEnd.targets.set(target, handler);
        return () => frontEnd.targets.delete(target);
      },
    } satisfies SessionHost);
    return frontEnd;
  }

  /** The kernel's comm of a widget. */
  of({ id }: { id: string }): FakeComm {
    const comm = this.comms.find((each) => each.id === id);
    if (!comm) throw new Error(`no comm ${id}`);
    return comm;
  }

  /** Messages of the kernel on a widget's comm since the last call, buffers as lists. */
  said(widget: { id: string }): unknown[] {
    return this.of(widget)
      .take()
      .map(({ data, buffers }) => (buffers.length ? [data, ...buffers.map((b) => [...b])] : data));
  }

  /** Opens a comm from this side. */
  open(target: string, data: unknown = {}, metadata: JSONObject = {}, buffers: Uint8Array[] = []): FakeComm {
    const handler = this.targets.get(target);
    if (!handler) throw new Error(`no target ${target}`);
    const comm = new FakeComm(target, metadata);
    this.comms.push(comm);
    handler(comm, { data: data as JSONValue, metadata, buffers });
    return comm;
  }

  private opened(target: string, { data = {}, metadata = {}, buffers = [] }: CommOpenOptions = {}): FakeComm {
    const comm = new FakeComm(target, metadata);
    comm.send(data, { buffers });
    this.comms.push(comm);
    return comm;
  }
}
