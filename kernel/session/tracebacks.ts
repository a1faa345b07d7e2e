/** Errors as a notebook shows them: which line of which cell, with the line. */
import { sep } from "node:path";
import { inspect } from "node:util";
import type { ErrorReport } from "../jupyter/ipc";
import { CellDiagnostics } from "./diagnostics";
import type { CellMap, Position } from "./source-map";

const RED = "\x1b[31m";
const GREEN = "\x1b[32m";
const DIM = "\x1b[2m";
const RESET = "\x1b[0m";
const CONTEXT_LINES = 2;
const REMEMBERED = 500;

interface Known {
  code: string;
  map: CellMap | undefined;
}

/** The file name under which a cell's code runs. */
export function cellName(executionCount: number): string {
  return `cell-${executionCount}.ts`;
}

export class Tracebacks {
  private readonly cells = new Map<string, Known>();

  remember(name: string, code: string, map: CellMap | undefined): void {
    this.cells.delete(name);
    this.cells.set(name, { code, map });
    for (const oldest of this.cells.keys()) {
      if (this.cells.size <= REMEMBERED) break;
      this.cells.delete(oldest);
    }
  }

  report(error: unknown, name: string, code: string): ErrorReport {
    if (error instanceof CellDiagnostics) return diagnosticsReport(error, name, code);
    if (!(error instanceof Error)) return thrownValue(error);
    const ename = error.name || error.constructor.name;
    const evalue = error.message;
    const traceback = [`${RED}${ename}${RESET}: ${evalue}`, ...this.frames(error)];
    if (error.cause !== undefined) traceback.push(`${DIM}caused by${RESET} ${shown(error.cause)}`);
    return { ename, evalue, traceback };
  }

  /** The stack in cells' terms: our own frames left out, and the code around the innermost line of a cell. */
  private frames(error: Error): string[] {
    const lines: string[] = [];
    let frame: string | undefined;
    for (const line of stackLines(error)) {
      if (isOurs(line)) continue;
      const place = /(cell-\d+\.ts):(\d+):(\d+)/.exec(line);
      if (!place) {
        lines.push(`${DIM}${line}${RESET}`);
        continue;
      }
      const [where, name, row, column] = place as unknown as [string, string, string, string];
      const position = this.toCell(name, { line: Number(row) - 1, column: Number(column) - 1 });
      if (!position) continue; // The wrapper around a cell.
      const label = cellLabel(name, position);
      lines.push(isTopFrame(line, where) ? `    at ${label}` : line.replace(where, label).replace(/ Proxy\./, " "));
      const code = this.cells.get(name)?.code;
      if (code !== undefined) frame ??= codeFrame(code, position);
    }
    return frame === undefined ? lines : [frame, ...lines];
  }

  private toCell(name: string, position: Position): Position | undefined {
    return this.cells.get(name)?.map?.toCell(position);
  }
}

function stackLines(error: Error): string[] {
  const stack = typeof error.stack === "string" ? error.stack : "";
  return stack.split("\n").filter((line) => /^\s+at /.test(line));
}

/** Node's own frames and the session's say nothing about the cell. */
function isOurs(line: string): boolean {
  return line.includes(`${__dirname}${sep}`) || /[( ]node:/.test(line);
}

/** The wrapper's own frame has no name worth showing. */
function isTopFrame(line: string, where: string): boolean {
  return line.trim() === `at ${where}` || /at (?:async )?(?:Object\.)?<anonymous> \(/.test(line);
}

function cellLabel(name: string, { line, column }: Position): string {
  return `cell ${/\d+/.exec(name)?.[0] ?? "?"}, line ${line + 1}:${column + 1}`;
}

function diagnosticsReport({ diagnostics }: CellDiagnostics, name: string, code: string): ErrorReport {
  const isSyntax = diagnostics[0] !== undefined && diagnostics[0].code < 2000;
  const ename = isSyntax ? "SyntaxError" : "TypeScriptError";
  const blocks = diagnostics.map(({ start, messageText, code: number, fileName }) => {
    const position = { line: start.line, column: start.character };
    const where = fileName ? `${fileName}:${start.line + 1}:${start.character + 1}` : cellLabel(name, position);
    const head = `${RED}${ename}${RESET} TS${number} at ${where}: ${messageText}`;
    return fileName ? head : `${head}\n${codeFrame(code, position)}`;
  });
  const [first] = diagnostics;
  const evalue = first ? `${first.start.line + 1}:${first.start.character + 1} - ${first.messageText}` : "";
  return { ename, evalue, traceback: blocks };
}

function thrownValue(value: unknown): ErrorReport {
  const evalue = shown(value);
  return { ename: "Thrown", evalue, traceback: [`${RED}Thrown${RESET}: ${evalue} (not an Error, so it has no stack)`] };
}

function shown(value: unknown): string {
  try {
    return inspect(value);
  } catch {
    return "(a value that cannot be inspected)";
  }
}

function codeFrame(code: string, { line, column }: Position): string {
  const lines = code.split("\n");
  const from = Math.max(0, line - CONTEXT_LINES);
  const to = Math.min(lines.length, line + CONTEXT_LINES + 1);
  const width = String(to).length;
  const shownLines: string[] = [];
  for (let index = from; index < to; index++) {
    const isHere = index === line;
    const number = String(index + 1).padStart(width);
    shownLines.push(`${isHere ? `${RED}>${RESET}` : " "} ${GREEN}${number}${RESET} | ${lines[index] ?? ""}`);
    if (isHere) shownLines.push(`  ${" ".repeat(width)} | ${" ".repeat(column)}${RED}^${RESET}`);
  }
  return shownLines.join("\n");
}
