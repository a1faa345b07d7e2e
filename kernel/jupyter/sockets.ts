/**
 * Five sockets of a kernel. zeromq.js allows one send at a time per socket, so each has a queue. The high-water mark is
 * off, because a publisher drops messages silently at it and a lost idle status hangs a front end.
 */
import { Reply, Router, XPublisher } from "zeromq";
import { address, type ConnectionInfo } from "./connection";
import { reportFault } from "./faults";

type Frames = Uint8Array[];
interface Sendable {
  send(frames: Frames): Promise<void>;
}

/** Sends messages in order, awaiting each. */
export class SendQueue {
  private waiting: Frames[] = [];
  private draining: Promise<void> | undefined;

  constructor(private readonly socket: Sendable) {}

  send(frames: Frames): void {
    this.waiting.push(frames);
    this.draining ??= this.drain();
  }

  /** Resolves once everything queued so far is with zeromq. */
  async flushed(): Promise<void> {
    await this.draining;
  }

  private async drain(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      for (const frames of batch) await this.socket.send(frames).catch(ignoreUnroutable);
    }
    this.draining = undefined;
  }
}

/** Ignores replies to a client that has left. */
function ignoreUnroutable(): void {}

export interface Handlers {
  shell(frames: Frames): void;
  control(frames: Frames): void;
  stdin(frames: Frames): void;
  /** Receives the topic of a front end's subscription to iopub. */
  subscribed(topic: string): void;
}

const OPTIONS = { linger: 500, sendHighWaterMark: 0, receiveHighWaterMark: 0 };

/** Sockets of one kernel. */
export class Sockets {
  private readonly routers = {
    shell: new Router(OPTIONS),
    control: new Router(OPTIONS),
    stdin: new Router(OPTIONS),
  };
  private readonly publisher = new XPublisher({ ...OPTIONS, verbosity: "allSubs" });
  private readonly heartbeat = new Reply({ linger: 0 });
  readonly shell = new SendQueue(this.routers.shell);
  readonly control = new SendQueue(this.routers.control);
  readonly stdin = new SendQueue(this.routers.stdin);
  readonly iopub = new SendQueue(this.publisher as unknown as Sendable);

  async bind(connection: ConnectionInfo): Promise<void> {
    await Promise.all([
      this.routers.shell.bind(address(connection, connection.shellPort)),
      this.routers.control.bind(address(connection, connection.controlPort)),
      this.routers.stdin.bind(address(connection, connection.stdinPort)),
      this.publisher.bind(address(connection, connection.iopubPort)),
      this.heartbeat.bind(address(connection, connection.hbPort)),
    ]);
  }

  listen(handlers: Handlers): void {
    void receiveAll(this.routers.shell, handlers.shell);
    void receiveAll(this.routers.control, handlers.control);
    void receiveAll(this.routers.stdin, handlers.stdin);
    void receiveAll(this.publisher, (frames) => {
      const event = frames[0];
      if (event?.[0] === 1) handlers.subscribed(Buffer.from(event.subarray(1)).toString("utf8"));
    });
    void this.echoHeartbeats();
  }

  async close(): Promise<void> {
    await Promise.all([this.shell, this.control, this.stdin, this.iopub].map((queue) => queue.flushed()));
    for (const socket of [...Object.values(this.routers), this.publisher, this.heartbeat]) socket.close();
  }

  private async echoHeartbeats(): Promise<void> {
    try {
      for await (const frames of this.heartbeat) await this.heartbeat.send(frames);
    } catch {
      // Shutdown closed the socket.
    }
  }
}

async function receiveAll(socket: AsyncIterable<Frames>, handle: (frames: Frames) => void): Promise<void> {
  try {
    for await (const frames of socket) guarded(handle, frames);
  } catch {
    // Shutdown closed the socket.
  }
}

/** A message that its handler fails on must not be the last that is read. */
function guarded(handle: (frames: Frames) => void, frames: Frames): void {
  try {
    handle(frames);
  } catch (error) {
    reportFault(error);
  }
}
