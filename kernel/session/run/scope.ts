/**
 * Tracks the request that the running code belongs to. The scope follows timers and promises where the platform can tell, so that
 * their output goes to the cell that started them, also after later cells ran.
 */
import { platform } from "../../platform";
import type { Header } from "../../jupyter/messages";
import { raiseFlag } from "../node";

export interface Scope {
  /** Request whose cell receives streams and displays. */
  readonly output: Header;
  /** Request that comm messages name as their cause; differs from `output` inside a comm handler. */
  readonly request: Header;
  /** State of the cell, shared by every scope that it causes. */
  readonly cell: CellState;
}

export interface CellState {
  /** Set by an interrupt: the cell's next output, display or comm call throws, which stops its loops. */
  interrupted: boolean;
  /** Number of throws since then. */
  stops: number;
  /** Number of characters that the cell has written to its streams. */
  written: number;
  allowStdin: boolean;
  /** Actions that undo an interrupted cell's effects before the front end is told. */
  readonly undo: Set<() => void>;
}

/** Error of a cell that the user interrupted, with the name that Jupyter front ends expect. */
export class KeyboardInterrupt extends Error {
  override name = "KeyboardInterrupt";
  constructor() {
    super("the cell was interrupted");
  }
}

const storage = platform().context<Scope>();
let latest: Scope | undefined;

/** Returns the scope of a new cell. */
export function cellScope(header: Header, allowStdin: boolean): Scope {
  return { output: header, request: header, cell: cellState(allowStdin) };
}

/** Returns the state of a new cell. */
export function cellState(allowStdin: boolean): CellState {
  return { interrupted: false, stops: 0, written: 0, allowStdin, undo: new Set() };
}

/**
 * Undoes the effects of an interrupted cell. It runs under the cell's request but not as its code, which may no longer
 * send.
 */
export function undoInterrupted({ output, request, cell }: Scope, report: (error: unknown) => void): void {
  const undo = [...cell.undo];
  cell.undo.clear();
  storage.run({ output, request, cell: cellState(cell.allowStdin) }, () => {
    for (const one of undo) {
      try {
        one();
      } catch (error) {
        report(error);
      }
    }
  });
}

/** Runs a cell, which also receives output of unknown origin from now on. */
export function runCell<T>(scope: Scope, body: () => T): T {
  latest = scope;
  return storage.run(scope, body);
}

/** Runs a function in a scope. */
export function runInScope<T>(scope: Scope | undefined, body: () => T): T {
  return scope ? storage.run(scope, body) : body();
}

/** Returns the scope of the calling code, or the latest cell's where the origin is lost. */
export function currentScope(): Scope | undefined {
  return storage.getStore() ?? latest;
}

/** A cell that was stopped so often catches what stops it. */
const PATIENCE = 100;

/**
 * Stop point of an interrupted cell: throws {@link KeyboardInterrupt} in that cell's code only.
 *
 * @throws KeyboardInterrupt in the code of a cell that was interrupted
 */
export function checkInterrupted(): void {
  const cell = storage.getStore()?.cell;
  if (!cell?.interrupted) return;
  cell.stops++;
  raiseFlag();
  throw new KeyboardInterrupt();
}

/** Returns whether the calling code belongs to an interrupted cell. */
export function isInterrupted(): boolean {
  return storage.getStore()?.cell.interrupted === true;
}

/**
 * Returns whether the calling code catches {@link KeyboardInterrupt} again and again. Throwing once more would leave it spinning, so
 * its next wait never ends.
 */
export function isDefiant(): boolean {
  const cell = storage.getStore()?.cell;
  return cell?.interrupted === true && cell.stops >= PATIENCE;
}
