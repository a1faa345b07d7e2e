/** The kernel process: sockets on one side, the session process on the other, and a dispatcher between them. */
import type { ConnectionInfo } from "./connection";
import { MOST_DEPTH } from "./depth";
import { Dispatcher } from "./dispatcher";
import { History } from "./history";
import { HistoryFile, historyPath } from "./history-file";
import type { FromSession } from "./ipc";
import { kernelInfo } from "./kernel-info";
import type { Content, Message, ReplyChannel } from "./messages";
import { Publisher } from "./publisher";
import { SessionLink } from "./session-link";
import type { Sockets } from "./sockets";
import { makeSnapshotLater } from "./start-snapshot";
import { decode, Signer } from "./wire";

/** Kernel of one connection: takes messages from its sockets and owns the session process. */
export class Kernel {
  private readonly signer: Signer;
  private readonly publisher: Publisher;
  private readonly history: History;
  private readonly link: SessionLink;
  private readonly dispatcher: Dispatcher;
  private stopping = false;

  constructor(
    private readonly connection: ConnectionInfo,
    private readonly sockets: Sockets,
    private readonly exit: (code: number) => void,
  ) {
    const path = historyPath();
    this.history = new History(path === undefined ? undefined : new HistoryFile(path));
    this.signer = new Signer(connection.key);
    this.publisher = new Publisher(sockets, this.signer);
    this.link = new SessionLink({
      message: (message) => this.fromSession(message),
      fdOutput: (name, text) => this.dispatcher.write(name, text),
      crashed: (report) => this.dispatcher.sessionCrashed(report),
    });
    this.dispatcher = new Dispatcher({
      outlet: this.publisher,
      session: this.link,
      history: this.history,
      info: kernelInfo,
      connect: () => this.ports(),
      // Output of child processes on the inherited pipes is read in the loop's next turns and must precede idle.
      settle: () => turns(2),
    });
  }

  start(): void {
    this.sockets.listen({
      shell: (frames) => this.receive("shell", frames, (message) => this.dispatcher.shell(message)),
      control: (frames) => this.receive("control", frames, (message) => this.control(message)),
      stdin: (frames) => this.receive("stdin", frames, (message) => this.dispatcher.stdin(message)),
      subscribed: (topic) => this.publisher.welcome(topic),
    });
    this.link.start();
  }

  interrupt(): void {
    this.dispatcher.interrupt();
  }

  /** Ends both processes after the queued messages have left. */
  async stop(): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    this.link.stop();
    // A peer that reads nothing must not keep the kernel alive.
    setTimeout(() => this.exit(0), 700);
    await this.sockets.close();
    this.exit(0);
  }

  private receive(channel: ReplyChannel | "stdin", frames: Uint8Array[], handle: (message: Message) => void): void {
    const message = decode(frames, this.signer);
    if (!message || this.stopping) return;
    if (!message.isTooDeep) return handle(message);
    const problem = `a message nests at most ${MOST_DEPTH} deep, received a deeper ${message.header.msg_type}`;
    if (channel !== "stdin") this.dispatcher.refuse(channel, message, problem);
  }

  private control(message: Message): void {
    void this.dispatcher.control(message).then(() => {
      if (message.header.msg_type === "shutdown_request") void this.stop();
    });
  }

  private fromSession(message: FromSession): void {
    this.dispatcher.fromSession(message);
    if (message.type !== "ready") return;
    // Opened late, because a front end that just started the kernel waits for its first answers.
    makeSnapshotLater();
    this.history.open();
  }

  private ports(): Content {
    const { shellPort, iopubPort, stdinPort, hbPort, controlPort } = this.connection;
    return {
      status: "ok",
      shell_port: shellPort,
      iopub_port: iopubPort,
      stdin_port: stdinPort,
      hb_port: hbPort,
      control_port: controlPort,
    };
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
