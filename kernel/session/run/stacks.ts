/** Stacks in cells' terms: which line of which cell, without the frames of the kernel. */
import { platform } from "../../platform";
import type { CellMap, Position } from "../compile/source-map";
import { attempt } from "./reading";

interface Known {
  code: string;
  map: CellMap | undefined;
}

/** A line of a cell that a stack names. */
export interface CellPlace {
  code: string;
  position: Position;
}

const REMEMBERED = 500;
const FILE = /(cell-\d+\.ts):(\d+):(\d+)/;
const LABEL = /\bcell (\d+), line (\d+):(\d+)/;

/** The file name under which a cell's code runs. */
export function cellName(executionCount: number): string {
  return `cell-${executionCount}.ts`;
}

/** "cell 3, line 1:5". */
export function cellLabel(name: string, { line, column }: Position): string {
  return `cell ${/\d+/.exec(name)?.[0] ?? "?"}, line ${line + 1}:${column + 1}`;
}

export class CellStacks {
  private readonly cells = new Map<string, Known>();

  remember(name: string, code: string, map: CellMap | undefined): void {
    this.cells.delete(name);
    this.cells.set(name, { code, map });
    for (const oldest of this.cells.keys()) {
      if (this.cells.size <= REMEMBERED) break;
      this.cells.delete(oldest);
    }
  }

  /** Every error's `stack` speaks of cells from now on, whoever prints it. One that no cell is part of stays as it is. */
  install(): void {
    Error.prepareStackTrace = (error, sites) => {
      const lines = sites.map((site) => `    at ${attempt(() => site.toString(), "(unknown)")}`);
      const told = lines.some((line) => FILE.test(line)) ? this.inCells(lines) : lines;
      // Throws for a name or message that is no text.
      const head = attempt(() => Error.prototype.toString.call(error), "Error");
      return [inCellWords(head), ...told].join("\n");
    };
  }

  /** Lines of a stack, without those that say nothing about a cell; lines that speak of cells already stay. */
  inCells(lines: readonly string[]): string[] {
    return lines.filter((line) => !isOurs(line)).flatMap((line) => this.inCell(line) ?? []);
  }

  /** The line of a cell that a line of {@link inCells} names. */
  placeOf(line: string): CellPlace | undefined {
    const [, cell, row, column] = LABEL.exec(line) ?? [];
    const code = this.cells.get(cellName(Number(cell)))?.code;
    return code === undefined ? undefined : { code, position: { line: Number(row) - 1, column: Number(column) - 1 } };
  }

  private inCell(line: string): string | undefined {
    const place = FILE.exec(line);
    if (!place) return line;
    const [where, name, row, column] = place as unknown as [string, string, string, string];
    const position = this.cells.get(name)?.map?.toCell({ line: Number(row) - 1, column: Number(column) - 1 });
    if (!position) return undefined; // The wrapper around a cell.
    const label = cellLabel(name, position);
    return isTopFrame(line, where) ? `    at ${label}` : line.replace(where, label).replace(/ Proxy\./, " ");
  }
}

/** V8 quotes the code that ran: `(0 , $variables.f) is not a function`. */
export function inCellWords(message: string): string {
  return message.replace(/\(0 , \$variables\.([\w$]+)\)/g, "$1").replaceAll("$variables.", "");
}

/** Rooms whose frames say nothing about a cell: the session's, and those that hand it its messages or run its code. */
const OURS = ["session", "jupyter", "platform"].map((room) => {
  const { join, sep } = platform().path;
  return join(platform().libraryFolder(), room) + sep;
});

/** Node's own frames and the session's say nothing about the cell. */
function isOurs(line: string): boolean {
  return OURS.some((room) => line.includes(room)) || /[( ]node:/.test(line);
}

/** The wrapper's own frame has no name worth showing. */
function isTopFrame(line: string, where: string): boolean {
  return line.trim() === `at ${where}` || /at (?:async )?(?:Object\.)?<anonymous> \(/.test(line);
}
