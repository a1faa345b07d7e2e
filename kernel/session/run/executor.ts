/** Runs compiled cells. */
import { platform } from "../../platform";
import type { CellCompiler, CompiledCell } from "../compile/cells";
import {
  asyncDepth,
  hidesHead,
  interruptFlags,
  lowerFlag,
  openGate,
  openGateOfScript,
  raiseFlag,
  shutGate,
  unwindAsync,
  type CellMeta,
  type CellModules,
} from "../node";
import { enterOwn, leaveOwn } from "./intrinsics";
import { isError, readProperty } from "./reading";
import { isInterrupted, KeyboardInterrupt, type CellState, type Scope } from "./scope";
import type { CellStacks } from "./stacks";
import { endable, promised, until, type Steps } from "./steps";

// User code may replace the globals.
const { defineProperty } = Reflect;

const SLOT = "__fovea_cell__";
const PARAMETERS =
  "require, __dirname, __filename, $link, $keep, $variables, $flags, $stop, $import, $require, $namespace, $meta, $enter, $leave";

interface Slot {
  require: NodeJS.Require;
  $link: (name: string, get: () => unknown, set?: (value: unknown) => void) => void;
  $keep: (name: string, value: unknown) => void;
  __dirname: string;
  __filename: string;
  $variables: Record<string, unknown>;
  $flags: Int32Array;
  $stop: () => void;
  $import: (specifier: string) => Promise<object>;
  $require: (specifier: string) => unknown;
  $namespace: (specifier: string) => object;
  $meta: CellMeta;
  $enter: () => void;
  $leave: () => void;
}

/** Return value of a cell's body. It has no prototype, as user code may give every other object a `then`. */
type Returned = { value: unknown } | undefined;

/** Value of a cell's last expression, if any. */
export type CellValue = { has: false } | { has: true; value: unknown };

/** Executor of a session's cells. */
export class Executor {
  /** Variables of all cells. */
  readonly variables: Record<string, unknown> = {};
  private readonly slot: Slot;
  private stop: ((reason: Error) => void) | undefined;
  private running: Scope | undefined;

  constructor(
    private readonly compiler: CellCompiler,
    private readonly modules: CellModules,
    private readonly stacks: CellStacks,
  ) {
    this.slot = {
      require: modules.require,
      $link: (name, get, set) => this.define(name, { get, set }),
      $keep: (name, value) => this.define(name, { value, writable: true }),
      __dirname: modules.folder,
      __filename: modules.place,
      $variables: this.variables,
      $flags: interruptFlags,
      $stop: () => this.stopLoop(),
      $import: (specifier) => modules.import(specifier),
      $require: modules.require,
      $namespace: (specifier) => modules.namespace(specifier),
      $meta: modules.meta,
      $enter: enterScript,
      $leave: leaveScript,
    };
    Object.defineProperty(globalThis, SLOT, { value: this.slot, enumerable: false });
  }

  /**
   * Compiles and runs a cell; the caller has entered `scope`. Throws the cell's error or {@link KeyboardInterrupt}.
   */
  *execute(code: string, name: string, scope: Scope): Steps<CellValue> {
    const cell = this.prepared(code, name);
    this.running = scope;
    try {
      if (cell.imports.length > 0) yield* this.modules.prepare(cell.imports, cell.code);
      if (scope.cell.interrupted) throw new KeyboardInterrupt();
      return valueOf(yield* this.run(cell, name, scope));
    } catch (error) {
      if (!isInterruption(error)) throw error;
      scope.cell.interrupted = true;
      throw new KeyboardInterrupt();
    } finally {
      this.running = undefined;
      this.stop = undefined;
      // Declarations that ran before a failure stay.
      this.compiler.accept(cell);
    }
  }

  private prepared(code: string, name: string): CompiledCell & { script: Script } {
    const cell = this.compiler.compile(code);
    const script = wrap(cell);
    this.stacks.remember(name, code, cell.map, hidesHead ? 0 : script.head.length);
    if (cell.localFilesChanged) this.modules.forgetLocal();
    return { ...cell, script };
  }

  /** Waits for internal work in place of a cell; an interrupt ends the wait and aborts the signal. */
  *attend(scope: Scope, work: (interrupted: AbortSignal) => Steps<void>): Steps<void> {
    const controller = new AbortController();
    this.running = scope;
    try {
      yield* until(this.untilStopped(promised(work(controller.signal)), scope));
    } catch (error) {
      controller.abort();
      throw error;
    } finally {
      this.running = undefined;
      this.stop = undefined;
    }
  }

  /** Tests for a name defined in cells. */
  knows(name: string): boolean {
    return name in this.variables || name in globalThis;
  }

  /** Removes all variables and types. */
  reset(): void {
    for (const name of Object.keys(this.variables)) delete this.variables[name];
    this.compiler.reset();
  }

  /** Stops waiting for the running cell and stops it where possible. `vm` stops a synchronous loop instead. */
  interrupt(): void {
    if (!this.running) return;
    this.running.cell.interrupted = true;
    raiseFlag();
    this.stop?.(new KeyboardInterrupt());
  }

  /** Interrupts a cell if it is the one that runs. */
  interruptCell(cell: CellState): void {
    if (this.running?.cell === cell) this.interrupt();
  }

  /** Ends the cell that waits with an error. Returns false without one. */
  fail(error: Error): boolean {
    this.stop?.(error);
    return this.stop !== undefined;
  }

  /** Stops a loop that saw the flag where `vm` cannot stop it. */
  private stopLoop(): void {
    // The flag stays up for the loops around this one.
    if (isInterrupted()) throw new KeyboardInterrupt();
    if (!lowerFlag()) return;
    this.interrupt();
    throw new KeyboardInterrupt();
  }

  private *run(cell: CompiledCell & { script: Script }, name: string, scope: Scope): Steps<Returned> {
    if (cell.code === "") return undefined;
    const running = runInGate(cell.script, name);
    return cell.isAsync ? yield* until(this.untilStopped(running as Promise<Returned>, scope)) : (running as Returned);
  }

  /** Settles as the work does, and rejects when the user interrupts, or did while the work began. */
  private untilStopped<T>(work: Promise<T>, scope: Scope): Promise<T> {
    return endable(work, (_, reject) => {
      this.stop = reject;
      if (scope.cell.interrupted) reject(new KeyboardInterrupt());
    });
  }

  private define(name: string, descriptor: PropertyDescriptor): void {
    // Without a prototype, as user code may have put a `get` on that of objects.
    const whole = { __proto__: null, ...descriptor, enumerable: true, configurable: true };
    defineProperty(this.variables, name, whole);
  }
}

/** Runs a script that SIGINT stops. Signals wait while `vm` changes the handlers before and after the script. */
function runInGate({ head, text }: Script, name: string): unknown {
  shutGate();
  const depth = asyncDepth();
  try {
    return platform().evaluate(head + text, { name, columnOffset: -head.length, breakOnSigint: true });
  } finally {
    openGate();
    // A script that was stopped has not left.
    enterOwn();
    unwindAsync(depth);
  }
}

function enterScript(): void {
  leaveOwn();
  openGateOfScript();
}

function leaveScript(): void {
  shutGate();
  enterOwn();
}

/** Script of a cell. The code before the cell is on the cell's first line and does not count, so positions hold. */
interface Script {
  head: string;
  text: string;
}

function wrap({ code, isAsync, linked }: CompiledCell): Script {
  // Later cells read and write the cell's variable, so that its functions see their assignments.
  const links = linked.map(({ name, isMutable }) => {
    const set = isMutable ? `, (${name}_) => { ${name} = ${name}_; }` : "";
    return `$link(${JSON.stringify(name)}, () => ${name}${set});`;
  });
  // The cell is an inner function, so that it may declare a `require` besides the wrapper's parameter.
  const inner = `(${isAsync ? "async " : ""}() => { ${links.join(" ")} `;
  return {
    head: `"use strict"; (({ ${PARAMETERS} }) => { $enter(); try { return ${inner}`,
    text: `${code}\n})(); } finally { $leave(); } })(${SLOT})`,
  };
}

function valueOf(returned: Returned): CellValue {
  return returned?.value === undefined ? { has: false } : { has: true, value: returned.value };
}

function isInterruption(error: unknown): boolean {
  return isError(error) && readProperty(error, "code") === "ERR_SCRIPT_EXECUTION_INTERRUPTED";
}
