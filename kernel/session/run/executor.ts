/** Runs compiled cells. */
import vm from "node:vm";
import type { CellCompiler, CompiledCell } from "../compile/cells";
import { interruptFlags, lowerFlag, openGate, shutGate } from "./lifeline";
import type { CellMeta, CellModules } from "./modules";
import { KeyboardInterrupt, type Scope } from "./scope";
import type { CellStacks } from "./stacks";

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
  $stop: () => never;
  $import: (specifier: string) => Promise<object>;
  $require: (specifier: string) => unknown;
  $namespace: (specifier: string) => object;
  $meta: CellMeta;
  $enter: () => void;
  $leave: () => void;
}

/** Return value of a cell's body. */
type Returned = [value: unknown] | undefined;

/** Value of a cell's last expression, if any. */
export type CellValue = { has: false } | { has: true; value: unknown };

/** Executor of a session's cells. */
export class Executor {
  /** Variables of all cells. */
  readonly variables: Record<string, unknown> = {};
  private readonly slot: Slot;
  private stop: ((reason: KeyboardInterrupt) => void) | undefined;
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
      $enter: openGate,
      $leave: shutGate,
    };
    Object.defineProperty(globalThis, SLOT, { value: this.slot, enumerable: false });
  }

  /**
   * Compiles and runs a cell; the caller has entered `scope`. Rejects with the cell's error or {@link
   * KeyboardInterrupt}.
   */
  async execute(code: string, name: string, scope: Scope): Promise<CellValue> {
    const cell = this.compiler.compile(code);
    this.stacks.remember(name, code, cell.map);
    if (cell.localFilesChanged) this.modules.forgetLocal();
    this.running = scope;
    try {
      if (cell.imports.length > 0) await this.modules.prepare(cell.imports);
      if (scope.cell.interrupted) throw new KeyboardInterrupt();
      return valueOf(await this.run(cell, name));
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

  /** Waits for internal work in place of a cell; an interrupt ends the wait and aborts the signal. */
  async attend(scope: Scope, work: (interrupted: AbortSignal) => Promise<void>): Promise<void> {
    const controller = new AbortController();
    this.running = scope;
    const interrupted = this.interruption();
    try {
      await Promise.race([work(controller.signal), interrupted]);
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
    this.stop?.(new KeyboardInterrupt());
  }

  /** Stops a loop that saw the flag where `vm` cannot stop it. */
  private stopLoop(): never {
    lowerFlag();
    this.interrupt();
    throw new KeyboardInterrupt();
  }

  private async run(cell: CompiledCell, name: string): Promise<Returned> {
    if (cell.code === "") return undefined;
    const interrupted = this.interruption();
    const running = runInGate(wrap(cell), name);
    if (!cell.isAsync) return running as Returned;
    const finished = running as Promise<Returned>;
    // After an interrupt nothing waits for it.
    finished.catch(ignore);
    return Promise.race([finished, interrupted]);
  }

  /** Returns a promise that rejects on the user's interrupt. */
  private interruption(): Promise<never> {
    const interrupted = new Promise<never>((_, reject) => {
      this.stop = reject;
    });
    interrupted.catch(ignore);
    return interrupted;
  }

  private define(name: string, descriptor: PropertyDescriptor): void {
    Object.defineProperty(this.variables, name, { ...descriptor, enumerable: true, configurable: true });
  }
}

/** Runs a script that SIGINT stops. Signals wait while `vm` changes the handlers before and after the script. */
function runInGate({ head, text }: Script, filename: string): unknown {
  shutGate();
  try {
    return vm.runInThisContext(head + text, { filename, columnOffset: -head.length, breakOnSigint: true });
  } finally {
    openGate();
  }
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
  return returned?.[0] === undefined ? { has: false } : { has: true, value: returned[0] };
}

function isInterruption(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === "ERR_SCRIPT_EXECUTION_INTERRUPTED";
}

function ignore(): void {}
