/** Answers requests, and turns the session's reports into messages; knows neither sockets nor processes. */
import { CommTable } from "./comms";
import { Executions } from "./executions";
import type { History } from "./history";
import type { Answers, CommCommand, CommPayload, ErrorReport, FromSession, Query, StreamName, ToSession } from "./ipc";
import type { Content, Header, Message, Outlet, ReplyChannel } from "./messages";
import { StreamCoalescer } from "./stream-coalescer";

type Answer = Content | Promise<Content>;

/** Error of the session in the front end's form. */
export class SessionError extends Error {
  constructor(readonly report: ErrorReport) {
    super(report.evalue);
  }
}

/** The session, as a kernel asks it. */
export interface SessionPort {
  send(message: ToSession): void;
  /** @throws SessionError for a question that the session refuses, or whose answer was lost with it */
  ask<K extends Query["kind"]>(query: Extract<Query, { kind: K }>): Promise<Answers[K]>;
  /** Answers the pending question of a cell; `null` for none. */
  sendInput(value: string | null): void;
  interrupt(): void;
}

export interface DispatcherParts {
  outlet: Outlet;
  session: SessionPort;
  history: History;
  /** Content of a `kernel_info_reply`. */
  info(): Content;
  /** Content of a `connect_reply`; undefined where there is nothing to connect to. */
  connect(): Content | undefined;
  /** Waits for output of a cell that is still on its way when the cell ends. */
  settle(): Promise<void>;
}

/** Dispatcher of one kernel. */
export class Dispatcher {
  private readonly comms = new CommTable();
  private readonly executions: Executions;
  private readonly streams: StreamCoalescer;
  /** Comm messages whose handlers are running, by message id. */
  private readonly handling = new Map<string, Header>();
  private awaitsInput = false;

  constructor(private readonly parts: DispatcherParts) {
    const { outlet, session, history } = parts;
    this.streams = new StreamCoalescer((parent, name, text) => outlet.publish("stream", { name, text }, parent));
    this.executions = new Executions({
      publisher: outlet,
      history,
      send: (command) => session.send(command),
      settle: async () => {
        await parts.settle();
        this.streams.flush();
      },
    });
  }

  /** Request in progress. */
  get current(): Message | undefined {
    return this.executions.current;
  }

  /** Takes a message of the shell channel. */
  shell(message: Message): void {
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

  /** Takes a message of the control channel; resolves when it is answered. */
  control(message: Message): Promise<void> {
    return this.answer("control", message);
  }

  stdin(message: Message): void {
    const value = message.content["value"];
    if (message.header.msg_type === "input_reply" && typeof value === "string") this.answerInput(value);
  }

  interrupt(): void {
    // A prompt blocks in a read that a signal does not end; an additional signal would hit the next cell.
    if (this.awaitsInput) this.answerInput(null);
    else this.parts.session.interrupt();
  }

  /** Refuses a message that cannot be passed on: who sent it may be waiting. */
  refuse(channel: ReplyChannel, message: Message, evalue: string): void {
    const { outlet } = this.parts;
    outlet.status("busy", message.header);
    if (message.header.msg_type.endsWith("_request")) {
      const error = { ename: "MessageError", evalue, traceback: [`MessageError: ${evalue}`] };
      outlet.reply(channel, message, { status: "error", ...error });
    }
    this.idle(message.header);
  }

  /** Text of unknown origin: it goes to the latest cell. */
  write(name: StreamName, text: string): void {
    this.streams.write(this.executions.recent?.header, name, text);
  }

  /** Takes a message of the session. */
  fromSession(message: FromSession): void {
    if (message.type === "stream") return this.streams.write(message.parent, message.name, message.text);
    // `done` waits for the output of child processes and flushes then.
    if (message.type !== "done") this.streams.flush();
    const { outlet } = this.parts;
    switch (message.type) {
      case "ready":
      case "answer":
      case "unusable":
        return;
      case "display":
        return this.display(message);
      case "result": {
        const { data, metadata, executionCount, parent } = message;
        this.executions.noteResult(executionCount, data["text/plain"]);
        return outlet.publish("execute_result", { execution_count: executionCount, data, metadata }, parent);
      }
      case "clearOutput":
        return outlet.publish("clear_output", { wait: message.wait }, message.parent);
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

  /** Ends all that waits for a session that is gone. */
  sessionCrashed(report: ErrorReport): void {
    const { outlet } = this.parts;
    const cell = this.executions.current;
    for (const commId of this.comms.clear()) outlet.publish("comm_close", { comm_id: commId, data: {} }, cell?.header);
    for (const parent of this.handling.values()) outlet.status("idle", parent);
    this.handling.clear();
    this.awaitsInput = false;
    if (cell) return this.executions.finish(undefined, { status: "error", ...report });
    this.write("stderr", report.traceback.join("\n") + "\n");
  }

  /** Answers the pending question once; a stray answer would answer the next question. */
  private answerInput(value: string | null): void {
    if (!this.awaitsInput) return;
    this.awaitsInput = false;
    this.parts.session.sendInput(value);
  }

  /** Publishes busy, the reply and idle. */
  private async answer(channel: ReplyChannel, message: Message): Promise<void> {
    const { outlet } = this.parts;
    outlet.status("busy", message.header);
    try {
      const content = await this.reply(message);
      if (content) outlet.reply(channel, message, content);
    } catch (error) {
      outlet.reply(channel, message, { status: "error", ...describe(error) });
    }
    this.idle(message.header);
  }

  /** Publishes idle. A front end shows the last status, so busy follows again while a cell runs. */
  private idle(parent: Header): void {
    const { outlet } = this.parts;
    outlet.status("idle", parent);
    const running = this.executions.current;
    if (running) outlet.status("busy", running.header);
  }

  private reply({ header, content }: Message): Answer | undefined {
    switch (header.msg_type) {
      case "kernel_info_request":
        return this.parts.info();
      case "complete_request":
        return this.complete(content);
      case "inspect_request":
        return this.inspect(content);
      case "is_complete_request":
        return this.isComplete(content);
      case "history_request":
        return { status: "ok", history: this.parts.history.query(content) };
      case "comm_info_request": {
        const target = content["target_name"];
        return {
          status: "ok",
          comms: this.comms.info(typeof target === "string" && target !== "" ? target : undefined),
        };
      }
      case "connect_request":
        return this.parts.connect();
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
    const answer = await this.parts.session.ask({ kind: "complete", code, cursor: cursor(content, code) });
    const { matches, start, end, types } = answer;
    const metadata = { _jupyter_types_experimental: types.map((type) => ({ ...type, start, end })) };
    return { status: "ok", matches, cursor_start: start, cursor_end: end, metadata };
  }

  private async inspect(content: Content): Promise<Content> {
    const code = text(content["code"]);
    const detail = content["detail_level"] === 1 ? 1 : 0;
    const { found, data } = await this.parts.session.ask({
      kind: "inspect",
      code,
      cursor: cursor(content, code),
      detail,
    });
    return { status: "ok", found, data, metadata: {} };
  }

  private async isComplete(content: Content): Promise<Content> {
    return { ...(await this.parts.session.ask({ kind: "isComplete", code: text(content["code"]) })) };
  }

  private comm(message: Message): void {
    this.parts.outlet.status("busy", message.header);
    const command = commCommand(message);
    const known = command !== undefined && (command.type === "commOpen" || this.comms.has(command.commId));
    if (!known) return this.idle(message.header);
    if (command.type === "commOpen") this.comms.open(command.commId, command.target);
    if (command.type === "commClose") this.comms.close(command.commId);
    this.handling.set(message.header.msg_id, message.header);
    this.parts.session.send(command);
  }

  private askInput(prompt: string, password: boolean): void {
    this.awaitsInput = true;
    const cell = this.executions.current;
    if (cell) this.parts.outlet.askInput(cell, prompt, password);
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
    this.parts.outlet.publish(type, { data, metadata, transient }, parent, { buffers });
  }

  private publishComm(type: string, message: CommPayload & { parent: Header | undefined }, extra: Content = {}): void {
    const { commId, data, metadata, buffers, parent } = message;
    this.parts.outlet.publish(type, { comm_id: commId, data, ...extra }, parent, { metadata, buffers });
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
