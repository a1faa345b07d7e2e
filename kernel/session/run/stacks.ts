/** Stacks in terms of cells: line and cell of each frame, without frames of the kernel. */
import { platform } from "../../platform";
import type { CellMap, Position } from "../compile/source-map";
import { isHostFrame } from "../node";
import { attempt } from "./reading";

interface Known {
  code: string;
  map: CellMap | undefined;
  /** Columns of the first line in stacks that precede the author's code. */
  head: number;
}

/** Line of a cell named in a stack. */
export interface CellPlace {
  code: string;
  position: Position;
}

const REMEMBERED = 500;
const FILE = /(cell-\d+\.ts):(\d+):(\d+)/;
const LABEL = /\bcell (\d+), line (\d+):(\d+)/;

/** Returns the file name of a cell's code. */
export function cellName(executionCount: number): string {
  return `cell-${executionCount}.ts`;
}

/** Returns a label such as "cell 3, line 1:5". */
export function cellLabel(name: string, { line, column }: Position): string {
  return `cell ${/\d+/.exec(name)?.[0] ?? "?"}, line ${line + 1}:${column + 1}`;
}

/** Stacks of a session's errors. */
export class CellStacks {
  private readonly cells = new Map<string, Known>();

  remember(name: string, code: string, map: CellMap | undefined, head = 0): void {
    this.cells.delete(name);
    this.cells.set(name, { code, map, head });
    for (const oldest of this.cells.keys()) {
      if (this.cells.size <= REMEMBERED) break;
      this.cells.delete(oldest);
    }
  }

  /** Makes every error's `stack` name cells, also where a program prints it. A stack without cells stays unchanged. */
  install(): void {
    Error.prepareStackTrace = (error, sites) => {
      const lines = sites.map((site) => `    at ${attempt(() => site.toString(), "(unknown)")}`);
      const told = lines.some((line) => FILE.test(line)) ? this.inCells(lines) : lines;
      // Throws for a name or message that is no text.
      const head = attempt(() => Error.prototype.toString.call(error), "Error");
      return [inCellWords(head), ...told].join("\n");
    };
  }

  /** Returns the lines of a stack that concern cells; lines already in terms of cells stay. */
  inCells(lines: readonly string[]): string[] {
    return lines.filter((_, at) => !isOurs(lines, at)).flatMap((line) => this.inCell(line) ?? []);
  }

  /** Returns the cell line that a line of {@link inCells} names. */
  placeOf(line: string): CellPlace | undefined {
    const [, cell, row, column] = LABEL.exec(line) ?? [];
    const code = this.cells.get(cellName(Number(cell)))?.code;
    return code === undefined ? undefined : { code, position: { line: Number(row) - 1, column: Number(column) - 1 } };
  }

  private inCell(line: string): string | undefined {
    const place = FILE.exec(line);
    if (!place) return line;
    const [where, name, row, column] = place as unknown as [string, string, string, string];
    const cell = this.cells.get(name);
    const start = row === "1" ? (cell?.head ?? 0) : 0;
    const position = cell?.map?.toCell({ line: Number(row) - 1, column: Number(column) - 1 - start });
    if (!position) return undefined; // Frame of the wrapper around a cell.
    const label = cellLabel(name, position);
    return isTopFrame(line, where) ? `    at ${label}` : line.replace(where, label).replace(/ Proxy\./, " ");
  }
}

/**
 * Removes the wrapper's names from messages in which V8 quotes executed code, such as
 * `(0 , $variables.f) is not a function`.
 */
export function inCellWords(message: string): string {
  return message.replace(/\(0 , \$variables\.([\w$]+)\)/g, "$1").replaceAll("$variables.", "");
}

/** Rooms whose frames say nothing about a cell: the session's, and those that hand it its messages or run its code. */
const OURS = ["session", "jupyter", "platform"].map((room) => {
  const { join, sep } = platform().path;
  return join(platform().libraryFolder(), room) + sep;
});

/** Tests for frames of the machine or the session, which do not concern the cell. That of a generator's `next` belongs to the one before. */
function isOurs(lines: readonly string[], at: number): boolean {
  const line = lines[at]!;
  if (at > 0 && / at \S*\.next \(<anonymous>\)$/.test(line)) return isOurs(lines, at - 1);
  return OURS.some((room) => line.includes(room)) || isHostFrame(line);
}

/** Tests for the wrapper's frame, whose name is not shown. */
function isTopFrame(line: string, where: string): boolean {
  return line.trim() === `at ${where}` || /at (?:async )?(?:(?:Object\.)?<anonymous>|eval) \(/.test(line);
}
