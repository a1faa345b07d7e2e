/**
 * Execute requests, one at a time and in order. When one fails with `stop_on_error`, the waiting requests are answered
 * `aborted`; later requests run again.
 */
import type { Outcome, ToSession } from "./ipc";
import type { History } from "./history";
import type { Message, Outlet } from "./messages";

export interface ExecutionContext {
  publisher: Outlet;
  history: History;
  send(command: ToSession): void;
  /** Publishes the output that is still on its way, and the gathered stream text. */
  settle(): Promise<void>;
}

/** Queue of execute requests. */
export class Executions {
  private readonly waiting: Message[] = [];
  private running: { request: Message; line: number; finish: (outcome: Outcome) => void } | undefined;
  private last: Message | undefined;
  private count = 0;

  constructor(private readonly context: ExecutionContext) {}

  /** Request in progress. */
  get current(): Message | undefined {
    return this.running?.request;
  }

  /** Request in progress, or the last one, which receives output of unknown origin. */
  get recent(): Message | undefined {
    return this.running?.request ?? this.last;
  }

  push(request: Message): void {
    this.waiting.push(request);
    if (!this.running) void this.next();
  }

  /** Ends the running cell, on a report of the session or at the session's end. */
  finish(msgId: string | undefined, outcome: Outcome): void {
    if (this.running && (msgId === undefined || this.running.request.header.msg_id === msgId)) {
      this.running.finish(outcome);
    }
  }

  noteResult(line: number, text: unknown): void {
    if (typeof text === "string") this.context.history.setOutput(line, text);
  }

  private async next(): Promise<void> {
    const request = this.waiting.shift();
    if (!request) return;
    const outcome = await this.run(request);
    this.running = undefined;
    this.last = request;
    if (outcome.status === "error" && request.content["stop_on_error"] !== false) this.abortWaiting();
    void this.next();
  }

  private async run(request: Message): Promise<Outcome> {
    const { header, content } = request;
    const code = typeof content["code"] === "string" ? content["code"] : "";
    const silent = content["silent"] === true;
    const stored = !silent && content["store_history"] !== false;
    const line = this.count + 1;
    if (stored) {
      this.count = line;
      this.context.history.add(line, code);
    }
    this.context.publisher.status("busy", header);
    if (!silent) this.context.publisher.publish("execute_input", { code, execution_count: line }, header);
    const outcome = await new Promise<Outcome>((finish) => {
      this.running = { request, line, finish };
      this.context.send({
        type: "execute",
        parent: header,
        code,
        executionCount: line,
        silent,
        userExpressions: stringValues(content["user_expressions"]),
        allowStdin: content["allow_stdin"] === true,
      });
    });
    await this.context.settle();
    this.report(request, line, outcome);
    return outcome;
  }

  private report(request: Message, line: number, outcome: Outcome): void {
    if (outcome.status === "error") {
      const { ename, evalue, traceback } = outcome;
      this.context.publisher.publish("error", { ename, evalue, traceback }, request.header);
      this.context.publisher.reply("shell", request, {
        status: "error",
        execution_count: line,
        ename,
        evalue,
        traceback,
      });
    } else {
      const { userExpressions, payload } = outcome;
      const content = { status: "ok", execution_count: line, user_expressions: userExpressions, payload };
      this.context.publisher.reply("shell", request, content);
    }
    this.context.publisher.status("idle", request.header);
  }

  private abortWaiting(): void {
    for (const request of this.waiting.splice(0)) {
      this.context.publisher.status("busy", request.header);
      // Without a count, because JupyterLab shows the number of any reply beside the cell, even when nothing ran.
      this.context.publisher.reply("shell", request, { status: "aborted" });
      this.context.publisher.status("idle", request.header);
    }
  }
}

function stringValues(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
