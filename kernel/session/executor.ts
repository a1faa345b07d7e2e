/**
 * Runs compiled cells. tslab's own executor is not used: it loses the declarations of a cell that failed halfway, gives a
 * closure a copy of a variable that later cells assign, and leaves stack traces without the cell's lines.
 */
import vm from "node:vm";
import type { CellCompiler, CompiledCell } from "./cells";
import { forgetInterrupts, interruptAnswered, interruptFlags } from "./lifeline";
import type { CellModules } from "./modules";
import { KeyboardInterrupt, type Scope } from "./scope";
import type { Tracebacks } from "./tracebacks";

const SLOT = "__fovea_cell__";

interface Slot {
  exports: Record<string, unknown>;
  require: NodeJS.Require;
  link: (name: string, get: () => unknown, set: (value: unknown) => void) => void;
  __dirname: string;
  __filename: string;
  $flags: Int32Array;
  $stop: () => never;
  $import: (specifier: string) => Promise<object>;
}

/** The value of a cell's last expression, if it had one. */
export type CellValue = { has: false } | { has: true; value: unknown };

export class Executor {
  /** The variables of all cells. */
  readonly variables: Record<string, unknown> = {};
  private readonly slot: Slot;
  private stop: ((reason: KeyboardInterrupt) => void) | undefined;
  private running: Scope | undefined;

  constructor(
    private readonly compiler: CellCompiler,
    private readonly modules: CellModules,
    private readonly tracebacks: Tracebacks,
  ) {
    this.slot = {
      exports: importsAsValues(this.variables),
      require: modules.require,
      link: this.link.bind(this),
      __dirname: modules.folder,
      __filename: modules.place,
      $flags: interruptFlags,
      $stop: () => this.stopLoop(),
      $import: (specifier) => modules.import(specifier),
    };
    Object.defineProperty(globalThis, SLOT, { value: this.slot, enumerable: false });
  }

  /** Compile and run; the caller has entered `scope`. Rejects with the cell's own error or {@link KeyboardInterrupt}. */
  async execute(code: string, name: string, scope: Scope): Promise<CellValue> {
    forgetInterrupts();
    const cell = this.compiler.compile(code);
    this.tracebacks.remember(name, code, cell.map);
    if (cell.changedFiles.length > 0) this.modules.forgetLocal();
    this.running = scope;
    try {
      if (cell.imports.length > 0) await this.modules.prepare(cell.imports);
      await this.run(cell, name);
    } catch (error) {
      if (!isInterruption(error)) throw error;
      interruptAnswered();
      scope.cell.interrupted = true;
      throw new KeyboardInterrupt();
    } finally {
      this.running = undefined;
      this.stop = undefined;
      // Also after a failure: what ran before it is there, and stays.
      this.compiler.accept(cell);
    }
    return this.takeResult(cell.resultName);
  }

  /** Wait for work of our own in a cell's place; an interrupt ends the wait and aborts the signal. */
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

  /** Forget all variables and types. */
  reset(): void {
    for (const name of Object.keys(this.variables)) delete this.variables[name];
    this.compiler.reset();
  }

  /** Stop waiting for the running cell and make it stop itself where it can. A sync loop is stopped by `vm` instead. */
  interrupt(): void {
    if (this.running) this.running.cell.interrupted = true;
    this.stop?.(new KeyboardInterrupt());
  }

  /** Called by a loop that saw the flag, at a place where `vm` cannot stop it. */
  private stopLoop(): never {
    interruptAnswered();
    this.interrupt();
    throw new KeyboardInterrupt();
  }

  private async run(cell: CompiledCell, name: string): Promise<void> {
    if (cell.code === "") return;
    for (const declared of cell.declared) delete this.variables[declared];
    const interrupted = this.interruption();
    const running: unknown = vm.runInThisContext(wrap(cell), { filename: name, breakOnSigint: true });
    if (!cell.isAsync) return;
    const finished = running as Promise<void>;
    // After an interrupt nobody waits for it any more.
    finished.catch(ignore);
    await Promise.race([finished, interrupted]);
  }

  /** Rejects when the user interrupts. */
  private interruption(): Promise<never> {
    const interrupted = new Promise<never>((_, reject) => {
      this.stop = reject;
    });
    interrupted.catch(ignore);
    return interrupted;
  }

  private takeResult(name: string | undefined): CellValue {
    if (name === undefined) return { has: false };
    const value = this.variables[name];
    delete this.variables[name];
    return value === undefined ? { has: false } : { has: true, value };
  }

  /** Later cells read and write the cell's own variable, so that its functions see what they assign. */
  private link(name: string, get: () => unknown, set: (value: unknown) => void): void {
    Object.defineProperty(this.variables, name, { get, set, enumerable: true, configurable: true });
  }
}

/** All on the line of the code's first, so that line numbers hold. */
function wrap({ code, isAsync, mutable }: CompiledCell): string {
  const links = mutable.map((name) => `link(${JSON.stringify(name)}, () => ${name}, (value) => { ${name} = value; });`);
  const head = `(${isAsync ? "async " : ""}function ({ exports, require, __dirname, __filename, link, $flags, $stop, $import }) { `;
  return `${head}${links.join(" ")} ${code}\n})(${SLOT})`;
}

/** TypeScript re-exports an import as a getter; a cell's imports are plain values, which later cells may replace. */
function importsAsValues(variables: Record<string, unknown>): Record<string, unknown> {
  return new Proxy(variables, {
    defineProperty(target, name, attributes) {
      if (name === "__esModule") return true;
      if (attributes.get) {
        const value: unknown = attributes.get.call(target);
        return Reflect.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
      }
      return Reflect.defineProperty(target, name, attributes);
    },
    set: (target, name, value) => Reflect.set(target, name, value),
  });
}

function isInterruption(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === "ERR_SCRIPT_EXECUTION_INTERRUPTED";
}

function ignore(): void {}
