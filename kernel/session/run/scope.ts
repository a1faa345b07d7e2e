/**
 * Which request the running code belongs to. The scope follows timers and promises where the platform can tell, so that what they
 * print goes to the cell that started them, also after later cells ran.
 */
import { platform } from "../../platform";
import type { Header } from "../../jupyter/wire";

export interface Scope {
  /** Streams and displays go to this request's cell. */
  readonly output: Header;
  /** Comm messages name this request as their cause; differs from `output` inside a comm handler. */
  readonly request: Header;
  /** The cell's state, shared by every scope that it causes. */
  readonly cell: CellState;
}

export interface CellState {
  /** Set by an interrupt: the next output, display or comm call of this cell throws, which stops its loops. */
  interrupted: boolean;
  /** Characters that the cell has written to its streams. */
  written: number;
  allowStdin: boolean;
  /** What is undone when the cell was interrupted, before the front end hears of it. */
  readonly undo: Set<() => void>;
}

/** Thrown in a cell that the user interrupted; named as every Jupyter front end expects. */
export class KeyboardInterrupt extends Error {
  override name = "KeyboardInterrupt";
  constructor() {
    super("the cell was interrupted");
  }
}

const storage = platform().context<Scope>();
let latest: Scope | undefined;

export function cellScope(header: Header, allowStdin: boolean): Scope {
  return { output: header, request: header, cell: cellState(allowStdin) };
}

export function cellState(allowStdin: boolean): CellState {
  return { interrupted: false, written: 0, allowStdin, undo: new Set() };
}

/** Undoes what an interrupted cell left behind, by its request but not as its code, which may say nothing any more. */
export function undoInterrupted({ output, request, cell }: Scope): void {
  const undo = [...cell.undo];
  cell.undo.clear();
  storage.run({ output, request, cell: cellState(cell.allowStdin) }, () => undo.forEach((one) => one()));
}

/** Run a cell; it also becomes where output without an origin goes. */
export function runCell<T>(scope: Scope, body: () => T): T {
  latest = scope;
  return storage.run(scope, body);
}

export function runInScope<T>(scope: Scope | undefined, body: () => T): T {
  return scope ? storage.run(scope, body) : body();
}

/** The scope of the calling code, or the latest cell's where the origin is lost. */
export function currentScope(): Scope | undefined {
  return storage.getStore() ?? latest;
}

/** A point where an interrupted cell stops: throws {@link KeyboardInterrupt} in its code and in nobody else's. */
export function checkInterrupted(): void {
  if (storage.getStore()?.cell.interrupted) throw new KeyboardInterrupt();
}
