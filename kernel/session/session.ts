/** TypeScript session: takes commands of the kernel process and answers with outcomes. */
import type {
  ErrorReport,
  ExecuteCommand,
  FromSession,
  Outcome,
  Payload,
  ToSession,
  UserExpression,
} from "../jupyter/ipc";
import { platform } from "../platform";
import { installHost, type MimeBundle } from "../display/host";
import { installCancellationPoints } from "./run/cancellation";
import { CellCompiler } from "./compile/cells";
import { SessionComms } from "./comms";
import { Executor } from "./run/executor";
import { Host } from "./host";
import { saveIntrinsics, withOwnIntrinsics } from "./run/intrinsics";
import { bundleOf } from "./mime";
import { CellModules, installPrompt, interruptAnswered, runShell, tidyInspection, turn } from "./node";
import { parseConvenience } from "./conveniences";
import { Queries } from "./ask/queries";
import { attempt } from "./run/reading";
import { cellScope, KeyboardInterrupt, runCell, undoInterrupted, type Scope } from "./run/scope";
import { cellName, CellStacks } from "./run/stacks";
import { StreamCapture } from "./run/streams";
import { Tracebacks } from "./run/tracebacks";
import { endable } from "./run/waiting";
import { variableTable } from "./ask/variables";

/** Session of one kernel. */
export class Session {
  private readonly streams = new StreamCapture((message) => this.send(message));
  private readonly stacks = new CellStacks();
  private readonly tracebacks = new Tracebacks(this.stacks);
  private readonly comms: SessionComms;
  private readonly compiler: CellCompiler;
  private readonly executor: Executor;
  private readonly queries: Queries;
  private readonly handling = new Set<() => void>();
  /** Messages read while an interrupt is being answered. */
  private behindInterrupt: ToSession[] | undefined;

  constructor(private readonly send: (message: FromSession) => void) {
    const post = (message: FromSession): void => this.post(message);
    this.comms = new SessionComms(post, (error) => this.reportLate(error));
    installHost(new Host(post, this.comms));
    this.compiler = new CellCompiler();
    const modules = new CellModules(platform().folder(), this.compiler);
    this.executor = new Executor(this.compiler, modules, this.stacks);
    this.queries = new Queries(this.compiler, this.executor.variables);
    this.streams.install();
    installCancellationPoints();
    installPrompt(post);
    this.stacks.install();
    tidyInspection();
    saveIntrinsics();
  }

  /** Compiles a small text, so that the first cell does not pay for the compiler's first use. */
  warm(): void {
    this.compiler.compile("const warm: number[] = [1]; console.log(warm.length); await 1;");
  }

  receive(message: ToSession): void {
    if (this.behindInterrupt) return void this.behindInterrupt.push(message);
    switch (message.type) {
      case "execute":
        return void this.execute(message);
      case "query":
        return this.answer(message);
      case "commOpen":
      case "commMessage":
      case "commClose":
        return void this.handleComm(message);
      case "interrupt":
        return this.interruptBy(message.number);
      default:
        message satisfies never;
    }
  }

  /** Interrupts the cell and its background work; later messages wait for one turn. */
  private interruptBy(number: number): void {
    this.interrupt();
    const waiting: ToSession[] = (this.behindInterrupt = []);
    void turn().then(() => {
      interruptAnswered(number);
      this.behindInterrupt = undefined;
      for (const message of waiting) this.receive(message);
    });
  }

  interrupt(): void {
    this.executor.interrupt();
    for (const release of this.handling) release();
  }

  /** Reports an error that no cell waits for, of a timer, a promise or a comm handler. */
  reportLate(error: unknown): void {
    if (attempt(() => error instanceof KeyboardInterrupt, false)) return;
    // If this throws, nothing is left to report with; thrown on, it would end the session.
    attempt(() => {
      const text = withOwnIntrinsics(() => this.tracebacks.report(error, "", "").traceback.join("\n") + "\n");
      this.streams.emit("stderr", text);
    }, undefined);
  }

  private report(error: unknown, name: string, code: string): ErrorReport {
    return withOwnIntrinsics(() => this.tracebacks.report(error, name, code));
  }

  /** Sends everything except streams, to keep the order. */
  private post(message: FromSession): void {
    this.streams.flush();
    this.send(message);
  }

  private async execute(command: ExecuteCommand): Promise<void> {
    const scope = cellScope(command.parent, command.allowStdin);
    const outcome = await runCell(scope, () => this.outcome(command, scope));
    if (scope.cell.interrupted) undoInterrupted(scope, (error) => this.reportLate(error));
    this.post({ type: "done", parent: command.parent, outcome });
  }

  private async outcome(command: ExecuteCommand, scope: Scope): Promise<Outcome> {
    const { code, executionCount } = command;
    const name = cellName(executionCount);
    try {
      const payload = await this.perform(command, scope, name);
      const userExpressions: Record<string, UserExpression> = {};
      const names = withOwnIntrinsics(() => Object.keys(command.userExpressions));
      for (let at = 0; at < names.length; at++) {
        const name = names[at]!;
        userExpressions[name] = await this.evaluate(command.userExpressions[name]!, scope);
      }
      return { status: "ok", userExpressions, payload };
    } catch (error) {
      return { status: "error", ...this.report(error, name, code) };
    }
  }

  /** Runs the cell, or its command where it is not TypeScript. */
  private async perform(command: ExecuteCommand, scope: Scope, name: string): Promise<Payload[]> {
    const convenience = withOwnIntrinsics(() => parseConvenience(command.code));
    if (!convenience || (convenience.kind === "exit" && this.executor.knows(convenience.name))) {
      await this.runCode(command.code, command, scope, name);
      return [];
    }
    switch (convenience.kind) {
      case "help":
        return [this.help(convenience.expression, convenience.detail)];
      case "time":
        return this.timed(() => this.runCode(convenience.code, command, scope, name));
      case "shell":
        await this.executor.attend(scope, (interrupted) => runShell(convenience.command, interrupted));
        return [];
      case "who":
        this.showResult(command, variableTable(this.executor.variables));
        return [];
      case "reset":
        this.executor.reset();
        return [];
      case "exit":
        return [{ source: "ask_exit", keepkernel: false }];
      case "unknown":
        throw new SyntaxError(
          `${convenience.name}: is no command of this kernel; there are %time, %who, %reset, !command and ?name`,
        );
      default:
        return convenience satisfies never;
    }
  }

  private async runCode(code: string, command: ExecuteCommand, scope: Scope, name: string): Promise<void> {
    const result = await this.executor.execute(code, name, scope);
    if (!result.has || command.silent) return;
    // Its display method is the cell's code, which may never settle.
    await this.executor.attend(scope, async () => this.showResult(command, await bundleOf(result.value)));
  }

  private showResult({ parent, executionCount }: ExecuteCommand, data: MimeBundle): void {
    this.post({ type: "result", parent, executionCount, data, metadata: {} });
  }

  private async timed(body: () => Promise<void>): Promise<Payload[]> {
    const [start, cpu] = [performance.now(), platform().cpuMs()];
    try {
      await body();
    } finally {
      const used = platform().cpuMs() - cpu;
      const wall = performance.now() - start;
      this.streams.emit("stdout", `Wall time: ${wall.toFixed(1)} ms, CPU time: ${used.toFixed(1)} ms\n`);
    }
    return [];
  }

  private help(expression: string, detail: number): Payload {
    const { found, data } = this.queries.inspect(expression, expression.length, detail);
    return { source: "page", start: 0, data: found ? data : { "text/plain": `Nothing is known about ${expression}.` } };
  }

  private async evaluate(expression: string, scope: Scope): Promise<UserExpression> {
    const name = cellName(0);
    try {
      const result = await this.executor.execute(`(${expression})`, name, scope);
      let data: MimeBundle = {};
      await this.executor.attend(scope, async () => {
        data = await bundleOf(result.has ? result.value : undefined);
      });
      return { status: "ok", data, metadata: {} };
    } catch (error) {
      return { status: "error", ...this.report(error, name, expression) };
    }
  }

  private answer({ id, query }: Extract<ToSession, { type: "query" }>): void {
    try {
      const answer = withOwnIntrinsics(() => this.queries.answer(query));
      this.post({ type: "answer", id, ok: true, answer });
    } catch (error) {
      this.post({ type: "answer", id, ok: false, error: this.report(error, "", "") });
    }
  }

  private async handleComm(command: Extract<ToSession, { type: `comm${string}` }>): Promise<void> {
    // A handler that never settles must not keep the front end waiting after an interrupt.
    let release: () => void = () => undefined;
    try {
      await endable(this.comms.handle(command), ({ resolve }) => {
        release = resolve;
        this.handling.add(release);
      });
    } catch (error) {
      this.reportLate(error);
    }
    this.handling.delete(release);
    this.post({ type: "commHandled", parent: command.parent });
  }
}
