/**
 * Which request the running code belongs to. The scope follows timers and promises where the platform can tell, so that what they
 * print goes to the cell that started them, also after later cells ran.
 */
import { platform } from "../../platform";
import type { Header } from "../../jupyter/wire";
import { raiseFlag } from "../node";

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
  /** How often it threw since. */
  stops: number;
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
  return { interrupted: false, stops: 0, written: 0, allowStdin, undo: new Set() };
}

/** Undoes what an interrupted cell left behind, by its request but not as its code, which may say nothing any more. */
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

/** A cell that was stopped so often catches what stops it. */
const PATIENCE = 100;

/** A point where an interrupted cell stops: throws {@link KeyboardInterrupt} in its code and in nobody else's. */
export function checkInterrupted(): void {
  const cell = storage.getStore()?.cell;
  if (!cell?.interrupted) return;
  cell.stops++;
  raiseFlag();
  throw new KeyboardInterrupt();
}

/** Whether the calling code belongs to an interrupted cell. */
export function isInterrupted(): boolean {
  return storage.getStore()?.cell.interrupted === true;
}

/**
 * Whether the calling code catches {@link KeyboardInterrupt} again and again. Throwing once more would leave it spinning, so
 * what it waits for next never comes.
 */
export function isDefiant(): boolean {
  const cell = storage.getStore()?.cell;
  return cell?.interrupted === true && cell.stops >= PATIENCE;
}
