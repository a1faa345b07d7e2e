/** Dispatches requests and turns the session's reports into messages. */
import { CommTable } from "./comms";
import type { ConnectionInfo } from "./connection";
import { MOST_DEPTH } from "./depth";
import { Executions } from "./executions";
import { History } from "./history";
import { HistoryFile, historyPath } from "./history-file";
import type { CommCommand, CommPayload, ErrorReport, FromSession } from "./ipc";
import { kernelInfo } from "./kernel-info";
import { Publisher, type ReplyChannel } from "./publisher";
import { SessionError, SessionLink } from "./session-link";
import type { Sockets } from "./sockets";
import { makeSnapshotLater } from "./start-snapshot";
import { StreamCoalescer } from "./stream-coalescer";
import { decode, Signer, type Content, type Header, type Message } from "./wire";

type Answer = Content | Promise<Content>;

/** Kernel of one connection: answers requests and owns the session process. */
export class Kernel {
  private readonly signer: Signer;
  private readonly publisher: Publisher;
  private readonly comms = new CommTable();
  private readonly history: History;
  private readonly executions: Executions;
  private readonly link: SessionLink;
  private readonly streams = new StreamCoalescer((parent, name, text) =>
    this.publisher.publish("stream", { name, text }, parent),
  );
  /** Comm messages whose handlers are running, by message id. */
  private readonly handling = new Map<string, Header>();
  private awaitsInput = false;
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
      fdOutput: (name, text) => this.streams.write(this.executions.recent?.header, name, text),
      crashed: (report) => this.sessionCrashed(report),
    });
    this.executions = new Executions({
      publisher: this.publisher,
      history: this.history,
      send: (command) => this.link.send(command),
      flush: () => this.streams.flush(),
    });
  }

  start(): void {
    this.sockets.listen({
      shell: (frames) => this.receive("shell", frames, (message) => this.shell(message)),
      control: (frames) => this.receive("control", frames, (message) => this.control(message)),
      stdin: (frames) => this.receive("stdin", frames, (message) => this.stdin(message)),
      subscribed: (topic) => this.publisher.welcome(topic),
    });
    this.link.start();
  }

  interrupt(): void {
    // A prompt blocks in a read that a signal does not end; an additional signal would hit the next cell.
    if (this.awaitsInput) this.answerInput(null);
    else this.link.interrupt();
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
    if (channel !== "stdin") this.refuse(channel, message);
  }

  /** Answer a message that is nested too deep to be passed on: who sent it may be waiting. */
  private refuse(channel: ReplyChannel, message: Message): void {
    this.publisher.status("busy", message.header);
    if (message.header.msg_type.endsWith("_request")) {
      const evalue = `a message nests at most ${MOST_DEPTH} deep, received a deeper ${message.header.msg_type}`;
      const error = { ename: "MessageError", evalue, traceback: [`MessageError: ${evalue}`] };
      this.publisher.reply(channel, message, { status: "error", ...error });
    }
    this.idle(message.header);
  }

  private shell(message: Message): void {
    switch (message.header.msg_type) {
      case "execute_request":
        return this.executions.push(message);
      case "comm_open":
      case "comm_msg":
      case "comm_close":
        return this.comm(message);
      default:
        void this.answer("shell", message);
    }
  }

  private control(message: Message): void {
    void this.answer("control", message).then(() => {
      if (message.header.msg_type === "shutdown_request") void this.stop();
    });
  }

  private stdin(message: Message): void {
    const value = message.content["value"];
    if (message.header.msg_type === "input_reply" && typeof value === "string") this.answerInput(value);
  }

  /** Answers the pending question once; a stray answer would answer the next question. */
  private answerInput(value: string | null): void {
    if (!this.awaitsInput) return;
    this.awaitsInput = false;
    this.link.sendInput(value);
  }

  /** Publishes busy, the reply and idle. */
  private async answer(channel: ReplyChannel, message: Message): Promise<void> {
    this.publisher.status("busy", message.header);
    try {
      const content = await this.reply(message);
      if (content) this.publisher.reply(channel, message, content);
    } catch (error) {
      this.publisher.reply(channel, message, { status: "error", ...describe(error) });
    }
    this.idle(message.header);
  }

  /** Publishes idle. A front end shows the last status, so busy follows again while a cell runs. */
  private idle(parent: Header): void {
    this.publisher.status("idle", parent);
    const running = this.executions.current;
    if (running) this.publisher.status("busy", running.header);
  }

  private reply({ header, content }: Message): Answer | undefined {
    switch (header.msg_type) {
      case "kernel_info_request":
        return kernelInfo();
      case "complete_request":
        return this.complete(content);
      case "inspect_request":
        return this.inspect(content);
      case "is_complete_request":
        return this.isComplete(content);
      case "history_request":
        return { status: "ok", history: this.history.query(content) };
      case "comm_info_request": {
        const target = content["target_name"];
        return {
          status: "ok",
          comms: this.comms.info(typeof target === "string" && target !== "" ? target : undefined),
        };
      }
      case "connect_request":
        return this.connect();
      case "interrupt_request":
        this.interrupt();
        return { status: "ok" };
      case "shutdown_request":
        return { status: "ok", restart: content["restart"] === true };
      case "debug_request":
        return refuseDebug(content);
      default:
        return undefined;
    }
  }

  private async complete(content: Content): Promise<Content> {
    const code = text(content["code"]);
    const answer = await this.link.ask({ kind: "complete", code, cursor: cursor(content, code) });
    const { matches, start, end, types } = answer;
    const metadata = { _jupyter_types_experimental: types.map((type) => ({ ...type, start, end })) };
    return { status: "ok", matches, cursor_start: start, cursor_end: end, metadata };
  }

  private async inspect(content: Content): Promise<Content> {
    const code = text(content["code"]);
    const detail = content["detail_level"] === 1 ? 1 : 0;
    const { found, data } = await this.link.ask({ kind: "inspect", code, cursor: cursor(content, code), detail });
    return { status: "ok", found, data, metadata: {} };
  }

  private async isComplete(content: Content): Promise<Content> {
    return { ...(await this.link.ask({ kind: "isComplete", code: text(content["code"]) })) };
  }

  private connect(): Content {
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

  private comm(message: Message): void {
    this.publisher.status("busy", message.header);
    const command = commCommand(message);
    const known = command !== undefined && (command.type === "commOpen" || this.comms.has(command.commId));
    if (!known) return this.idle(message.header);
    if (command.type === "commOpen") this.comms.open(command.commId, command.target);
    if (command.type === "commClose") this.comms.close(command.commId);
    this.handling.set(message.header.msg_id, message.header);
    this.link.send(command);
  }

  private fromSession(message: FromSession): void {
    if (message.type === "stream") return this.streams.write(message.parent, message.name, message.text);
    // `done` waits for the output of child processes and flushes then.
    if (message.type !== "done") this.streams.flush();
    switch (message.type) {
      case "ready":
        // Opened late, because a front end that just started the kernel waits for its first answers.
        makeSnapshotLater();
        return this.history.open();
      case "answer":
      case "unusable":
        return;
      case "display":
        return this.display(message);
      case "result": {
        const { data, metadata, executionCount, parent } = message;
        this.executions.noteResult(executionCount, data["text/plain"]);
        return this.publisher.publish("execute_result", { execution_count: executionCount, data, metadata }, parent);
      }
      case "clearOutput":
        return this.publisher.publish("clear_output", { wait: message.wait }, message.parent);
      case "input":
        return this.askInput(message.prompt, message.password);
      case "done":
        return this.executions.finish(message.parent.msg_id, message.outcome);
      case "commOpen":
        this.comms.open(message.commId, message.target);
        return this.publishComm("comm_open", message, { target_name: message.target });
      case "commMessage":
        return this.publishComm("comm_msg", message);
      case "commClose":
        if (this.comms.close(message.commId)) this.publishComm("comm_close", message);
        return;
      case "commHandled":
        this.handling.delete(message.parent.msg_id);
        return this.idle(message.parent);
      default:
        message satisfies never;
    }
  }

  private askInput(prompt: string, password: boolean): void {
    this.awaitsInput = true;
    const cell = this.executions.current;
    if (cell) this.publisher.askInput(cell, prompt, password);
    else this.answerInput(null); // A timer of an earlier cell asks, and no client is there to answer.
  }

  private display({
    update,
    data,
    metadata,
    displayId,
    parent,
    buffers,
  }: Extract<FromSession, { type: "display" }>): void {
    const transient = displayId === undefined ? {} : { display_id: displayId };
    const type = update ? "update_display_data" : "display_data";
    this.publisher.publish(type, { data, metadata, transient }, parent, { buffers });
  }

  private publishComm(type: string, message: CommPayload & { parent: Header | undefined }, extra: Content = {}): void {
    const { commId, data, metadata, buffers, parent } = message;
    this.publisher.publish(type, { comm_id: commId, data, ...extra }, parent, { metadata, buffers });
  }

  private sessionCrashed(report: ErrorReport): void {
    const cell = this.executions.current;
    for (const commId of this.comms.clear())
      this.publisher.publish("comm_close", { comm_id: commId, data: {} }, cell?.header);
    for (const parent of this.handling.values()) this.publisher.status("idle", parent);
    this.handling.clear();
    this.awaitsInput = false;
    if (cell) return this.executions.finish(undefined, { status: "error", ...report });
    this.streams.write(this.executions.recent?.header, "stderr", report.traceback.join("\n") + "\n");
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function cursor(content: Content, code: string): number {
  const position = content["cursor_pos"];
  return typeof position === "number" && position >= 0 ? Math.floor(position) : code.length;
}

function describe(error: unknown): ErrorReport {
  if (error instanceof SessionError) return error.report;
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { ename: name, evalue: message, traceback: [`${name}: ${message}`] };
}

function refuseDebug(content: Content): Content {
  return {
    type: "response",
    request_seq: content["seq"] ?? 0,
    command: content["command"] ?? "",
    success: false,
    message: "this kernel has no debugger",
    body: {},
  };
}

function commCommand({ header, content, metadata, buffers }: Message): CommCommand | undefined {
  const commId = content["comm_id"];
  if (typeof commId !== "string") return undefined;
  const payload = {
    parent: header,
    commId,
    data: (content["data"] ?? {}) as CommPayload["data"],
    metadata: metadata as CommPayload["metadata"],
    buffers,
  };
  switch (header.msg_type) {
    case "comm_open":
      return typeof content["target_name"] === "string"
        ? { type: "commOpen", target: content["target_name"], ...payload }
        : undefined;
    case "comm_msg":
      return { type: "commMessage", ...payload };
    default:
      return { type: "commClose", ...payload };
  }
}
