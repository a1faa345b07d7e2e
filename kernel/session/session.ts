/** TypeScript session: takes commands of the kernel process and answers with outcomes. */
import type {
  CommCommand,
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
import { saveIntrinsics, stuckChanges, withOwnIntrinsics } from "./run/intrinsics";
import { bundleOf, isSelfShowing } from "./mime";
import {
  CellModules,
  installColors,
  interruptAnswered,
  onTurn,
  platformObjects,
  runShell,
  tidyInspection,
} from "./node";
import { parseConvenience } from "./conveniences";
import { Queries } from "./ask/queries";
import { installPrompt } from "./run/prompt";
import { attempt } from "./run/reading";
import { cellScope, KeyboardInterrupt, runCell, undoInterrupted, type Scope } from "./run/scope";
import { cellName, CellStacks } from "./run/stacks";
import { endable, promised, runSteps, until, type Steps } from "./run/steps";
import { StreamCapture } from "./run/streams";
import { Tracebacks } from "./run/tracebacks";
import { variableTable } from "./ask/variables";

/** Session of one kernel. */
export class Session {
  private readonly streams = new StreamCapture((message) => this.send(message));
  private readonly stacks = new CellStacks();
  private readonly tracebacks = new Tracebacks(this.stacks);
  private readonly comms: SessionComms;
  private readonly executor: Executor;
  private readonly queries: Queries;
  private readonly handling = new Set<() => void>();
  /** Number of lasting changes of the language with which the session was found to work. */
  private bearable = 0;
  /** Messages read while an interrupt is being answered. */
  private behindInterrupt: ToSession[] | undefined;

  /**
   * @param abandon ends the process with the words that a cell has made it unusable
   * @param compiler a compiler that is warm already
   */
  constructor(
    private readonly send: (message: FromSession) => void,
    private readonly abandon: () => never,
    private readonly compiler: CellCompiler = new CellCompiler(),
  ) {
    const post = (message: FromSession): void => this.post(message);
    this.comms = new SessionComms(post, (error) => this.reportLate(error));
    installHost(new Host(post, this.comms));
    const modules = new CellModules(platform().folder(), this.compiler);
    this.executor = new Executor(this.compiler, modules, this.stacks);
    this.queries = new Queries(this.compiler, this.executor.variables);
    this.streams.install();
    installCancellationPoints();
    installPrompt(
      post,
      (error) => this.executor.fail(error),
      (cell) => this.executor.interruptCell(cell),
    );
    installColors();
    this.stacks.install();
    tidyInspection();
    saveIntrinsics(platformObjects());
  }

  /** Compiles a small text, so that the first cell does not pay for the compiler's first use. */
  warm(): void {
    this.compiler.warm();
  }

  receive(message: ToSession): void {
    withOwnIntrinsics(() => this.handle(message));
  }

  private handle(message: ToSession): void {
    if (this.behindInterrupt) return void this.behindInterrupt.push(message);
    switch (message.type) {
      case "execute":
        return this.execute(message);
      case "query":
        return this.answer(message);
      case "commOpen":
      case "commMessage":
      case "commClose":
        return this.handleComm(message);
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
    onTurn(() => withOwnIntrinsics(() => this.answerInterrupt(number, waiting)));
  }

  private answerInterrupt(number: number, waiting: readonly ToSession[]): void {
    interruptAnswered(number);
    this.behindInterrupt = undefined;
    for (const message of waiting) this.handle(message);
  }

  interrupt(): void {
    this.executor.interrupt();
    for (const release of this.handling) release();
  }

  /** Reports an error that no cell waits for, of a timer, a promise or a comm handler. */
  reportLate(error: unknown): void {
    if (attempt(() => error instanceof KeyboardInterrupt, false)) return;
    // An error here cannot be reported any more; thrown on, it would end the session.
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

  private execute(command: ExecuteCommand): void {
    const scope = cellScope(command.parent, command.allowStdin);
    const done = (outcome: Outcome): void => {
      this.checkUsable();
      if (scope.cell.interrupted) undoInterrupted(scope, (error) => this.reportLate(error));
      this.post({ type: "done", parent: command.parent, outcome });
    };
    const failed = (error: unknown): void => done({ status: "error", ...this.report(error, "", command.code) });
    runCell(scope, () => runSteps(this.outcome(command, scope), done, failed));
  }

  /** Ends the session if a change of the language that cannot be put aside keeps the compiler from working. */
  private checkUsable(): void {
    if (stuckChanges() === this.bearable) return;
    this.bearable = stuckChanges();
    try {
      this.warm();
    } catch {
      this.abandon();
    }
  }

  private *outcome(command: ExecuteCommand, scope: Scope): Steps<Outcome> {
    const { code, executionCount } = command;
    const name = cellName(executionCount);
    try {
      const payload = yield* this.perform(command, scope, name);
      const userExpressions: Record<string, UserExpression> = {};
      for (const [key, expression] of Object.entries(command.userExpressions)) {
        userExpressions[key] = yield* this.evaluate(expression, scope);
      }
      return { status: "ok", userExpressions, payload };
    } catch (error) {
      return { status: "error", ...this.report(error, name, code) };
    }
  }

  /** Runs the cell, or its command where it is not TypeScript. */
  private *perform(command: ExecuteCommand, scope: Scope, name: string): Steps<Payload[]> {
    const convenience = parseConvenience(command.code);
    if (!convenience || (convenience.kind === "exit" && this.executor.knows(convenience.name))) {
      yield* this.runCode(command.code, command, scope, name);
      return [];
    }
    switch (convenience.kind) {
      case "help":
        return [this.help(convenience.expression, convenience.detail)];
      case "time":
        return yield* this.timed(this.runCode(convenience.code, command, scope, name));
      case "shell":
        yield* this.executor.attend(scope, (interrupted) => until(runShell(convenience.command, interrupted)));
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

  private *runCode(code: string, command: ExecuteCommand, scope: Scope, name: string): Steps<void> {
    const result = yield* this.executor.execute(code, name, scope);
    if (!result.has || command.silent) return;
    this.showResult(command, yield* this.bundleOf(result.value, scope));
  }

  /** Returns the bundle of a value. Its display method is the cell's code, which may never settle. */
  private *bundleOf(value: unknown, scope: Scope): Steps<MimeBundle> {
    if (!isSelfShowing(value)) return yield* bundleOf(value);
    let bundle: MimeBundle = {};
    yield* this.executor.attend(scope, function* () {
      bundle = yield* bundleOf(value);
    });
    return bundle;
  }

  private showResult({ parent, executionCount }: ExecuteCommand, data: MimeBundle): void {
    this.post({ type: "result", parent, executionCount, data, metadata: {} });
  }

  private *timed(body: Steps<void>): Steps<Payload[]> {
    const [start, cpu] = [performance.now(), platform().cpuMs()];
    try {
      yield* body;
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

  private *evaluate(expression: string, scope: Scope): Steps<UserExpression> {
    const name = cellName(0);
    try {
      const result = yield* this.executor.execute(`(${expression})`, name, scope);
      const data = yield* this.bundleOf(result.has ? result.value : undefined, scope);
      return { status: "ok", data, metadata: {} };
    } catch (error) {
      return { status: "error", ...this.report(error, name, expression) };
    }
  }

  private answer({ id, query }: Extract<ToSession, { type: "query" }>): void {
    try {
      this.post({ type: "answer", id, ok: true, answer: this.queries.answer(query) });
    } catch (error) {
      this.post({ type: "answer", id, ok: false, error: this.report(error, "", "") });
    }
  }

  private handleComm(command: CommCommand): void {
    // A handler that never settles must not keep the front end waiting after an interrupt.
    let release: () => void = () => undefined;
    const work = endable(promised(this.comms.handle(command)), (resolve) => {
      release = resolve;
      this.handling.add(release);
    });
    const handled = (): void => {
      this.handling.delete(release);
      this.post({ type: "commHandled", parent: command.parent });
    };
    const failed = (error: unknown): void => {
      this.reportLate(error);
      handled();
    };
    runSteps(until(work), handled, failed);
  }
}
